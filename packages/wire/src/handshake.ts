// The 68 bytes that open a connection (BEP 3), and the reserved bits that BEPs 5, 6 and 10 put into them.
import { WireError } from './errors.ts';

/** Bytes of a handshake (BEP 3). */
export const HANDSHAKE_LENGTH = 68;

const PROTOCOL: Uint8Array = new TextEncoder().encode('\x13BitTorrent protocol');
const RESERVED = 20;
const INFO_HASH = 28;
const PEER_ID = 48;

/** Which of the reserved bits are set. */
export interface Features {
  /** BEP 6: last byte, 0x04. */
  readonly fast: boolean;
  /** BEP 10: sixth byte, 0x10. */
  readonly extended: boolean;
  /** BEP 5: last byte, 0x01. */
  readonly dht: boolean;
}

/** What a handshake says. */
export interface Handshake extends Features {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** All 8 reserved bytes, unknown bits included. */
  readonly reserved: Uint8Array;
}

/** 68 bytes (BEP 3). Throws RangeError unless both hashes have 20 bytes. */
export function encodeHandshake(
  handshake: { readonly infoHash: Uint8Array; readonly peerId: Uint8Array } & Partial<Features>,
): Uint8Array {
  const { infoHash, peerId, fast = false, extended = false, dht = false } = handshake;
  if (infoHash.length !== 20) throw new RangeError(`an info-hash on the wire has 20 bytes, not ${infoHash.length}`);
  if (peerId.length !== 20) throw new RangeError(`a peer id has 20 bytes, not ${peerId.length}`);
  const bytes = new Uint8Array(HANDSHAKE_LENGTH);
  bytes.set(PROTOCOL);
  bytes[RESERVED + 5] = extended ? 0x10 : 0;
  bytes[RESERVED + 7] = (fast ? 0x04 : 0) | (dht ? 0x01 : 0);
  bytes.set(infoHash, INFO_HASH);
  bytes.set(peerId, PEER_ID);
  return bytes;
}

/** Reads exactly 68 bytes; what comes out are copies. Throws ERR_WIRE_HANDSHAKE. */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  checkProtocol(bytes, 0, bytes.length);
  if (bytes.length !== HANDSHAKE_LENGTH) {
    throw new WireError('ERR_WIRE_HANDSHAKE', `a handshake has ${HANDSHAKE_LENGTH} bytes, not ${bytes.length}`);
  }
  const reserved = bytes.slice(RESERVED, INFO_HASH);
  const last = reserved[7] as number;
  return {
    infoHash: bytes.slice(INFO_HASH, PEER_ID),
    peerId: bytes.slice(PEER_ID),
    reserved,
    fast: (last & 0x04) !== 0,
    extended: ((reserved[5] as number) & 0x10) !== 0,
    dht: (last & 0x01) !== 0,
  };
}

/**
 * Checks bytes [from, to) of a handshake's beginning as far as they are there, so that what is no handshake is
 * refused by its first byte. Throws ERR_WIRE_HANDSHAKE.
 */
export function checkProtocol(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to && at < PROTOCOL.length; at++) {
    if (bytes[at] !== PROTOCOL[at]) {
      throw new WireError('ERR_WIRE_HANDSHAKE', `byte ${at} of the handshake is ${bytes[at]}, not ${PROTOCOL[at]}`);
    }
  }
}
