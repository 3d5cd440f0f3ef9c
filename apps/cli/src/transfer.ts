// One torrent of a `get` or `seed` run, with what its reporters need to know of it.

import { resolve } from 'node:path';
import type { Metainfo, Torrent, TorrentSnapshot } from '@shoal/client';
import { etaOf } from './output/format.ts';

export interface Transfer {
  readonly metainfo: Metainfo;
  readonly torrent: Torrent;
  /** The folder that holds the torrent's top name. */
  readonly dir: string;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
}

/** Where the torrent's file or folder lies. */
export function pathOf({ metainfo, dir }: Pick<Transfer, 'metainfo' | 'dir'>): string {
  return resolve(dir, metainfo.name);
}

/** Bytes of all files, padding left out. */
export function sizeOf({ files }: Pick<Metainfo, 'files'>): number {
  return files.reduce((total, { length, padding }) => (padding ? total : total + length), 0);
}

/** Bytes of the files that are wanted. */
export function wantedSizeOf({ metainfo, torrent }: Pick<Transfer, 'metainfo' | 'torrent'>): number {
  const wanted = metainfo.files.filter((_, index) => torrent.priorities?.[index] !== 0);
  return sizeOf({ files: wanted });
}

/** Seconds since it was added. */
export function secondsOf({ startedAt }: Transfer): number {
  return Math.round(performance.now() - startedAt) / 1_000;
}

/** Seconds until it is complete, null where nobody sends. */
export function etaOfSnapshot({ bytesWanted, bytesWantedDone, downRate }: TorrentSnapshot): number | null {
  return etaOf(bytesWanted - bytesWantedDone, downRate);
}

/** Which files are whole, as indices in `metainfo.files`, padding left out. */
export function wholeFiles({ metainfo, torrent }: Pick<Transfer, 'metainfo' | 'torrent'>): number[] {
  const { layout, files } = metainfo;
  const have = torrent.have;
  if (!have) return [];
  const whole: number[] = [];
  for (const [file, { padding }] of files.entries()) {
    if (padding) continue;
    const { first, end } = layout.piecesOf(file);
    let piece = first;
    while (piece < end && have.has(piece)) piece++;
    if (piece >= end) whole.push(file);
  }
  return whole;
}
