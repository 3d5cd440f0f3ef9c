import { createHash, randomBytes } from 'node:crypto';
import { createMetainfo, parseMetainfo } from '@shoal/metainfo';
import { Session, type SessionOptions } from '@shoal/session';
import { createHasher, MemoryStorage } from '@shoal/storage';
import { createMemoryNetwork } from './memory-transport.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const platform: Omit<SessionOptions, 'transports'> = {
  clock: {
    now: () => performance.now(),
    setTimer: (callback, delayMs) => {
      const timer = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  },
  random: { bytes: (length) => randomBytes(length), number: Math.random },
  hasher: createHasher({ sha1 }),
};

/** Of two files one is wanted; the end of the other is read all the same, while it downloads. */
export async function run(): Promise<{ chosen: number; equal: boolean; priorities: readonly number[] }> {
  const pieceLength = 16_384;
  const content = new Uint8Array(randomBytes(20 * pieceLength));
  const pieces = Array.from({ length: 20 }, (_, piece) =>
    content.subarray(piece * pieceLength, (piece + 1) * pieceLength),
  );
  const bytes = createMetainfo({
    name: 'two',
    pieceLength,
    pieces: new Uint8Array(Buffer.concat(pieces.map(sha1))),
    files: [
      { path: ['two', 'small'], length: 2 * pieceLength },
      { path: ['two', 'big'], length: 18 * pieceLength },
    ],
  });
  const metainfo = parseMetainfo(bytes, { sha1, sha256 });
  const { infoHash, layout } = metainfo;
  const network = createMemoryNetwork();
  const seed = new Session({ ...platform, transports: [network.host('10.0.0.1')] });
  const leech = new Session({ ...platform, transports: [network.host('10.0.0.2')], downLimit: 1_000_000 });
  try {
    const full = new MemoryStorage({ layout });
    for (const [piece, data] of pieces.entries()) await full.write(piece, 0, data);
    await seed.listen();
    await seed.add({ infoHash, content: { metainfo, storage: full } }).whenComplete();

    const storage = new MemoryStorage({ layout });
    const torrent = leech.add({ infoHash, content: { metainfo, storage }, priorities: [7, 0] });
    torrent.addPeers([`10.0.0.1:${seed.port}`]);
    // Complete is what is wanted: the small file.
    await torrent.whenComplete();
    const chosen = torrent.snapshot().bytesDone;

    // Whoever reads a file wants it, and what is read next comes first.
    const read: Uint8Array[] = [];
    for await (const part of torrent.read(1, { start: 17 * pieceLength })) read.push(part);
    const equal = Buffer.compare(Buffer.concat(read), content.subarray(19 * pieceLength)) === 0;
    return { chosen, equal, priorities: torrent.priorities ?? [] };
  } finally {
    await leech.close();
    await seed.close();
  }
}
