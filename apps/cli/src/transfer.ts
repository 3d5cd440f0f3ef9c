// One torrent of a `get` or `seed` run, with what its reporters need to know of it.

import { resolve } from 'node:path';
import type { Metainfo, Torrent, TorrentSnapshot } from '@shoal/client';
import { etaOf } from './output/format.ts';

export interface Transfer {
  readonly torrent: Torrent;
  /** The folder that holds the torrent's top name. */
  readonly dir: string;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
}

/** Where the torrent's file or folder lies; its name is known with its metadata. */
export function pathOf({ torrent, dir }: Pick<Transfer, 'torrent' | 'dir'>): string {
  return resolve(dir, torrent.metainfo?.name ?? '.');
}

/** Bytes of all files, padding left out. */
export function sizeOf({ files }: Pick<Metainfo, 'files'>): number {
  return files.reduce((total, { length, padding }) => (padding ? total : total + length), 0);
}

/** Bytes of the files that are wanted. */
export function wantedSizeOf({ torrent }: Pick<Transfer, 'torrent'>): number {
  const { metainfo, priorities } = torrent;
  return sizeOf({ files: metainfo?.files.filter((_, index) => priorities?.[index] !== 0) ?? [] });
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
export function wholeFiles({ torrent }: Pick<Transfer, 'torrent'>): number[] {
  const { metainfo, have } = torrent;
  if (!metainfo || !have) return [];
  const { layout, files } = metainfo;
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
