import { concatBytes } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { decodeHandshake, encodeHandshake, HANDSHAKE_LENGTH, Wire } from '../src/index.ts';
import { drain, faultOf, give, INFO_HASH, OUR_ID, PEER_ID, pass, sent } from './harness.ts';

const peerHandshake = (features = {}): Uint8Array =>
  encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, ...features });
const dial = (): Wire => new Wire({ role: 'dial', now: 0, infoHash: INFO_HASH, peerId: OUR_ID });

test('68 bytes with the reserved bits of BEPs 5, 6 and 10 where they belong', () => {
  const bytes = peerHandshake({ fast: true, extended: true, dht: true });
  expect(bytes.length).toBe(68);
  expect(new TextDecoder().decode(bytes.subarray(0, 20))).toBe('\x13BitTorrent protocol');
  expect([...bytes.subarray(20, 28)]).toEqual([0, 0, 0, 0, 0, 0x10, 0, 0x05]);
  expect(decodeHandshake(bytes)).toEqual({
    infoHash: INFO_HASH,
    peerId: PEER_ID,
    reserved: Uint8Array.of(0, 0, 0, 0, 0, 0x10, 0, 5),
    fast: true,
    extended: true,
    dht: true,
  });
  expect(() => encodeHandshake({ infoHash: new Uint8Array(32), peerId: PEER_ID })).toThrow(RangeError);
  expect(() => encodeHandshake({ infoHash: INFO_HASH, peerId: new Uint8Array(19) })).toThrow(RangeError);
});

test('decoding refuses another protocol and another length', () => {
  expect(() => decodeHandshake(peerHandshake().subarray(1))).toThrow(/byte 0 of the handshake is 66, not 19/);
  expect(() => decodeHandshake(peerHandshake().subarray(0, 67))).toThrow(/68 bytes, not 67/);
});

test('a dialling wire speaks first, and tells the peer apart', () => {
  const wire = dial();
  const [ours] = wire.takeOutput();
  expect(decodeHandshake(ours as Uint8Array)).toMatchObject({ peerId: OUR_ID, fast: true, extended: true, dht: false });
  expect(() => wire.interested()).toThrow(/not through/);
  const events = give(wire, peerHandshake({ dht: true }));
  expect(events).toMatchObject([{ type: 'handshake', fast: false, extended: false, dht: true }]);
  expect(wire.peerHasDht).toBe(true);
  expect([wire.fast, wire.extended, wire.peerId, wire.infoHash]).toEqual([false, false, PEER_ID, INFO_HASH]);
});

test('the first wrong byte is refused, without waiting for 68', () => {
  expect(faultOf(give(dial(), Uint8Array.of(0x12)))).toBe('ERR_WIRE_HANDSHAKE');
  expect(faultOf(give(dial(), Uint8Array.of(0x13, 0x62)))).toBe('ERR_WIRE_HANDSHAKE');
});

test('another torrent and our own peer id are refused', () => {
  const other = encodeHandshake({ infoHash: new Uint8Array(20), peerId: PEER_ID });
  expect(faultOf(give(dial(), other))).toBe('ERR_WIRE_INFO_HASH');
  const self = encodeHandshake({ infoHash: INFO_HASH, peerId: OUR_ID });
  expect(faultOf(give(dial(), self))).toBe('ERR_WIRE_SELF');
  const accepted = new Wire({ role: 'accept', now: 0 });
  give(accepted, self);
  accepted.accept({ infoHash: INFO_HASH, peerId: OUR_ID });
  expect(faultOf(drain(accepted))).toBe('ERR_WIRE_SELF');
  const [answer] = accepted.takeOutput();
  expect(faultOf(give(dial(), answer as Uint8Array)), 'the answer tells the dialling side').toBe('ERR_WIRE_SELF');
});

test('an accepting wire is silent until it is told who it is, and loses nothing that came early', () => {
  const wire = new Wire({ role: 'accept', now: 0 });
  wire.setGeometry({ pieceCount: 1, pieceSize: () => 1 });
  const interested = Uint8Array.of(0, 0, 0, 1, 2);
  const chunk = concatBytes([peerHandshake({ fast: true }), interested.subarray(0, 3)]);
  wire.receive(chunk, 0);
  expect(drain(wire)).toMatchObject([{ type: 'handshake', fast: true }]);
  chunk.fill(0xff);
  expect(give(wire, interested.subarray(3))).toEqual([]);
  expect(wire.outputBytes).toBe(0);
  expect(wire.infoHash).toEqual(INFO_HASH);
  wire.accept({ infoHash: INFO_HASH, peerId: OUR_ID });
  expect(decodeHandshake(wire.takeOutput()[0]?.subarray(0, HANDSHAKE_LENGTH) as Uint8Array).peerId).toEqual(OUR_ID);
  expect(drain(wire)).toEqual([{ type: 'interested' }]);
  expect(() => wire.accept({ infoHash: INFO_HASH, peerId: OUR_ID })).toThrow(RangeError);
});

test('accepting inside the loop of poll reads on in the same chunk', () => {
  const wire = new Wire({ role: 'accept', now: 0 });
  wire.receive(concatBytes([peerHandshake(), Uint8Array.of(0, 0, 0, 1, 2)]), 0);
  const events = drain(wire, (event) => {
    if (event.type === 'handshake') wire.accept({ infoHash: event.infoHash, peerId: OUR_ID });
  });
  expect(events.map(({ type }) => type)).toEqual(['handshake', 'interested']);
});

test('what piles up behind a handshake that nobody answers is bounded', () => {
  const wire = new Wire({ role: 'accept', now: 0, limits: { heldBytes: 100 } });
  give(wire, peerHandshake());
  expect(give(wire, new Uint8Array(100))).toEqual([]);
  expect(faultOf(give(wire, new Uint8Array(1)))).toBe('ERR_WIRE_FLOOD');
});

test('a handshake takes ten seconds at most, drip-fed or not, answered or not', () => {
  const dripped = new Wire({ role: 'accept', now: 0 });
  for (let second = 0; second < 9; second++) {
    give(dripped, peerHandshake().subarray(second, second + 1));
    expect(pass(dripped, 1_000)).toEqual([]);
  }
  expect(dripped.nextWake()).toBe(10_000);
  expect(faultOf(pass(dripped, 1_000))).toBe('ERR_WIRE_HANDSHAKE_TIMEOUT');
  expect(dripped.nextWake()).toBe(Number.POSITIVE_INFINITY);
  const unanswered = new Wire({ role: 'accept', now: 0 });
  give(unanswered, peerHandshake());
  expect(faultOf(pass(unanswered, 10_000))).toBe('ERR_WIRE_HANDSHAKE_TIMEOUT');
});

test('a chunk before the last one was read is misuse', () => {
  const wire = dial();
  wire.receive(peerHandshake(), 0);
  expect(() => wire.receive(peerHandshake(), 0)).toThrow(RangeError);
  drain(wire);
  wire.receive(Uint8Array.of(0, 0), 0);
  expect(() => wire.receive(Uint8Array.of(0, 0), 0)).toThrow(/2 bytes of the last chunk/);
  drain(wire);
  give(wire, Uint8Array.of(0, 0));
  expect(sent(wire, { handshake: true })).toEqual([]);
});
