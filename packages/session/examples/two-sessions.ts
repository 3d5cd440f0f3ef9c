import { createHash, randomBytes } from 'node:crypto';
import { createMetainfo, parseMetainfo } from '@shoal/metainfo';
import { Session, type SessionOptions } from '@shoal/session';
import { createHasher, MemoryStorage } from '@shoal/storage';
import { createMemoryNetwork } from './memory-transport.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** All that a session wants of the platform it runs on. */
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

/** One session seeds, another downloads from it, over streams that never leave the process. */
export async function run(): Promise<{ equal: boolean; downloaded: number; events: string[] }> {
  const content = new Uint8Array(randomBytes(100_000));
  const pieces = [content.subarray(0, 65_536), content.subarray(65_536)];
  const bytes = createMetainfo({
    name: 'hello.bin',
    pieceLength: 65_536,
    pieces: new Uint8Array(Buffer.concat(pieces.map(sha1))),
    files: [{ path: ['hello.bin'], length: content.length }],
  });
  const metainfo = parseMetainfo(bytes, { sha1, sha256 });
  const { infoHash, layout } = metainfo;

  const network = createMemoryNetwork();
  const seed = new Session({ ...platform, transports: [network.host('10.0.0.1')] });
  const leech = new Session({ ...platform, transports: [network.host('10.0.0.2')] });
  try {
    // What lies in the storage is checked first: here, all of it is found.
    const full = new MemoryStorage({ layout });
    for (const [piece, data] of pieces.entries()) await full.write(piece, 0, data);
    await seed.listen();
    await seed.add({ infoHash, content: { metainfo, storage: full } }).whenComplete();

    const storage = new MemoryStorage({ layout });
    const torrent = leech.add({ infoHash, content: { metainfo, storage } });
    const events: string[] = [];
    torrent.subscribe((event) => events.push(event.type));
    torrent.addPeers([`10.0.0.1:${seed.port}`]);
    await torrent.whenComplete();

    const { downloaded } = torrent.snapshot();
    return { equal: Buffer.compare(content, storage.file(0) as Uint8Array) === 0, downloaded, events };
  } finally {
    await leech.close();
    await seed.close();
  }
}
