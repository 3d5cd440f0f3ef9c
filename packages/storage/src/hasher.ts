// Whether bytes are what the torrent promised. The engine asks for a verdict, never for a digest.
import { bytesEqual } from '@shoal/primitives';

/** Whether a piece is what it must be. */
export type Verdict = 'ok' | 'bad';

/** What a piece must be. At least one of the hashes is there. */
export interface Expectation {
  /** SHA-1 of the whole piece, 20 bytes (BEP 3). */
  readonly sha1?: Uint8Array;
}

/** Judges a piece. `bytes` must not change until the verdict is there. */
export interface Hasher {
  verify(bytes: Uint8Array, expected: Expectation): Verdict | Promise<Verdict>;
  /** Begins a piece that is hashed while it arrives, as far as its bytes come in order. Absent: at its end alone. */
  begin?(): PieceHash;
}

/** One piece, hashed from its first byte on. */
export interface PieceHash {
  /** The next bytes. They may change when this returns. */
  update(bytes: Uint8Array): void;
  /** The verdict on all bytes so far and `rest`, which must not change until it is there. Nothing else is called after it. */
  finish(rest: Uint8Array, expected: Expectation): Verdict | Promise<Verdict>;
}

/** A digest that takes its bytes one after the other. */
export interface RunningDigest {
  update(bytes: Uint8Array): void;
  /** Of all bytes so far and `rest`. Called once, at the end. */
  digest(rest: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** What a hasher is made of. */
export interface Digests {
  sha1(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Where it is there, pieces are hashed while they arrive. */
  runningSha1?(): RunningDigest;
}

/** A hasher out of digest functions; a verdict comes at once where the digest does. */
export function createHasher(digests: Digests): Hasher {
  const { runningSha1 } = digests;
  return {
    verify: (bytes, expected) => judge(expected, () => digests.sha1(bytes)),
    ...(runningSha1 && {
      begin: () => {
        const running = runningSha1();
        return {
          update: (bytes) => running.update(bytes),
          finish: (rest, expected) => judge(expected, () => running.digest(rest)),
        };
      },
    }),
  };
}

function judge({ sha1 }: Expectation, digest: () => Uint8Array | Promise<Uint8Array>): Verdict | Promise<Verdict> {
  if (sha1 === undefined) throw new TypeError('a piece cannot be verified against no hash at all');
  const verdict = (value: Uint8Array): Verdict => (bytesEqual(value, sha1) ? 'ok' : 'bad');
  const value = digest();
  return value instanceof Uint8Array ? verdict(value) : value.then(verdict);
}
