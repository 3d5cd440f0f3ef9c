import { Bitfield } from '@shoal/primitives';
import { Wire, type WireEvent } from '@shoal/wire';

/** Two peers in memory: one has a torrent of a single 5-byte piece, the other asks it for the block. */
export async function run(): Promise<string> {
  const infoHash = new Uint8Array(20).fill(0xab);
  const geometry = { pieceCount: 1, pieceSize: () => 5 };
  const have = new Bitfield(1);
  have.fill();

  const leech = new Wire({ role: 'dial', now: 0, infoHash, peerId: new Uint8Array(20).fill(1) });
  const seed = new Wire({ role: 'accept', now: 0 });
  for (const wire of [leech, seed]) wire.setGeometry(geometry);

  const onSeed = (event: WireEvent): void => {
    if (event.type === 'handshake') {
      seed.accept({ infoHash: event.infoHash, peerId: new Uint8Array(20).fill(2) });
      seed.bitfield(have);
    } else if (event.type === 'interested') {
      seed.unchoke();
    } else if (event.type === 'request') {
      seed.piece(event.piece, event.begin, new TextEncoder().encode('shoal'));
    }
  };

  const piece = new Uint8Array(5);
  const onLeech = (event: WireEvent): void => {
    if (event.type === 'haves' && leech.peerHave?.has(0)) leech.interested();
    else if (event.type === 'unchoke') leech.request(0, 0, 5);
    else if (event.type === 'blockPart' && event.wanted) piece.set(event.bytes, event.begin + event.offset);
  };

  // In a program the bytes travel through sockets; here each side's output is handed to the other.
  const carry = (from: Wire, to: Wire, on: (event: WireEvent) => void): void => {
    for (const bytes of from.takeOutput()) {
      to.receive(bytes, 0);
      for (let event = to.poll(); event !== undefined; event = to.poll()) on(event);
    }
  };
  while (leech.outputBytes + seed.outputBytes > 0) {
    carry(leech, seed, onSeed);
    carry(seed, leech, onLeech);
  }
  return new TextDecoder().decode(piece);
}
