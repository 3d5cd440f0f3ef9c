// What is decoded and encoded: the torrent of many files, and a message of each kind that a client reads all day.
import { type BencodeInput, encode } from '@shoal/bencode';
import { bytesOf } from './filler.ts';

const PIECE_LENGTH = 16 * 1024 * 1024;

/** A .torrent of so many files in folders of 200; 20,000 of them make 2.3 MB. */
export function torrentOf(count: number): Uint8Array {
  const files = Array.from({ length: count }, (_, index) => ({
    length: 1 + ((index * 7_919_317) % 50_000_000),
    path: [
      `season ${String(Math.floor(index / 200)).padStart(3, '0')}`,
      `episode-${String(index).padStart(5, '0')}-a-title-of-some-length.mkv`,
    ],
  }));
  const total = files.reduce((sum, { length }) => sum + length, 0);
  const info = {
    files,
    name: 'collection',
    'piece length': PIECE_LENGTH,
    pieces: bytesOf(20 * Math.ceil(total / PIECE_LENGTH)),
  };
  return encode({ announce: 'http://tracker.example/announce', comment: 'many files', 'created by': 'bench', info });
}

/** By what they are. */
export const MESSAGES: Readonly<Record<string, BencodeInput>> = {
  'DHT query': { t: bytesOf(2), y: 'q', q: 'get_peers', a: { id: bytesOf(20), info_hash: bytesOf(20) } },
  'DHT answer': {
    t: bytesOf(2),
    y: 'r',
    r: { id: bytesOf(20), token: bytesOf(8), nodes: bytesOf(208), values: Array.from({ length: 4 }, () => bytesOf(6)) },
  },
  'tracker answer': { complete: 10, incomplete: 5, interval: 1_800, 'min interval': 900, peers: bytesOf(300) },
  'extended handshake': {
    m: { ut_metadata: 1, ut_pex: 2, lt_donthave: 7, upload_only: 3 },
    metadata_size: 30_000,
    p: 6_881,
    reqq: 512,
    v: 'libtorrent/2.0.8',
    yourip: bytesOf(4),
  },
};
