// What of a torrent lies whole on disk, read without the code that is tried.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';

/** The pieces below `dir` whose hash is right. Reads all into memory. */
export async function wholePieces(metainfo: Metainfo, dir: string): Promise<Set<number>> {
  const content = Buffer.alloc(metainfo.layout.totalLength);
  let at = 0;
  for (const { path, length } of metainfo.files) {
    const bytes = await readFile(join(dir, ...path)).catch(() => Buffer.alloc(0));
    content.set(bytes.subarray(0, length), at);
    at += length;
  }
  const whole = new Set<number>();
  for (let piece = 0; piece * metainfo.pieceLength < content.length; piece++) {
    const bytes = content.subarray(piece * metainfo.pieceLength, (piece + 1) * metainfo.pieceLength);
    if (createHash('sha1').update(bytes).digest().equals(metainfo.pieceHash(piece))) whole.add(piece);
  }
  return whole;
}
