// Who hashes a payload, and how it is told to: each a program that is started, does one thing and ends.
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { sourceFile } from '../source-file.ts';

const require = createRequire(import.meta.url);

export interface Work {
  /** The file. */
  readonly payload: string;
  /** The folder it lies in. */
  readonly dir: string;
  /** The .torrent: to be written by `create`, to be read by `recheck`. */
  readonly torrent: string;
  readonly pieceLength: number;
}

export interface Contestant {
  readonly name: string;
  /** A program and its arguments; it ends with 0. */
  readonly create?: (work: Work) => readonly string[];
  /** As above; it ends with another status where a byte is wrong. */
  readonly recheck?: (work: Work) => readonly string[];
}

const PYTHON = '/usr/bin/python3';
const libtorrent = [PYTHON, sourceFile('hashing/libtorrent_hash.py')];
const webtorrent = [process.execPath, sourceFile('hashing/webtorrent_hash.mjs')];
const bare = [process.execPath, sourceFile('hashing/bare_hash.mjs')];
const shoal = (...args: string[]): string[] => [process.execPath, require.resolve('@shoal/cli/dist/main.js'), ...args];
const bareWork = ({ payload, pieceLength }: Work): string[] => [
  ...bare,
  payload,
  String(pieceLength),
  String(availableParallelism()),
];

/** The first is ours, the last is what the machine can do. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'shoal',
    create: ({ payload, torrent, pieceLength }) =>
      shoal('create', payload, '--output', torrent, '--piece-length', `${pieceLength / 1024}K`, '--no-date'),
    recheck: ({ torrent, dir }) => shoal('verify', torrent, dir),
  },
  {
    name: 'transmission',
    create: ({ payload, torrent, pieceLength }) => [
      'transmission-create',
      ...['--piecesize', String(pieceLength / 1024), '--outfile', torrent, payload],
    ],
  },
  {
    name: 'libtorrent',
    create: ({ payload, torrent, pieceLength }) => [...libtorrent, 'create', payload, String(pieceLength), torrent],
    recheck: ({ torrent, dir }) => [...libtorrent, 'check', torrent, dir],
  },
  {
    name: 'webtorrent',
    create: ({ payload, torrent, pieceLength }) => [...webtorrent, 'create', payload, String(pieceLength), torrent],
    recheck: ({ torrent, dir }) => [...webtorrent, 'check', torrent, dir],
  },
  { name: 'bare threads', create: bareWork, recheck: bareWork },
];
