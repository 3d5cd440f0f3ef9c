import { createHash } from 'node:crypto';
import { encode } from '@shoal/bencode';
import { InfoHash } from '@shoal/primitives';
import { type MetadataTorrent, UtMetadata } from '@shoal/ut-metadata';
import { Wire } from '@shoal/wire';

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** One peer knows a magnet link's info-hash only, the other has the info dictionary: it crosses in memory. */
export async function run(): Promise<{ received: number; progress: string[] }> {
  const info = encode({ length: 2e9, name: 'film.mkv', 'piece length': 1 << 20, pieces: new Uint8Array(1_908 * 20) });
  const infoHash = new InfoHash(sha1(info));
  const progress: string[] = [];
  const exchange = new UtMetadata({
    sha1,
    sha256,
    onProgress: ({ received, size, peers }) => progress.push(`${received} of ${size ?? '?'} from ${peers}`),
  });

  // What a session tells of a torrent: one that has its dictionary, and one that waits for it.
  const torrent = { hashes: [infoHash], private: false };
  const seed = exchange.attach({ ...torrent, info: () => info, offerMetadata: () => {} });
  const fetched = new Promise<Uint8Array>((resolve) => {
    const wanting: MetadataTorrent = { ...torrent, info: () => undefined, offerMetadata: resolve };
    connect(exchange.attach(wanting), seed, infoHash.wireKey);
  });
  return { received: (await fetched).length, progress };
}

type Attached = ReturnType<UtMetadata['attach']>;

/** In a program the bytes travel through sockets; here each side's output is handed to the other. */
function connect(one: Attached, two: Attached, infoHash: Uint8Array): void {
  const extensions = (attached: Attached, address: string) => [attached.connect({ address }) ?? []].flat();
  const dial = new Wire({
    role: 'dial',
    now: 0,
    infoHash,
    peerId: new Uint8Array(20).fill(1),
    extensions: extensions(one, '192.0.2.2:6881'),
  });
  const accept = new Wire({ role: 'accept', now: 0 });
  const carry = (from: Wire, to: Wire): void => {
    for (const bytes of from.takeOutput()) {
      to.receive(bytes, 0);
      for (let event = to.poll(); event !== undefined; event = to.poll()) {
        if (event.type !== 'handshake' || to !== accept) continue;
        const peerId = new Uint8Array(20).fill(2);
        accept.accept({ infoHash, peerId, extensions: extensions(two, '192.0.2.1:50123') });
      }
    }
  };
  while (dial.outputBytes + accept.outputBytes > 0) {
    carry(dial, accept);
    carry(accept, dial);
  }
}
