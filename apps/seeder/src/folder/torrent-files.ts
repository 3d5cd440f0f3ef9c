// The .torrent files at the top of the folder, each read once and again when it changes. One stands for the entry that has
// its torrent's name; a second one for the same entry stands aside.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { parseTorrent } from '@shoal/metainfo/node';
import { wordsFor } from '../errors.ts';
import { mapAtOnce } from './map-at-once.ts';

/** A .torrent of somebody else's, used as it is. */
export interface GivenTorrent {
  /** The .torrent's name in the folder. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  /** Size and time of the file. */
  readonly stamp: string;
}

interface Unusable {
  readonly stamp: string;
  readonly reason: string;
}

const MAX_BYTES = 64 * 1024 * 1024;

export class TorrentFiles {
  readonly #dir: string;
  #known: Map<string, GivenTorrent | Unusable> = new Map();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The torrents in these files by the names of their data, and what cannot be used, in words. Never rejects. */
  async read(files: readonly string[]): Promise<{
    readonly byName: ReadonlyMap<string, GivenTorrent>;
    readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
  }> {
    const known = new Map<string, GivenTorrent | Unusable>();
    const byName = new Map<string, GivenTorrent>();
    const passedOver: { name: string; reason: string }[] = [];
    const torrents = await mapAtOnce(files, (file) => this.#one(file));
    for (const [index, torrent] of torrents.entries()) {
      const file = files[index] as string;
      known.set(file, torrent);
      if ('reason' in torrent) passedOver.push({ name: file, reason: torrent.reason });
      else if (byName.has(torrent.metainfo.name)) {
        const other = byName.get(torrent.metainfo.name)?.file;
        passedOver.push({ name: file, reason: `${other} stands for the same data (${torrent.metainfo.name})` });
      } else byName.set(torrent.metainfo.name, torrent);
    }
    this.#known = known;
    return { byName, passedOver };
  }

  async #one(file: string): Promise<GivenTorrent | Unusable> {
    let stamp = '';
    try {
      const path = join(this.#dir, file);
      const { size, mtimeMs } = await stat(path);
      stamp = `${size} ${mtimeMs}`;
      const before = this.#known.get(file);
      if (before?.stamp === stamp) return before;
      if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_BYTES}`);
      const bytes = await readFile(path);
      return { file, bytes, metainfo: parseTorrent(bytes, { limits: { size: MAX_BYTES } }), stamp };
    } catch (error) {
      return { stamp, reason: `it cannot be used as a torrent: ${wordsFor(error)}` };
    }
  }
}
