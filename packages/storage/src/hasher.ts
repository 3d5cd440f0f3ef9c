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
}

/** A hasher out of a digest function; a verdict comes at once where the digest does. */
export function createHasher(digests: { sha1(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> }): Hasher {
  return {
    verify(bytes, expected) {
      const { sha1 } = expected;
      if (sha1 === undefined) throw new TypeError('a piece cannot be verified against no hash at all');
      const digest = digests.sha1(bytes);
      return digest instanceof Uint8Array ? judge(digest, sha1) : digest.then((value) => judge(value, sha1));
    },
  };
}

function judge(digest: Uint8Array, expected: Uint8Array): Verdict {
  return bytesEqual(digest, expected) ? 'ok' : 'bad';
}
