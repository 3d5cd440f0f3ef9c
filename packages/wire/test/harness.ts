// Drives one Wire by hand: what the peer sends is bytes, what the wire tells is a list of plain events.
import { concatBytes } from '@shoal/primitives';
import {
  type BlockEvent,
  decodeMessage,
  encodeHandshake,
  HANDSHAKE_LENGTH,
  type Message,
  Wire,
  type WireError,
  type WireEvent,
  type WireGeometry,
  type WireIdentity,
  type WireLimits,
} from '../src/index.ts';

export const INFO_HASH: Uint8Array = new Uint8Array(20).fill(0xaa);
export const OUR_ID: Uint8Array = new Uint8Array(20).fill(1);
export const PEER_ID: Uint8Array = new Uint8Array(20).fill(2);

/** Ten pieces of 64 KiB, the last of 1,000 bytes. */
export const GEOMETRY: WireGeometry = { pieceCount: 10, pieceSize: (piece) => (piece === 9 ? 1_000 : 65_536) };

export type PlainEvent =
  | Exclude<WireEvent, { type: 'blockBegin' | 'blockPart' | 'blockEnd' }>
  | ({ type: 'block'; bytes: Uint8Array } & BlockEvent);

/** Polls until nothing is left; a block's three kinds of events become one. Invariants hold after every step. */
export function drain(wire: Wire, each: (event: WireEvent) => void = () => {}): PlainEvent[] {
  const events: PlainEvent[] = [];
  for (;;) {
    const event = wire.poll();
    wire.checkInvariants();
    if (event === undefined) return events;
    collect(events, event, wire);
    each(event);
    wire.checkInvariants();
  }
}

const parts = new WeakMap<Wire, Uint8Array[]>();

function collect(events: PlainEvent[], event: WireEvent, wire: Wire): void {
  const gathered = parts.get(wire) ?? [];
  parts.set(wire, gathered);
  switch (event.type) {
    case 'blockBegin':
      gathered.length = 0;
      return;
    case 'blockPart': {
      const before = gathered.reduce((sum, part) => sum + part.length, 0);
      if (event.offset !== before) throw new Error(`a part at ${event.offset} after ${before} bytes`);
      gathered.push(event.bytes.slice());
      return;
    }
    case 'blockEnd': {
      const { piece, begin, length, wanted } = event;
      events.push({ type: 'block', piece, begin, length, wanted, bytes: concatBytes(gathered) });
      return;
    }
    default:
      events.push(event);
  }
}

/** Hands over bytes and answers what came of it. */
export function give(wire: Wire, ...messages: Uint8Array[]): PlainEvent[] {
  wire.receive(concatBytes(messages), wireNow(wire));
  return drain(wire);
}

const times = new WeakMap<Wire, number>();

function wireNow(wire: Wire): number {
  return times.get(wire) ?? 0;
}

/** Moves the wire's clock on. */
export function pass(wire: Wire, milliseconds: number): PlainEvent[] {
  const now = wireNow(wire) + milliseconds;
  times.set(wire, now);
  wire.tick(now);
  return drain(wire);
}

export interface Setup {
  readonly fast?: boolean;
  readonly extended?: boolean;
  readonly geometry?: WireGeometry | null;
  readonly limits?: Partial<WireLimits>;
  readonly identity?: Partial<WireIdentity>;
}

/** A dialled wire whose handshakes are through; its output is empty. Without Fast and extensions unless asked for. */
export function connect(setup: Setup = {}): Wire {
  const { fast = false, extended = false, geometry = GEOMETRY, limits = {}, identity = {} } = setup;
  const wire = new Wire({ role: 'dial', now: 0, infoHash: INFO_HASH, peerId: OUR_ID, limits, ...identity });
  if (geometry) wire.setGeometry(geometry);
  give(wire, encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, fast, extended }));
  if (wire.closed) throw wire.closed;
  wire.takeOutput();
  return wire;
}

/** The messages that wait to be sent. */
export function sent(wire: Wire, options: { handshake?: boolean } = {}): Message[] {
  const bytes = concatBytes(wire.takeOutput());
  return decodeAll(options.handshake ? bytes.subarray(HANDSHAKE_LENGTH) : bytes);
}

export function decodeAll(bytes: Uint8Array): Message[] {
  const messages: Message[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at);
    messages.push(decodeMessage(bytes.slice(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return messages;
}

/** The fault the events end with. */
export function faultOf(events: readonly PlainEvent[]): WireError['code'] | undefined {
  const last = events.at(-1);
  return last?.type === 'closed' ? last.error.code : undefined;
}
