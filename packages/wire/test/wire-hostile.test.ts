// What a peer sends on purpose: each costs it the connection, or us a bounded amount.
import { concatBytes } from '@shoal/primitives';
import { expect, test } from 'vitest';
import {
  encodeAllowedFast,
  encodeBitfield,
  encodeExtended,
  encodeHave,
  encodePiece,
  encodeReject,
  encodeRequest,
  encodeUnchoke,
} from '../src/index.ts';
import { connect, faultOf, give, sent } from './harness.ts';

test.each([
  ['a message of 4 GiB', [0xff, 0xff, 0xff, 0xff, 20]],
  ['an unknown message past its cap', [0, 0x10, 0, 2, 200]],
  ['a choke with a payload', [0, 0, 0, 2, 0]],
  ['an extended message without an id', [0, 0, 0, 1, 20]],
  ['a block over 128 KiB', [0, 2, 0, 10, 7]],
  ['a block of nothing', [0, 0, 0, 9, 7]],
  ['a bitfield longer than the torrent', [0, 0, 0, 4, 5]],
])('%s is refused by its first five bytes', (_, head) => {
  expect(faultOf(give(connect({ extended: true }), Uint8Array.from(head)))).toBe('ERR_WIRE_LENGTH');
});

test('without a geometry a bitfield is capped, and so is the memory of early haves', () => {
  const wire = connect({ geometry: null });
  const head = encodeBitfield(new Uint8Array(262_145)).subarray(0, 5);
  expect(faultOf(give(wire, head))).toBe('ERR_WIRE_LENGTH');
  expect(give(connect({ geometry: null }), encodeHave(2_097_151))).toEqual([]);
  expect(faultOf(give(connect({ geometry: null }), encodeHave(2_097_152)))).toBe('ERR_WIRE_RANGE');
});

test('unknown messages are skipped however they are cut', () => {
  const wire = connect();
  const unknown = Uint8Array.from([0, 0, 0, 4, 99, 1, 2, 3]);
  expect(give(wire, unknown, encodeUnchoke())).toEqual([{ type: 'unchoke' }]);
  for (const byte of unknown) expect(give(wire, Uint8Array.of(byte))).toEqual([]);
  expect(give(wire, encodeHave(1))).toEqual([{ type: 'have', piece: 1 }]);
});

test.each([
  ['a piece that is not there', 10, 0, 16_384],
  ['past the end of a short piece', 9, 0, 1_001],
  ['past the end of a piece', 0, 65_536, 1],
  ['an overflowing sum', 0, 0xffffffff, 0xffffffff],
  ['nothing', 0, 0, 0],
])('a request for %s is a fault, choked or not', (_, piece, begin, length) => {
  const wire = connect();
  expect(faultOf(give(wire, encodeRequest(piece, begin, length)))).toBe('ERR_WIRE_RANGE');
});

test('a request over 128 KiB is refused even where the piece is longer', () => {
  const geometry = { pieceCount: 1, pieceSize: () => 1_048_576 };
  const wire = connect({ geometry });
  wire.unchoke();
  expect(give(wire, encodeRequest(0, 0, 131_072))).toMatchObject([{ type: 'request' }]);
  expect(faultOf(give(wire, encodeRequest(0, 0, 131_073)))).toBe('ERR_WIRE_RANGE');
});

test('a block outside the torrent is a fault at once', () => {
  expect(faultOf(give(connect(), encodePiece(10, 0, new Uint8Array(1))))).toBe('ERR_WIRE_RANGE');
  expect(faultOf(give(connect(), encodePiece(9, 999, new Uint8Array(2))))).toBe('ERR_WIRE_RANGE');
});

test('2,000 requests wait at most; what is over is rejected with Fast and dropped without', () => {
  for (const fast of [true, false]) {
    const wire = connect({ fast });
    wire.unchoke();
    sent(wire);
    const flood = Array.from({ length: 2_010 }, (_, i) => encodeRequest(0, i, 16));
    wire.receive(concatBytes(flood), 0);
    let told = 0;
    while (wire.poll() !== undefined) told++;
    wire.checkInvariants();
    expect(told).toBe(2_000);
    expect(wire.peerRequestCount).toBe(2_000);
    expect(wire.counters.refusedRequests).toBe(10);
    expect(sent(wire).filter(({ type }) => type === 'reject').length).toBe(fast ? 10 : 0);
    expect(wire.closed).toBeUndefined();
  }
});

test('requests while choked are a race until there are too many', () => {
  const wire = connect({ limits: { chokedRequests: 3 } });
  const request = encodeRequest(0, 0, 16);
  expect(give(wire, request, request, request)).toEqual([]);
  wire.unchoke();
  wire.choke();
  expect(give(wire, request, request, request)).toEqual([]);
  expect(faultOf(give(wire, request))).toBe('ERR_WIRE_FLOOD');
});

test('a peer that causes rejects without reading them is cut off', () => {
  const wire = connect({ fast: true, limits: { unreadReplies: 5, queuedRequests: 0 } });
  wire.unchoke();
  const request = encodeRequest(0, 0, 16);
  for (let round = 0; round < 3; round++) {
    expect(give(wire, request, request, request, request, request)).toEqual([]);
    expect(sent(wire).filter(({ type }) => type === 'reject').length).toBe(5);
  }
  expect(faultOf(give(wire, ...new Array<Uint8Array>(6).fill(request)))).toBe('ERR_WIRE_FLOOD');
});

test('our own choke never faults, however much it rejects', () => {
  const wire = connect({ fast: true, limits: { unreadReplies: 5 } });
  wire.unchoke();
  give(wire, ...Array.from({ length: 100 }, (_, i) => encodeRequest(0, i, 16)));
  wire.choke();
  expect(wire.closed).toBeUndefined();
});

test('blocks and rejects that nobody asked for are counted, and past the bound a fault', () => {
  const block = encodePiece(0, 0, new Uint8Array(10));
  const wire = connect({ limits: { unrequestedBlocks: 2 } });
  expect(give(wire, block, block)).toMatchObject([{ wanted: false }, { wanted: false }]);
  expect(wire.counters.unrequestedBlocks).toBe(2);
  expect(faultOf(give(wire, block))).toBe('ERR_WIRE_UNREQUESTED');
  const rejecting = connect({ fast: true, limits: { unrequestedBlocks: 1 } });
  expect(give(rejecting, encodeReject(0, 0, 1))).toEqual([]);
  expect(faultOf(give(rejecting, encodeReject(0, 0, 1)))).toBe('ERR_WIRE_UNREQUESTED');
});

test('races are forgiven as often as they can have happened, not oftener', () => {
  const wire = connect({ limits: { unrequestedBlocks: 0 } });
  give(wire, encodeUnchoke());
  for (let begin = 0; begin < 100; begin += 10) {
    wire.request(0, begin, 10);
    wire.cancel(0, begin, 10);
  }
  for (let begin = 0; begin < 100; begin += 10) {
    expect(give(wire, encodePiece(0, begin, new Uint8Array(10)))).toMatchObject([{ wanted: false }]);
  }
  expect(faultOf(give(wire, encodePiece(0, 0, new Uint8Array(10))))).toBe('ERR_WIRE_UNREQUESTED');
});

test('the memory of what was cancelled is bounded', () => {
  const wire = connect({ limits: { queuedRequests: 4 } });
  give(wire, encodeUnchoke());
  for (let begin = 0; begin < 1_000; begin++) {
    wire.request(0, begin, 10);
    wire.cancel(0, begin, 10);
    wire.checkInvariants();
  }
});

test('a block of another length than asked for is not the one we wait for', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16);
  expect(give(wire, encodePiece(0, 0, new Uint8Array(15)))).toMatchObject([{ wanted: false }]);
  expect(wire.outstanding).toBe(1);
});

test('allowed-fast pieces are kept to a bound', () => {
  const wire = connect({ fast: true, limits: { allowedFast: 2 } });
  expect(give(wire, encodeAllowedFast(0), encodeAllowedFast(1), encodeAllowedFast(2)).length).toBe(2);
  expect(wire.canRequest(2)).toBe(false);
});

test('without a geometry the peer gets nothing and a request is no event', () => {
  const wire = connect({ geometry: null, fast: true });
  wire.unchoke();
  sent(wire);
  expect(give(wire, encodeRequest(0xffffffff, 0, 16))).toEqual([]);
  expect(sent(wire)).toMatchObject([{ type: 'reject', piece: 0xffffffff }]);
});

test('extended messages without the extension protocol are a fault', () => {
  expect(faultOf(give(connect(), encodeExtended(0, new TextEncoder().encode('de'))))).toBe('ERR_WIRE_ORDER');
});

test('announcing a megabyte does not make us allocate it', () => {
  const wire = connect({ extended: true });
  const head = encodeExtended(1, new Uint8Array(1_048_576)).subarray(0, 600);
  const before = process.memoryUsage().arrayBuffers;
  const wires = Array.from({ length: 50 }, () => connect({ extended: true }));
  for (const each of wires) give(each, head);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  expect(wire.closed).toBeUndefined();
});
