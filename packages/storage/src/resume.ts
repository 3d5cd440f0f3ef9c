// What a torrent knew about its files when it last saved, and what of that may be believed now.
// Rule: a piece is claimed without hashing only where every file under it looks exactly as it did when it was saved.
import { Bitfield, BLOCK_LENGTH, fromHex, type Layout, toHex } from '@shoal/primitives';
import type { FileStamp } from './storage.ts';

/** Whole blocks of an unfinished piece that lie on disk, unverified. */
export interface PartialPiece {
  readonly piece: number;
  /** Block indices. */
  readonly blocks: readonly number[];
}

/**
 * Take the stamps BEFORE the have-map: a piece that is written in between then makes its stamp stale, and it is hashed
 * again instead of lost.
 */
export interface FastResume {
  readonly have: Bitfield;
  /** One entry a file, as `Storage.stamps` gives them. */
  readonly stamps: readonly (FileStamp | null)[];
  readonly partial: readonly PartialPiece[];
}

/** What has to be done before a torrent knows what it has. */
export interface CheckPlan {
  /** Pieces to claim without reading them. */
  readonly trusted: Bitfield;
  /** Pieces to read and hash, ascending. */
  readonly check: readonly number[];
  /** Unfinished pieces whose blocks can be kept. */
  readonly partial: readonly PartialPiece[];
}

/** A JSON-safe value: hex for the have-map, `[size, mtimeMs]` or null a file (`[size, mtimeMs, 1]` where it is hidden), `[piece, ...blocks]` an unfinished piece. */
export function encodeResume(resume: FastResume): unknown {
  return {
    version: 1,
    pieces: resume.have.length,
    have: toHex(resume.have.toBytes()),
    stamps: resume.stamps.map((stamp) => (stamp === null ? null : encodeStamp(stamp))),
    partial: resume.partial.map(({ piece, blocks }) => [piece, ...blocks]),
  };
}

/** Undefined where the value does not fit the layout or is not of this kind: then everything is hashed. Never throws. */
export function decodeResume(json: unknown, layout: Layout): FastResume | undefined {
  if (!isRecord(json) || json.version !== 1 || json.pieces !== layout.pieceCount) return undefined;
  const have = decodeHave(json.have, layout.pieceCount);
  const stamps = decodeStamps(json.stamps, layout.files.length);
  const partial = decodePartial(json.partial, layout);
  return have && stamps && partial && { have, stamps, partial };
}

/**
 * Compares what was saved with the files as they are `now`. Pieces whose files are unchanged keep their saved state;
 * pieces that touch a changed file are checked, unless a file under them is missing or too short to hold them.
 */
export function planCheck(
  layout: Layout,
  saved: FastResume | undefined,
  now: readonly (FileStamp | null)[],
): CheckPlan {
  if (now.length !== layout.files.length) {
    throw new RangeError(`${now.length} stamps for ${layout.files.length} files`);
  }
  const usable = saved?.have.length === layout.pieceCount && saved.stamps.length === now.length ? saved : undefined;
  const changed = new Bitfield(layout.pieceCount);
  const absent = new Bitfield(layout.pieceCount);
  for (const [index, file] of layout.files.entries()) {
    if (file.padding || file.length === 0) continue;
    const stamp = now[index] ?? null;
    const { first, end } = layout.piecesOf(index);
    if (usable === undefined || !sameStamp(stamp, usable.stamps[index] ?? null)) {
      for (let piece = first; piece < end; piece++) changed.set(piece);
    }
    const firstAbsent = firstPieceBeyond(layout, index, stamp?.size ?? 0);
    for (let piece = firstAbsent; piece < end; piece++) absent.set(piece);
  }
  const trusted = new Bitfield(layout.pieceCount);
  const check: number[] = [];
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    if (absent.has(piece)) continue;
    // Without a saved state only pieces of nothing but padding are unchanged: those read as zeros and can be hashed too.
    if (usable === undefined || changed.has(piece)) check.push(piece);
    else if (usable.have.has(piece)) trusted.set(piece);
  }
  const partial: PartialPiece[] = [];
  for (const { piece, blocks } of usable?.partial ?? []) {
    if (changed.has(piece) || trusted.has(piece)) continue;
    const there = blocks.filter((block) => isThere(layout, piece, block, now));
    if (there.length > 0) partial.push({ piece, blocks: there });
  }
  return { trusted, check, partial };
}

/** Whether the files are long enough to hold a block. */
function isThere(layout: Layout, piece: number, block: number, now: readonly (FileStamp | null)[]): boolean {
  const spans = layout.spans(piece, block * BLOCK_LENGTH, layout.blockSize(piece, block));
  return spans.every((span) => span.padding || (now[span.file]?.size ?? 0) >= span.offset + span.length);
}

/** The first piece that needs bytes of a file past its present size. */
function firstPieceBeyond(layout: Layout, file: number, size: number): number {
  const { end } = layout.piecesOf(file);
  if (size >= (layout.files[file]?.length ?? 0)) return end;
  return Math.floor((layout.fileOffset(file) + size) / layout.pieceLength);
}

export function sameStamp(a: FileStamp | null, b: FileStamp | null): boolean {
  return a === null || b === null ? a === b : a.size === b.size && a.mtimeMs === b.mtimeMs && a.hidden === b.hidden;
}

function encodeStamp({ size, mtimeMs, hidden }: FileStamp): number[] {
  return hidden ? [size, mtimeMs, 1] : [size, mtimeMs];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeHave(value: unknown, pieces: number): Bitfield | undefined {
  if (typeof value !== 'string' || value.length !== 2 * Math.ceil(pieces / 8)) return undefined;
  const bytes = fromHex(value);
  if (bytes === undefined) return undefined;
  try {
    return Bitfield.fromBytes(bytes, pieces);
  } catch {
    return undefined;
  }
}

function decodeStamps(value: unknown, files: number): (FileStamp | null)[] | undefined {
  if (!Array.isArray(value) || value.length !== files) return undefined;
  const stamps: (FileStamp | null)[] = [];
  for (const entry of value as unknown[]) {
    if (entry === null) {
      stamps.push(null);
      continue;
    }
    if (!Array.isArray(entry)) return undefined;
    const [size, mtimeMs, hidden] = entry as unknown[];
    if (!isCount(size) || typeof mtimeMs !== 'number' || !Number.isFinite(mtimeMs)) return undefined;
    stamps.push(hidden === 1 ? { size, mtimeMs, hidden: true } : { size, mtimeMs });
  }
  return stamps;
}

function decodePartial(value: unknown, layout: Layout): PartialPiece[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const partial: PartialPiece[] = [];
  const seen = new Set<number>();
  for (const entry of value as unknown[]) {
    if (!Array.isArray(entry)) return undefined;
    const [piece, ...blocks] = entry as unknown[];
    if (!isCount(piece) || piece >= layout.pieceCount || seen.has(piece)) return undefined;
    seen.add(piece);
    const count = layout.blockCount(piece);
    const whole: number[] = [];
    for (const block of blocks) {
      if (!isCount(block) || block >= count) return undefined;
      whole.push(block);
    }
    partial.push({ piece, blocks: whole });
  }
  return partial;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
