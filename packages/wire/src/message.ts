// Every message of BEP 3, BEP 6, BEP 10 and BEP 5's PORT as values and as bytes. A frame is a 4-byte length and that many
// bytes: one of type, then the payload. Lengths are exact per type; `checkLength` is the one place that knows them.
import { WireError } from './errors.ts';
import { DEFAULT_LIMITS, type WireLimits } from './limits.ts';

/** The type byte of each message. */
export const MESSAGE_ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
} as const;

/** A range of a piece; all in bytes but `piece`, an index. */
export interface Request {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

/** One message. Byte strings are views of what was decoded. */
export type Message =
  | { readonly type: 'keepAlive' | 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone' }
  | { readonly type: 'have' | 'suggest' | 'allowedFast'; readonly piece: number }
  | { readonly type: 'bitfield'; readonly bytes: Uint8Array }
  | ({ readonly type: 'request' | 'cancel' | 'reject' } & Request)
  | { readonly type: 'piece'; readonly piece: number; readonly begin: number; readonly block: Uint8Array }
  | { readonly type: 'port'; readonly port: number }
  | { readonly type: 'extended'; readonly id: number; readonly payload: Uint8Array }
  | { readonly type: 'unknown'; readonly id: number; readonly payload: Uint8Array };

/** Bytes of a PIECE frame before its block: length, type, piece, begin. */
const PIECE_HEADER_LENGTH = 13;

/** Four zero bytes: nothing, said in time (BEP 3). */
export function encodeKeepAlive(): Uint8Array {
  return new Uint8Array(4);
}

/** CHOKE (BEP 3). */
export function encodeChoke(): Uint8Array {
  return fixed(MESSAGE_ID.choke);
}

/** UNCHOKE (BEP 3). */
export function encodeUnchoke(): Uint8Array {
  return fixed(MESSAGE_ID.unchoke);
}

/** INTERESTED (BEP 3). */
export function encodeInterested(): Uint8Array {
  return fixed(MESSAGE_ID.interested);
}

/** NOT INTERESTED (BEP 3). */
export function encodeNotInterested(): Uint8Array {
  return fixed(MESSAGE_ID.notInterested);
}

/** HAVE one more piece (BEP 3). */
export function encodeHave(piece: number): Uint8Array {
  return fixed(MESSAGE_ID.have, piece);
}

/** `bytes` in wire form, as `Bitfield.toBytes` gives it. */
export function encodeBitfield(bytes: Uint8Array): Uint8Array {
  return variable(MESSAGE_ID.bitfield, bytes);
}

/** REQUEST a block; `begin` and `length` in bytes (BEP 3). */
export function encodeRequest(piece: number, begin: number, length: number): Uint8Array {
  return fixed(MESSAGE_ID.request, piece, begin, length);
}

/** Header and block in one array; a `Wire` sends the two without this copy. */
export function encodePiece(piece: number, begin: number, block: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PIECE_HEADER_LENGTH + block.length);
  writePieceHeader(bytes, 0, piece, begin, block.length);
  bytes.set(block, PIECE_HEADER_LENGTH);
  return bytes;
}

/** CANCEL a request, named by the same figures (BEP 3). */
export function encodeCancel(piece: number, begin: number, length: number): Uint8Array {
  return fixed(MESSAGE_ID.cancel, piece, begin, length);
}

/** BEP 5: the UDP port of the sender's DHT node. */
export function encodePort(port: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 3, MESSAGE_ID.port, port >> 8, port & 0xff);
}

/** SUGGEST a piece (BEP 6). */
export function encodeSuggest(piece: number): Uint8Array {
  return fixed(MESSAGE_ID.suggest, piece);
}

/** HAVE ALL, in place of a bitfield (BEP 6). */
export function encodeHaveAll(): Uint8Array {
  return fixed(MESSAGE_ID.haveAll);
}

/** HAVE NONE, in place of a bitfield (BEP 6). */
export function encodeHaveNone(): Uint8Array {
  return fixed(MESSAGE_ID.haveNone);
}

/** REJECT a request, named by the same figures (BEP 6). */
export function encodeReject(piece: number, begin: number, length: number): Uint8Array {
  return fixed(MESSAGE_ID.reject, piece, begin, length);
}

/** ALLOWED FAST: a piece that may be asked for while choked (BEP 6). */
export function encodeAllowedFast(piece: number): Uint8Array {
  return fixed(MESSAGE_ID.allowedFast, piece);
}

/** BEP 10: id 0 is the extended handshake, others are the receiver's own numbers. */
export function encodeExtended(id: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(6 + payload.length);
  writeUint32(bytes, 0, 2 + payload.length);
  bytes[4] = MESSAGE_ID.extended;
  bytes[5] = id;
  bytes.set(payload, 6);
  return bytes;
}

/**
 * Reads one frame without its 4-byte length: nothing (a keep-alive), or type and payload. Types not known come out as
 * `unknown`. Throws ERR_WIRE_LENGTH.
 */
export function decodeMessage(frame: Uint8Array, limits: WireLimits = DEFAULT_LIMITS): Message {
  if (frame.length === 0) return { type: 'keepAlive' };
  const id = frame[0] as number;
  checkLength(id, frame.length, limits);
  const payload = frame.subarray(1);
  switch (id) {
    case MESSAGE_ID.choke:
      return { type: 'choke' };
    case MESSAGE_ID.unchoke:
      return { type: 'unchoke' };
    case MESSAGE_ID.interested:
      return { type: 'interested' };
    case MESSAGE_ID.notInterested:
      return { type: 'notInterested' };
    case MESSAGE_ID.haveAll:
      return { type: 'haveAll' };
    case MESSAGE_ID.haveNone:
      return { type: 'haveNone' };
    case MESSAGE_ID.have:
      return { type: 'have', piece: readUint32(payload, 0) };
    case MESSAGE_ID.suggest:
      return { type: 'suggest', piece: readUint32(payload, 0) };
    case MESSAGE_ID.allowedFast:
      return { type: 'allowedFast', piece: readUint32(payload, 0) };
    case MESSAGE_ID.bitfield:
      return { type: 'bitfield', bytes: payload };
    case MESSAGE_ID.request:
      return { type: 'request', ...readRequest(payload) };
    case MESSAGE_ID.cancel:
      return { type: 'cancel', ...readRequest(payload) };
    case MESSAGE_ID.reject:
      return { type: 'reject', ...readRequest(payload) };
    case MESSAGE_ID.piece:
      return {
        type: 'piece',
        piece: readUint32(payload, 0),
        begin: readUint32(payload, 4),
        block: payload.subarray(8),
      };
    case MESSAGE_ID.port:
      return { type: 'port', port: readUint16(payload, 0) };
    case MESSAGE_ID.extended:
      return { type: 'extended', id: payload[0] as number, payload: payload.subarray(1) };
    default:
      return { type: 'unknown', id, payload };
  }
}

/** Whether `length`, type byte included, is one that a message of this type can have. Throws ERR_WIRE_LENGTH. */
export function checkLength(id: number, length: number, limits: WireLimits): void {
  let least = length;
  let most = length;
  switch (id) {
    case MESSAGE_ID.choke:
    case MESSAGE_ID.unchoke:
    case MESSAGE_ID.interested:
    case MESSAGE_ID.notInterested:
    case MESSAGE_ID.haveAll:
    case MESSAGE_ID.haveNone:
      least = most = 1;
      break;
    case MESSAGE_ID.port:
      least = most = 3;
      break;
    case MESSAGE_ID.have:
    case MESSAGE_ID.suggest:
    case MESSAGE_ID.allowedFast:
      least = most = 5;
      break;
    case MESSAGE_ID.request:
    case MESSAGE_ID.cancel:
    case MESSAGE_ID.reject:
      least = most = 13;
      break;
    case MESSAGE_ID.piece:
      least = 10;
      most = 9 + limits.blockLength;
      break;
    case MESSAGE_ID.bitfield:
      least = 1;
      most = 1 + limits.bitfieldLength;
      break;
    case MESSAGE_ID.extended:
      least = 2;
      most = 2 + limits.extendedLength;
      break;
    default:
      most = 1 + limits.unknownLength;
  }
  if (length >= least && length <= most) return;
  const expected = least === most ? `${least}` : `${least} to ${most}`;
  throw new WireError('ERR_WIRE_LENGTH', `message ${id} has ${length} bytes, expected ${expected}`);
}

/** Writes a message of up to three numbers at `at`; answers its length. `words` says how many of them count. */
export function writeFixed(
  target: Uint8Array,
  at: number,
  id: number,
  words: number,
  first = 0,
  second = 0,
  third = 0,
): number {
  writeUint32(target, at, 1 + 4 * words);
  target[at + 4] = id;
  if (words > 0) writeUint32(target, at + 5, first);
  if (words > 1) writeUint32(target, at + 9, second);
  if (words > 2) writeUint32(target, at + 13, third);
  return 5 + 4 * words;
}

/** Writes the 13 bytes before a block. */
export function writePieceHeader(target: Uint8Array, at: number, piece: number, begin: number, length: number): void {
  writeUint32(target, at, 9 + length);
  target[at + 4] = MESSAGE_ID.piece;
  writeUint32(target, at + 5, piece);
  writeUint32(target, at + 9, begin);
}

export function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** The three numbers of REQUEST, CANCEL and REJECT. */
export function readRequest(payload: Uint8Array): Request {
  return { piece: readUint32(payload, 0), begin: readUint32(payload, 4), length: readUint32(payload, 8) };
}

function fixed(id: number, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(5 + 4 * values.length);
  writeFixed(bytes, 0, id, values.length, ...values);
  return bytes;
}

function variable(id: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length);
  writeUint32(bytes, 0, 1 + payload.length);
  bytes[4] = id;
  bytes.set(payload, 5);
  return bytes;
}
