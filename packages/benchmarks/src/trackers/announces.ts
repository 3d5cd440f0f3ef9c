// What is announced: peers of one address, a hundred in a torrent, two thirds of them leeches; each has the same port, id and role
// whenever it announces.

export const PEERS_IN_SWARM = 100;
/** Peers each announce asks for. */
export const NUMWANT = 50;
const FIRST_PORT = 1_024;
const UDP_ANNOUNCE = 98;

export function swarmsOf(peers: number): number {
  return Math.ceil(peers / PEERS_IN_SWARM);
}

/** Random to look at, so that no table is filled in order. */
export function infoHashOf(swarm: number): Buffer {
  const infoHash = Buffer.alloc(20);
  for (let word = 0; word < 5; word++)
    infoHash.writeUInt32BE(Math.imul(swarm + 1, 0x9e3779b1 + 2 * word) >>> 0, 4 * word);
  infoHash.writeUInt32BE(swarm, 16);
  return infoHash;
}

/** Of peer number `peer`: they enter torrent after torrent, as a day's announces come, not swarm by swarm. */
function identityOf(peer: number, swarms: number): { infoHash: Buffer; peerId: Buffer; port: number; left: number } {
  const peerId = Buffer.from(`-TR30${10 + (peer % 40)}-000000000000`, 'latin1');
  peerId.writeUInt32BE(Math.imul(peer, 0x85ebca6b) >>> 0, 8);
  peerId.writeUInt32BE(peer, 16);
  return {
    infoHash: infoHashOf(peer % swarms),
    peerId,
    port: FIRST_PORT + Math.floor(peer / swarms),
    left: peer % 3 === 0 ? 0 : 1_000_000,
  };
}

/** Writes the datagram of a peer's announce to `into`, but for the connection id (BEP 15). */
export function writeUdpAnnounce(into: Buffer, transaction: number, peer: number, swarms: number): void {
  const { infoHash, peerId, port, left } = identityOf(peer, swarms);
  into.writeUInt32BE(1, 8);
  into.writeUInt32BE(transaction, 12);
  infoHash.copy(into, 16);
  peerId.copy(into, 36);
  into.fill(0, 56, UDP_ANNOUNCE);
  into.writeUInt32BE(left, 68);
  into.writeInt32BE(NUMWANT, 92);
  into.writeUInt16BE(port, 96);
}

export function newDatagram(): Buffer {
  return Buffer.alloc(UDP_ANNOUNCE);
}

/** The whole request of a peer's announce. */
export function httpAnnounce(peer: number, swarms: number): Buffer {
  const { infoHash, peerId, port, left } = identityOf(peer, swarms);
  const query = [
    `info_hash=${escaped(infoHash)}`,
    `peer_id=${escaped(peerId)}`,
    `port=${port}&uploaded=0&downloaded=0&left=${left}&numwant=${NUMWANT}&key=1a2b3c4d&compact=1`,
  ];
  return Buffer.from(
    `GET /announce?${query.join('&')} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Transmission/3.00\r\nAccept: */*\r\n` +
      'Connection: keep-alive\r\n\r\n',
    'latin1',
  );
}

function escaped(bytes: Buffer): string {
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}
