// BEP 6: have all and none, suggest, reject, allowed fast, and what a choke means with them.
import { Bitfield } from '@shoal/primitives';
import { expect, test } from 'vitest';
import {
  encodeAllowedFast,
  encodeCancel,
  encodeChoke,
  encodeHaveAll,
  encodeHaveNone,
  encodePiece,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  encodeUnchoke,
} from '../src/index.ts';
import { connect, drain, faultOf, GEOMETRY, give, pass, sent } from './harness.ts';

const BLOCK = new Uint8Array(16_384).fill(5);
const FAST = { fast: true } as const;

test('each Fast message without the extension is a fault', () => {
  for (const message of [
    encodeHaveAll(),
    encodeHaveNone(),
    encodeSuggest(0),
    encodeReject(0, 0, 1),
    encodeAllowedFast(0),
  ]) {
    expect(faultOf(give(connect(), message))).toBe('ERR_WIRE_ORDER');
  }
});

test('have all and have none, once', () => {
  const all = connect(FAST);
  expect(give(all, encodeHaveAll())).toEqual([{ type: 'haves' }]);
  expect(all.peerHave?.isFull).toBe(true);
  expect(faultOf(give(all, encodeHaveNone()))).toBe('ERR_WIRE_ORDER');
  const none = connect(FAST);
  expect(give(none, encodeHaveNone())).toEqual([{ type: 'haves' }]);
  expect(none.peerHave?.isEmpty).toBe(true);
});

test('ours takes the shortest form, and none is said before anything else where there was no bitfield', () => {
  const have = new Bitfield(10);
  const none = connect(FAST);
  none.bitfield(have);
  expect(sent(none)).toEqual([{ type: 'haveNone' }]);
  have.set(0);
  const some = connect(FAST);
  some.bitfield(have);
  expect(sent(some)).toMatchObject([{ type: 'bitfield' }]);
  have.fill();
  const all = connect(FAST);
  all.bitfield(have);
  all.unchoke();
  expect(sent(all).map(({ type }) => type)).toEqual(['haveAll', 'unchoke']);
  const implied = connect(FAST);
  implied.port(1);
  implied.have(2);
  expect(sent(implied).map(({ type }) => type)).toEqual(['port', 'haveNone', 'have']);
});

test('a choke drops nothing: each request is answered or rejected', () => {
  const wire = connect(FAST);
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  wire.request(0, 16_384, 16_384);
  expect(give(wire, encodeChoke())).toEqual([{ type: 'choke', dropped: [] }]);
  expect(wire.outstanding).toBe(2);
  expect(give(wire, encodePiece(0, 0, BLOCK), encodeReject(0, 16_384, 16_384))).toMatchObject([
    { type: 'block', wanted: true },
    { type: 'reject', piece: 0, begin: 16_384, length: 16_384 },
  ]);
  expect(wire.outstanding).toBe(0);
});

test('a choke without rejects gives up after a minute, allowed-fast pieces and an arriving block aside', () => {
  const wire = connect(FAST);
  give(wire, encodeUnchoke(), encodeAllowedFast(7));
  wire.request(0, 0, 16_384);
  wire.request(1, 0, 16_384);
  wire.request(7, 0, 16_384);
  give(wire, encodeChoke());
  const block = encodePiece(0, 0, BLOCK);
  give(wire, block.subarray(0, 100));
  expect(wire.nextWake()).toBe(60_000);
  expect(pass(wire, 60_000)).toEqual([{ type: 'reject', piece: 1, begin: 0, length: 16_384 }]);
  expect(wire.requests().map(({ piece }) => piece)).toEqual([0, 7]);
  expect(give(wire, block.subarray(100))).toMatchObject([{ type: 'block', wanted: true }]);
  // The reject and the block that come too late are races.
  expect(give(wire, encodeReject(1, 0, 16_384))).toEqual([]);
  expect(wire.closed).toBeUndefined();
});

test('an unchoke ends the wait for rejects', () => {
  const wire = connect(FAST);
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  give(wire, encodeChoke(), encodeUnchoke());
  expect(pass(wire, 60_000)).toEqual([]);
  expect(wire.outstanding).toBe(1);
});

test('while choked, allowed-fast pieces may be asked for', () => {
  const wire = connect(FAST);
  expect(give(wire, encodeAllowedFast(4), encodeAllowedFast(4))).toEqual([{ type: 'allowedFast', piece: 4 }]);
  expect([wire.canRequest(4), wire.canRequest(5)]).toEqual([true, false]);
  wire.request(4, 0, 16_384);
  expect(() => wire.request(5, 0, 16_384)).toThrow(/not allowed fast/);
  expect(give(wire, encodePiece(4, 0, BLOCK))).toMatchObject([{ wanted: true }]);
});

test('allowed-fast pieces named before the geometry are kept, and validated later', () => {
  const wire = connect({ fast: true, geometry: null });
  give(wire, encodeAllowedFast(4));
  expect(wire.canRequest(4)).toBe(false);
  wire.setGeometry(GEOMETRY);
  expect(wire.canRequest(4)).toBe(true);
  const liar = connect({ fast: true, geometry: null });
  give(liar, encodeAllowedFast(10));
  liar.setGeometry(GEOMETRY);
  expect(faultOf(drain(liar))).toBe('ERR_WIRE_RANGE');
});

test('we choke first and reject then, allowed-fast pieces excepted', () => {
  const wire = connect(FAST);
  wire.unchoke();
  wire.allowedFast(2);
  wire.allowedFast(2);
  give(wire, encodeRequest(1, 0, 16_384), encodeRequest(2, 0, 16_384), encodeRequest(3, 0, 16_384));
  sent(wire);
  wire.choke();
  expect(sent(wire)).toEqual([
    { type: 'choke' },
    { type: 'reject', piece: 1, begin: 0, length: 16_384 },
    { type: 'reject', piece: 3, begin: 0, length: 16_384 },
  ]);
  expect(wire.piece(2, 0, BLOCK)).toBe(true);
  expect(give(wire, encodeRequest(2, 16_384, 16_384))).toMatchObject([{ type: 'request', piece: 2 }]);
});

test('requests while choked, cancelled or refused are each rejected once', () => {
  const wire = connect(FAST);
  expect(give(wire, encodeRequest(1, 0, 16_384))).toEqual([]);
  expect(sent(wire).map(({ type }) => type)).toEqual(['haveNone', 'reject']);
  wire.unchoke();
  give(wire, encodeRequest(1, 0, 16_384), encodeRequest(2, 0, 16_384));
  sent(wire);
  expect(give(wire, encodeCancel(1, 0, 16_384), encodeCancel(1, 0, 16_384))).toMatchObject([{ type: 'cancel' }]);
  expect(wire.reject(2, 0, 16_384)).toBe(true);
  expect(wire.reject(2, 0, 16_384)).toBe(false);
  expect(sent(wire)).toEqual([
    { type: 'reject', piece: 1, begin: 0, length: 16_384 },
    { type: 'reject', piece: 2, begin: 0, length: 16_384 },
  ]);
});

test('one request twice is owed two answers', () => {
  const wire = connect(FAST);
  wire.unchoke();
  expect(give(wire, encodeRequest(1, 0, 16_384), encodeRequest(1, 0, 16_384)).length).toBe(2);
  expect([wire.piece(1, 0, BLOCK), wire.piece(1, 0, BLOCK), wire.piece(1, 0, BLOCK)]).toEqual([true, true, false]);
});

test('the reject that answers our cancel does not hit the same request made anew', () => {
  const wire = connect(FAST);
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  wire.cancel(0, 0, 16_384);
  wire.request(0, 0, 16_384);
  expect(give(wire, encodeReject(0, 0, 16_384))).toEqual([]);
  expect(wire.outstanding).toBe(1);
  expect(give(wire, encodePiece(0, 0, BLOCK))).toMatchObject([{ wanted: true }]);
});

test('suggestions are passed on, to a bound, and must name a piece', () => {
  const wire = connect({ fast: true, limits: { suggestions: 2 } });
  const suggest = encodeSuggest(3);
  expect(give(wire, suggest, suggest, suggest)).toEqual([
    { type: 'suggest', piece: 3 },
    { type: 'suggest', piece: 3 },
  ]);
  expect(faultOf(give(wire, encodeSuggest(10)))).toBe('ERR_WIRE_RANGE');
  expect(give(connect({ fast: true, geometry: null }), suggest)).toEqual([]);
  const ours = connect(FAST);
  ours.suggest(3);
  expect(sent(ours)).toEqual([{ type: 'haveNone' }, { type: 'suggest', piece: 3 }]);
});

test('Fast is spoken only when both ends offer it', () => {
  const wire = connect({ fast: true, identity: { fast: false } });
  expect(wire.fast).toBe(false);
  expect(faultOf(give(wire, encodeHaveAll()))).toBe('ERR_WIRE_ORDER');
});
