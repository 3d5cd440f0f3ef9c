// Back-pressure: while its owner reads nothing, the peer cannot be late.
import { expect, test } from 'vitest';
import { encodeChoke, encodeKeepAlive, encodePiece, encodeUnchoke, Wire } from '../src/index.ts';
import { connect, faultOf, give, pass, sent } from './harness.ts';

test('silence is not held against a peer that nobody reads from, and begins anew with reading', () => {
  const wire = connect();
  pass(wire, 100_000);
  wire.readingPaused(100_000);
  expect(wire.nextWake()).toBe(190_000);
  expect(pass(wire, 10_000_000)).toEqual([]);
  expect(
    sent(wire).map(({ type }) => type),
    'ours go on',
  ).toContain('keepAlive');
  wire.readingResumed(10_100_000);
  pass(wire, 149_999);
  expect(wire.closed).toBeUndefined();
  expect(faultOf(pass(wire, 1))).toBe('ERR_WIRE_SILENCE');
});

test('what was received before the pause is read, and does not start the clock', () => {
  const wire = connect();
  give(wire, encodeUnchoke());
  wire.request(0, 0, 1_000);
  wire.receive(encodePiece(0, 0, new Uint8Array(1_000)), 0);
  expect(wire.poll()?.type).toBe('blockBegin');
  wire.readingPaused(0);
  expect([wire.poll()?.type, wire.poll()?.type, wire.poll()]).toEqual(['blockPart', 'blockEnd', undefined]);
  expect(pass(wire, 1_000_000)).toEqual([]);
});

test('the rejects it owes after a choke have their whole time again too', () => {
  const wire = connect({ fast: true });
  give(wire, encodeUnchoke());
  wire.request(0, 0, 16_384);
  give(wire, encodeChoke());
  pass(wire, 59_999);
  wire.readingPaused(59_999);
  expect(pass(wire, 1_000_000)).toEqual([]);
  wire.readingResumed(1_059_999);
  expect(pass(wire, 59_999)).toEqual([]);
  expect(pass(wire, 1)).toEqual([{ type: 'reject', piece: 0, begin: 0, length: 16_384 }]);
});

test('telling it twice changes nothing, nor does resuming what was not paused', () => {
  const wire = connect();
  give(wire, encodeKeepAlive());
  pass(wire, 100_000);
  wire.readingResumed(100_000);
  expect(faultOf(pass(wire, 50_000))).toBe('ERR_WIRE_SILENCE');
  const twice = connect();
  for (let i = 0; i < 2; i++) twice.readingPaused(0);
  twice.readingResumed(0);
  expect(faultOf(pass(twice, 150_000))).toBe('ERR_WIRE_SILENCE');
});

test('a handshake has its ten seconds all the same', () => {
  const wire = new Wire({ role: 'accept', now: 0 });
  wire.readingPaused(0);
  expect(faultOf(pass(wire, 10_000))).toBe('ERR_WIRE_HANDSHAKE_TIMEOUT');
});
