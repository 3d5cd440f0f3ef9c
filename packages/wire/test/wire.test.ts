// BEP 3: choking, interest, requests and blocks, have-maps, time.
import { Bitfield } from '@shoal/primitives';
import { expect, test } from 'vitest';
import {
  encodeBitfield,
  encodeCancel,
  encodeChoke,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeInterested,
  encodeKeepAlive,
  encodeNotInterested,
  encodePiece,
  encodePort,
  encodeRequest,
  encodeUnchoke,
} from '../src/index.ts';
import { connect, drain, faultOf, GEOMETRY, give, pass, sent } from './harness.ts';

const BLOCK = new Uint8Array(16_384).map((_, i) => i * 7);

test('both sides begin choked and not interested; only changes are told and sent', () => {
  const wire = connect();
  expect([wire.amChoking, wire.amInterested, wire.peerChoking, wire.peerInterested]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(give(wire, encodeUnchoke(), encodeUnchoke(), encodeInterested(), encodeInterested())).toEqual([
    { type: 'unchoke' },
    { type: 'interested' },
  ]);
  expect(give(wire, encodeChoke(), encodeChoke(), encodeNotInterested(), encodeNotInterested())).toEqual([
    { type: 'choke', dropped: [] },
    { type: 'notInterested' },
  ]);
  for (let i = 0; i < 2; i++) wire.unchoke();
  for (let i = 0; i < 2; i++) wire.interested();
  for (let i = 0; i < 2; i++) wire.choke();
  for (let i = 0; i < 2; i++) wire.notInterested();
  expect(sent(wire).map(({ type }) => type)).toEqual(['unchoke', 'interested', 'choke', 'notInterested']);
});

test('small messages leave in one buffer', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.interested();
  for (let begin = 0; begin < 65_536; begin += 16_384) wire.request(0, begin, 16_384);
  expect(wire.outputBytes).toBe(5 + 4 * 17);
  expect(wire.takeOutput().length).toBe(1);
  expect(wire.counters.bytesOut).toBe(68 + 5 + 4 * 17);
});

test('a request is answered by its block, which comes as views of the chunk', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(3, 16_384, 16_384);
  expect(wire.requests()).toEqual([{ piece: 3, begin: 16_384, length: 16_384 }]);
  const chunk = encodePiece(3, 16_384, BLOCK);
  wire.receive(chunk.subarray(0, 5_000), 0);
  expect(wire.poll()).toMatchObject({ type: 'blockBegin', piece: 3, begin: 16_384, length: 16_384, wanted: true });
  const part = wire.poll();
  expect(part).toMatchObject({ type: 'blockPart', offset: 0, start: 13, end: 5_000 });
  expect(part?.type === 'blockPart' && part.bytes.buffer === chunk.buffer).toBe(true);
  expect(wire.poll()).toBeUndefined();
  expect(wire.outstanding).toBe(1);
  wire.receive(chunk.subarray(5_000), 0);
  const second = wire.poll();
  expect(second).toBe(part);
  expect(second).toMatchObject({ offset: 4_987, wanted: true });
  expect(wire.poll()).toMatchObject({ type: 'blockEnd', piece: 3, length: 16_384, wanted: true });
  expect(wire.poll()).toBeUndefined();
  expect(wire.outstanding).toBe(0);
  expect(wire.counters).toMatchObject({ payloadIn: 16_384, wastedIn: 0, unrequestedBlocks: 0 });
});

test('a choke drops our requests; blocks that were on their way are a race', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  wire.request(0, 16_384, 16_384);
  expect(give(wire, encodeChoke())).toEqual([
    {
      type: 'choke',
      dropped: [
        { piece: 0, begin: 0, length: 16_384 },
        { piece: 0, begin: 16_384, length: 16_384 },
      ],
    },
  ]);
  expect(wire.outstanding).toBe(0);
  expect(() => wire.request(1, 0, 16_384)).toThrow(/chokes us/);
  expect(give(wire, encodePiece(0, 0, BLOCK))).toMatchObject([{ type: 'block', wanted: false }]);
  expect(wire.counters).toMatchObject({ payloadIn: 0, wastedIn: 16_384, unrequestedBlocks: 1 });
});

test('a cancelled block may still come; one asked for again is wanted', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  wire.cancel(0, 0, 16_384);
  wire.cancel(0, 0, 16_384);
  expect(sent(wire).map(({ type }) => type)).toEqual(['request', 'cancel']);
  expect(wire.outstanding).toBe(0);
  wire.request(0, 0, 16_384);
  expect(give(wire, encodePiece(0, 0, BLOCK))).toMatchObject([{ wanted: true }]);
  expect(give(wire, encodePiece(0, 0, BLOCK))).toMatchObject([{ wanted: false }]);
  expect(wire.closed).toBeUndefined();
});

test('cancelling the block that is arriving sends nothing and disowns the rest', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  sent(wire);
  const chunk = encodePiece(0, 0, BLOCK);
  wire.receive(chunk.subarray(0, 1_013), 0);
  drain(wire);
  wire.cancel(0, 0, 16_384);
  expect(wire.outputBytes).toBe(0);
  wire.receive(chunk.subarray(1_013), 0);
  expect(wire.poll()).toMatchObject({ type: 'blockPart', wanted: false });
  expect(wire.poll()).toMatchObject({ type: 'blockEnd', wanted: false });
  expect(wire.counters).toMatchObject({ payloadIn: 1_000, wastedIn: 15_384 });
});

test('the peer asks, we answer in its order; header and block are two buffers', () => {
  const wire = connect();
  wire.unchoke();
  sent(wire);
  const events = give(wire, encodeRequest(1, 0, 16_384), encodeRequest(1, 16_384, 16_384));
  expect(events).toEqual([
    { type: 'request', piece: 1, begin: 0, length: 16_384 },
    { type: 'request', piece: 1, begin: 16_384, length: 16_384 },
  ]);
  expect(wire.nextPeerRequest()).toEqual({ piece: 1, begin: 0, length: 16_384 });
  expect(wire.piece(1, 0, BLOCK)).toBe(true);
  expect(wire.piece(1, 0, BLOCK)).toBe(false);
  const output = wire.takeOutput();
  expect(output.map(({ length }) => length)).toEqual([13, 16_384]);
  expect(output[1]).toBe(BLOCK);
  expect(wire.peerRequests()).toEqual([{ piece: 1, begin: 16_384, length: 16_384 }]);
  expect(wire.counters.payloadOut).toBe(16_384);
});

test('without Fast a cancel, a refusal and our choke are silent', () => {
  const wire = connect();
  wire.unchoke();
  const requests = [0, 1, 2, 3].map((block) => encodeRequest(1, block * 16_384, 16_384));
  give(wire, ...requests);
  sent(wire);
  expect(give(wire, encodeCancel(1, 0, 16_384), encodeCancel(1, 0, 16_384))).toEqual([
    { type: 'cancel', piece: 1, begin: 0, length: 16_384 },
  ]);
  expect(wire.reject(1, 16_384, 16_384)).toBe(true);
  wire.allowedFast(1);
  wire.suggest(1);
  wire.choke();
  expect(wire.peerRequestCount).toBe(0);
  expect(wire.piece(1, 32_768, BLOCK)).toBe(false);
  expect(sent(wire)).toEqual([{ type: 'choke' }]);
});

test('a bitfield, haves and what they add up to', () => {
  const wire = connect();
  expect(wire.peerHave?.isEmpty).toBe(true);
  expect(give(wire, encodeBitfield(Uint8Array.of(0x80, 0x40)))).toEqual([{ type: 'haves' }]);
  expect(give(wire, encodeHave(9), encodeHave(5), encodeHave(5))).toEqual([{ type: 'have', piece: 5 }]);
  expect([...(wire.peerHave ?? [])]).toEqual([0, 5, 9]);
});

test('extended handshake and port may go before the haves, nothing else', () => {
  const early = connect({ extended: true });
  const extended = encodeExtended(0, new TextEncoder().encode('de'));
  const bitfield = encodeBitfield(Uint8Array.of(0xff, 0xc0));
  const events = give(early, extended, encodePort(1), encodeKeepAlive(), bitfield);
  expect(events.map(({ type }) => type)).toEqual(['extendedHandshake', 'port', 'haves']);
  for (const first of [encodeUnchoke(), encodeInterested(), encodeHave(0), Uint8Array.of(0, 0, 0, 1, 77)]) {
    expect(faultOf(give(connect({ fast: true }), first, encodeHaveAll()))).toBe('ERR_WIRE_ORDER');
  }
});

test('a later bitfield replaces what was known, as aria2 sends it in place of many haves, but not endlessly', () => {
  const wire = connect({ limits: { laterBitfields: 2 } });
  const bits = (first: number): Uint8Array => encodeBitfield(Uint8Array.of(first, 0));
  give(wire, bits(0x80), encodeHave(1));
  expect(give(wire, bits(0xe0))).toEqual([{ type: 'haves' }]);
  expect([...(wire.peerHave ?? [])]).toEqual([0, 1, 2]);
  expect(faultOf(give(wire, encodeBitfield(Uint8Array.of(0x80))))).toBe('ERR_WIRE_BITFIELD');
  const flood = connect({ limits: { laterBitfields: 2 } });
  give(flood, encodeInterested(), bits(0x80), bits(0xc0));
  expect(faultOf(give(flood, bits(0xe0)))).toBe('ERR_WIRE_FLOOD');
});

test('what came before the geometry is validated and told when it is known', () => {
  const wire = connect({ geometry: null });
  expect(give(wire, encodeBitfield(Uint8Array.of(0x80, 0)), encodeHave(8))).toEqual([]);
  expect(wire.peerHave).toBeUndefined();
  wire.setGeometry(GEOMETRY);
  expect(drain(wire)).toEqual([{ type: 'haves' }]);
  expect([...(wire.peerHave ?? [])]).toEqual([0, 8]);
  expect(() => wire.setGeometry(GEOMETRY)).toThrow(RangeError);
  const all = connect({ geometry: null, fast: true });
  give(all, encodeHaveAll());
  all.setGeometry(GEOMETRY);
  expect(all.peerHave?.isFull).toBe(true);
});

test.each([
  ['a bitfield of another length', encodeBitfield(Uint8Array.of(0x80)), 'ERR_WIRE_BITFIELD'],
  ['a spare bit', encodeBitfield(Uint8Array.of(0, 0x20)), 'ERR_WIRE_BITFIELD'],
  ['a piece outside', encodeHave(10), 'ERR_WIRE_RANGE'],
])('before and after the geometry is known: %s', (_, message, code) => {
  const late = connect({ geometry: null });
  give(late, message);
  late.setGeometry(GEOMETRY);
  expect(faultOf(drain(late))).toBe(code);
  expect(faultOf(give(connect(), message))).toBe(code);
});

test('our bitfield goes first or not at all, an empty one not at all', () => {
  const have = new Bitfield(10);
  const empty = connect();
  empty.bitfield(have);
  expect(sent(empty)).toEqual([]);
  have.set(3);
  const some = connect();
  some.port(6881);
  some.bitfield(have);
  expect(sent(some)).toEqual([
    { type: 'port', port: 6881 },
    { type: 'bitfield', bytes: Uint8Array.of(0x10, 0) },
  ]);
  expect(() => some.bitfield(have)).toThrow(/first message/);
  expect(() => connect().bitfield(new Bitfield(9))).toThrow(/10 pieces, not 9/);
  const late = connect();
  late.unchoke();
  expect(() => late.bitfield(have)).toThrow(RangeError);
});

test('misuse by the owner is a RangeError and changes nothing', () => {
  const wire = connect();
  expect(() => wire.request(0, 0, 16_384)).toThrow(/chokes us/);
  give(wire, encodeUnchoke());
  for (const [piece, begin, length] of [
    [10, 0, 1],
    [-1, 0, 1],
    [0.5, 0, 1],
    [9, 0, 1_001],
    [0, 65_536, 1],
    [0, 0, 0],
    [0, -1, 2],
    [0, 0, 131_073],
    [0, 0.5, 1],
  ] as const) {
    expect(() => wire.request(piece, begin, length)).toThrow(RangeError);
  }
  wire.request(9, 0, 1_000);
  expect(() => wire.request(9, 0, 1_000)).toThrow(/already/);
  expect(() => wire.have(10)).toThrow(RangeError);
  expect(() => wire.port(0)).toThrow(RangeError);
  expect(() => connect({ geometry: null }).have(0)).toThrow(RangeError);
  expect(sent(wire).length).toBe(1);
});

test('ninety seconds after our last message a keep-alive goes out; 150 s of silence are the end', () => {
  const wire = connect();
  expect(wire.nextWake()).toBe(90_000);
  expect(pass(wire, 89_999)).toEqual([]);
  expect(wire.outputBytes).toBe(0);
  pass(wire, 1);
  expect(sent(wire)).toEqual([{ type: 'keepAlive' }]);
  expect(wire.nextWake()).toBe(150_000);
  give(wire, encodeKeepAlive());
  expect(wire.nextWake()).toBe(180_000);
  wire.interested();
  pass(wire, 149_999);
  expect(sent(wire).map(({ type }) => type)).toEqual(['interested', 'keepAlive']);
  expect(faultOf(pass(wire, 1))).toBe('ERR_WIRE_SILENCE');
});

test('a slow block is no silence; a dripped message is', () => {
  const slow = connect();
  give(slow, encodeUnchoke());
  slow.request(0, 0, 16_384);
  const block = encodePiece(0, 0, BLOCK);
  for (let at = 0; at < 400; at += 100) {
    give(slow, block.subarray(at, at + 100));
    expect(faultOf(pass(slow, 100_000))).toBeUndefined();
  }
  const dripped = connect();
  const request = encodeRequest(0, 0, 1);
  give(dripped, request.subarray(0, 5));
  pass(dripped, 100_000);
  give(dripped, request.subarray(5, 6));
  expect(faultOf(pass(dripped, 50_000))).toBe('ERR_WIRE_SILENCE');
});

test('the end is told once; afterwards commands and bytes do nothing', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  wire.fault('ERR_WIRE_BAD_DATA', 'piece 0 failed');
  wire.fault('ERR_WIRE_CLOSED', 'again');
  expect(drain(wire)).toMatchObject([
    { type: 'closed', error: { code: 'ERR_WIRE_BAD_DATA', message: 'piece 0 failed' } },
  ]);
  expect(drain(wire)).toEqual([]);
  wire.unchoke();
  wire.request(0, 0, -1);
  wire.tick(1e9);
  wire.bitfield(new Bitfield(1));
  wire.setGeometry(GEOMETRY);
  expect(give(wire, encodeChoke())).toEqual([]);
  expect(wire.takeOutput()).toEqual([]);
  expect(wire.nextWake()).toBe(Number.POSITIVE_INFINITY);
  expect(wire.requests().length).toBe(1);
});
