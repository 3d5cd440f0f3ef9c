export type { Allocate } from './buffer-pool.ts';
export { ByteBudget, type Spare, type Unloadable } from './byte-budget.ts';
export { type Checker, type CheckPiecesOptions, checkPieces } from './check-pieces.ts';
export { StorageError, type StorageErrorCode } from './errors.ts';
export {
  createHasher,
  type Digests,
  type Expectation,
  type Hasher,
  type PieceHash,
  type RunningDigest,
  type Verdict,
} from './hasher.ts';
export { type Holdable, Holds } from './holds.ts';
export { MemoryStorage } from './memory-storage.ts';
export { type PendingPiece, PieceStore, type PieceStoreOptions } from './piece-store.ts';
export {
  type CheckPlan,
  decodeResume,
  encodeResume,
  type FastResume,
  type PartialPiece,
  planCheck,
} from './resume.ts';
export type { FileStamp, Storage, Verification } from './storage.ts';
