// Clients that are libraries, and the bare probe, each driven by a small program of ours that says `listening PORT`, `first-byte`,
// `complete`.
import { Child, listeningPort } from '../../child.ts';
import { sourceFile } from '../../source-file.ts';
import type { Client } from '../client.ts';
import { askVersion } from './installed.ts';

interface Driver {
  readonly name: string;
  /** It says when the first byte of payload moved. */
  readonly tellsFirstByte: boolean;
  readonly file: string;
  readonly args: readonly string[];
  readonly lacks?: NonNullable<Client['lacks']>;
}

/** Its Python binding is Debian's, for Debian's Python. */
export const libtorrent: Client = driven({
  name: 'libtorrent',
  tellsFirstByte: true,
  file: '/usr/bin/python3',
  args: ['-u', sourceFile('transfers/clients/libtorrent_peer.py')],
});

export const webtorrent: Client = driven({
  name: 'webtorrent',
  tellsFirstByte: false,
  file: process.execPath,
  args: [sourceFile('transfers/clients/webtorrent_peer.mjs')],
});

/** No client: what Node does for the bytes and nothing else. */
export const bare: Client = driven({
  name: 'bare',
  tellsFirstByte: true,
  file: process.execPath,
  args: [sourceFile('transfers/clients/bare_peer.mjs')],
  lacks({ files, others }, role) {
    if (files > 1) return 'the bare probe knows a single file';
    return role === 'leech' && others > 1 ? 'the bare probe leeches from one seed' : undefined;
  },
});

function driven({ name, tellsFirstByte, file, args, lacks }: Driver): Client {
  return {
    name,

    probe: (signal) => askVersion({ file, args: [...args, '--version'], endsBy: 'input' }, /^version (\S+)$/, signal),

    ...(lacks ? { lacks } : {}),

    start({ role, torrent, dir, host, dial, signal }) {
      const seeds = dial.map((seed) => `${seed.host}:${seed.port}`);
      const command = { file, args: [...args, role, torrent, dir, host, ...seeds], endsBy: 'input' } as const;
      const child = new Child(`${name} ${role}`, command, signal);
      const said = (word: string): Promise<void> =>
        child.until(word, (line) => (line === word ? true : undefined)).then(() => {});
      return {
        child,
        listening: () => child.until('listening', listeningPort),
        ...(tellsFirstByte ? { firstByte: () => said('first-byte') } : {}),
        complete: () => said('complete'),
      };
    },
  };
}
