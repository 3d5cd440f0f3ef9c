import { hash } from 'node:crypto';
import type { Digests } from '../metainfo.ts';

/** The digests of node:crypto. In one call each: a `Hash` object for 64 bytes of a tree costs more than hashing them. */
export const nodeDigests: Digests = {
  sha1: (bytes) => hash('sha1', bytes, 'buffer'),
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
};
