import { type PexTorrent, UtPex } from '@shoal/ut-pex';
import { type ExtensionFactory, Wire } from '@shoal/wire';

/** Ada and Cleo are both connected to Ben, and hear of each other from him. */
export async function run(): Promise<string[]> {
  const heard: string[] = [];
  const ada = torrentOf([{ address: '192.0.2.2:6881', outgoing: true }], (address) =>
    heard.push(`Ada hears of ${address}`),
  );
  // Ada dialled Ben, so he knows where she listens from what she says; he dialled Cleo.
  const ben = torrentOf([
    { address: '192.0.2.1:50123', outgoing: false },
    { address: '192.0.2.3:6881', outgoing: true },
  ]);
  const cleo = torrentOf([{ address: '192.0.2.2:40567', outgoing: false }], (address) =>
    heard.push(`Cleo hears of ${address}`),
  );

  const exchange = new UtPex();
  const [adas, bens, cleos] = [exchange.attach(ada), exchange.attach(ben), exchange.attach(cleo)];
  const wires = [
    ...connect(6881, adas.connect(at(ada, 0)), bens.connect(at(ben, 0))),
    ...connect(6881, bens.connect(at(ben, 1)), cleos.connect(at(cleo, 0))),
  ];
  // In a program a session ticks its connections, and carries what they say through sockets.
  for (const wire of wires) wire.tick(1_000);
  for (const [index, wire] of wires.entries()) carry(wire, wires[index ^ 1] as Wire);
  return heard;
}

type Peers = ReturnType<PexTorrent['peers']>;

function torrentOf(peers: Peers, onHeard: (address: string) => void = () => {}): PexTorrent {
  return { private: false, peers: () => peers, offerPeers: (addresses) => addresses.forEach(onHeard) };
}

function at(torrent: PexTorrent, index: number): Peers[number] {
  return torrent.peers()[index] as Peers[number];
}

/** Two wires that have shaken hands; the first dialled, and listens at a port. */
function connect(port: number, one: ExtensionFactory | undefined, two: ExtensionFactory | undefined): [Wire, Wire] {
  const infoHash = new Uint8Array(20).fill(0xab);
  const dial = new Wire({
    role: 'dial',
    now: 0,
    infoHash,
    peerId: new Uint8Array(20).fill(1),
    extensions: one ? [one] : [],
    extendedHandshake: { port },
  });
  const accept = new Wire({ role: 'accept', now: 0 });
  carry(dial, accept);
  accept.accept({ infoHash, peerId: new Uint8Array(20).fill(2), extensions: two ? [two] : [] });
  carry(accept, dial);
  carry(dial, accept);
  return [dial, accept];
}

function carry(from: Wire, to: Wire): void {
  for (const bytes of from.takeOutput()) {
    to.receive(bytes, 1_000);
    while (to.poll() !== undefined) {
      // What else they say does not matter here.
    }
  }
}
