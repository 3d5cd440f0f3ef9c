// SHA-1 by node:crypto: inline for small pieces, off the main thread for those that would hold it up.
import { createHash, webcrypto } from 'node:crypto';
import { createHasher, type Hasher } from '../hasher.ts';

/** Bytes from which a piece is hashed off the main thread. */
const OFF_THREAD_FROM = 256 * 1024;

/** `offThreadFrom`: bytes. */
export function createNodeHasher(options: { readonly offThreadFrom?: number } = {}): Hasher {
  const offThreadFrom = options.offThreadFrom ?? OFF_THREAD_FROM;
  return createHasher({
    sha1(bytes) {
      if (bytes.length < offThreadFrom) return createHash('sha1').update(bytes).digest();
      return webcrypto.subtle.digest('SHA-1', bytes).then((digest) => new Uint8Array(digest));
    },
  });
}
