// A store's swarms as bytes, to outlive the process: a magic number with a version, then pieces: length, CRC-32C, records;
// a piece of length 0 is the end. A record begins with its kind: `s` a swarm (info-hash, downloads completed), `4` and `6` a
// peer of the swarm before it (address, port, role, id, milliseconds it lives on). Numbers are big-endian.
import { bytesEqual, crc32c, formatIp, parseIPv4, parseIPv6 } from '@shoal/primitives';
import { TrackerError } from './errors.ts';
import { putWord, wordAt } from './host-words.ts';
import type { PeerRole, SwarmPeer } from './swarm-store.ts';

/** Ends with the version. */
const MAGIC = new TextEncoder().encode('shoal-swarms-1\n');
const MARK = { swarm: 0x73, four: 0x34, six: 0x36 } as const;
const SWARM_LENGTH = 1 + 20 + 4;
/** Port, role, length of the id, id, life. */
const PEER_REST = 2 + 1 + 1 + 20 + 4;
const LONGEST_RECORD = 1 + 16 + PEER_REST;
/** Length and checksum of a piece. */
const HEAD_LENGTH = 8;
const PIECE = 65_536;
const ROLES: readonly PeerRole[] = ['leech', 'partial', 'seed'];

export class SnapshotWriter {
  readonly #bytes = new Uint8Array(PIECE + LONGEST_RECORD + SWARM_LENGTH);
  #length = HEAD_LENGTH;

  /** What a snapshot begins with. */
  static begin(): Uint8Array {
    return MAGIC;
  }

  /** Whether a piece is to be taken. */
  get isFull(): boolean {
    return this.#length >= PIECE;
  }

  swarm(infoHash: Uint8Array, completed: number): void {
    const at = this.#length;
    this.#bytes[at] = MARK.swarm;
    this.#bytes.set(infoHash, at + 1);
    putWord(this.#bytes, at + 21, completed);
    this.#length += SWARM_LENGTH;
  }

  peer({ host, port, role, peerId }: SwarmPeer, livesMs: number): void {
    const bytes = this.#bytes;
    const address = (parseIPv4(host) ?? parseIPv6(host)) as Uint8Array;
    let at = this.#length;
    bytes[at++] = address.length === 4 ? MARK.four : MARK.six;
    bytes.set(address, at);
    at += address.length;
    bytes[at] = port >>> 8;
    bytes[at + 1] = port;
    bytes[at + 2] = ROLES.indexOf(role);
    bytes[at + 3] = peerId.length;
    bytes.fill(0, at + 4, at + 24).set(peerId, at + 4);
    putWord(bytes, at + 24, livesMs);
    this.#length = at + PEER_REST;
  }

  /** The records since the last piece, as a piece; none make the end. */
  take(): Uint8Array {
    const piece = this.#bytes.slice(0, this.#length);
    putWord(piece, 0, piece.length - HEAD_LENGTH);
    putWord(piece, 4, crc32c(piece.subarray(HEAD_LENGTH)));
    this.#length = HEAD_LENGTH;
    return piece;
  }
}

export interface SnapshotReader {
  /** `infoHash` is a view. */
  swarm(infoHash: Uint8Array, completed: number): void;
  peer(peer: SwarmPeer, livesMs: number): void;
}

/** Tells what stands in a snapshot. Throws TrackerError ERR_TRACKER_SNAPSHOT before it tells anything. */
export function readSnapshot(bytes: Uint8Array, reader: SnapshotReader): void {
  if (!bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC)) throw broken('it does not begin as one of version 1');
  const pieces = piecesOf(bytes);
  for (const piece of pieces) readRecords(piece, undefined);
  for (const piece of pieces) readRecords(piece, reader);
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = MAGIC.length; ; ) {
    if (at + HEAD_LENGTH > bytes.length) throw broken(`it is cut at byte ${bytes.length}`);
    const length = wordAt(bytes, at) >>> 0;
    const expected = wordAt(bytes, at + 4) >>> 0;
    at += HEAD_LENGTH;
    if (length > bytes.length - at) throw broken(`it is cut at byte ${bytes.length}`);
    if (length === 0) return pieces;
    const piece = bytes.subarray(at, at + length);
    const crc = crc32c(piece);
    if (crc !== expected) throw broken(`the checksum of the piece at byte ${at} is ${crc}, ${expected} stands there`);
    pieces.push(piece);
    at += length;
  }
}

/** What has the right sum was written whole; a record that cannot be is another program's. */
function readRecords(bytes: Uint8Array, reader: SnapshotReader | undefined): void {
  const end = bytes.length;
  let at = 0;
  while (at < end) {
    const mark = bytes[at];
    if (mark === MARK.swarm) {
      if (at + SWARM_LENGTH > end) throw broken(`a swarm is cut at byte ${at}`);
      reader?.swarm(bytes.subarray(at + 1, at + 21), wordAt(bytes, at + 21) >>> 0);
      at += SWARM_LENGTH;
      continue;
    }
    if (mark !== MARK.four && mark !== MARK.six) throw broken(`an unknown record at byte ${at}`);
    const rest = at + 1 + (mark === MARK.four ? 4 : 16);
    const port = ((bytes[rest] as number) << 8) | (bytes[rest + 1] as number);
    const role = ROLES[bytes[rest + 2] as number];
    const idLength = bytes[rest + 3] as number;
    if (rest + PEER_REST > end || port === 0 || role === undefined || idLength > 20) {
      throw broken(`a peer that cannot be at byte ${at}`);
    }
    if (reader) {
      const peerId = bytes.subarray(rest + 4, rest + 4 + idLength);
      reader.peer({ host: formatIp(bytes.subarray(at + 1, rest)), port, role, peerId }, wordAt(bytes, rest + 24) >>> 0);
    }
    at = rest + PEER_REST;
  }
}

function broken(what: string): TrackerError {
  return new TrackerError('ERR_TRACKER_SNAPSHOT', `not a snapshot of swarms: ${what}`);
}
