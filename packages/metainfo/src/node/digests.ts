import { createHash } from 'node:crypto';
import type { Digests } from '../metainfo.ts';

/** The digests of node:crypto. */
export const nodeDigests: Digests = {
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
};
