// BEP 10: the extended handshake, ids, and what stands between an extension and its connection.
import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import {
  decodeExtendedHandshake,
  type ExtendedHandshake,
  type Extension,
  type ExtensionContext,
  type ExtensionFactory,
  encodeExtended,
  encodeExtendedHandshake,
  encodeHandshake,
  Wire,
} from '../src/index.ts';
import { connect, drain, faultOf, give, INFO_HASH, OUR_ID, PEER_ID, type PlainEvent, pass, sent } from './harness.ts';

interface Recorder {
  readonly factory: ExtensionFactory;
  readonly messages: string[];
  readonly handshakes: ExtendedHandshake[];
  readonly ticks: number[];
  closed: number;
  context: ExtensionContext;
}

function recorder(name: string, extra: Partial<Extension> = {}): Recorder {
  const record: Recorder = {
    messages: [],
    handshakes: [],
    ticks: [],
    closed: 0,
    context: undefined as never,
    factory: (context) => {
      record.context = context;
      return {
        name,
        onMessage: (payload) => record.messages.push(new TextDecoder().decode(payload)),
        onHandshake: (peer) => record.handshakes.push(peer),
        onTick: (now) => record.ticks.push(now),
        onClose: () => record.closed++,
        ...extra,
      };
    },
  };
  return record;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const connectWith = (...extensions: ExtensionFactory[]): Wire =>
  connect({ extended: true, identity: { extensions, extendedHandshake: { client: 'Shoal 1', port: 6881 } } });
const hello = (m: Record<string, number>, rest = {}): Uint8Array => encodeExtended(0, encode({ m, ...rest }));

test('the dictionary of BEP 10, sorted, with what is known', () => {
  const ids = new Map([
    ['ut_metadata', 1],
    ['ut_pex', 2],
  ]);
  const own = { client: 'Shoal', port: 6881, reqq: 250, yourIp: Uint8Array.of(1, 2, 3, 4), uploadOnly: true };
  const payload = encodeExtendedHandshake(ids, own, { metadata_size: 31_235 });
  const spelled = 'd1:md11:ut_metadatai1e6:ut_pexi2ee13:metadata_sizei31235e1:pi6881e4:reqqi250e11:upload_onlyi1e';
  expect(new TextDecoder('latin1').decode(payload)).toBe(`${spelled}1:v5:Shoal6:yourip4:\x01\x02\x03\x04e`);
  expect(decodeExtendedHandshake(payload)).toMatchObject({ ...own, extensions: ids });
  expect(() => encodeExtendedHandshake(ids, { port: 65_536 })).toThrow(RangeError);
  expect(() => encodeExtendedHandshake(ids, { reqq: 0 })).toThrow(RangeError);
  expect(() => encodeExtendedHandshake(ids, { yourIp: new Uint8Array(5) })).toThrow(RangeError);
});

test('what cannot be is left out, what is no dictionary is refused', () => {
  const odd = decodeExtendedHandshake(
    encode({
      m: { zero: 0, negative: -1, big: 256, huge: 2n ** 70n, list: [1], text: 'x', good: 255 },
      p: 65_536,
      reqq: -5,
      v: Uint8Array.of(0xff, 0xfe),
      yourip: 'abc',
      upload_only: 'yes',
    }),
  );
  expect([...odd.extensions]).toEqual([['good', 255]]);
  expect(odd).toMatchObject({ port: undefined, reqq: undefined, client: undefined, yourIp: undefined });
  expect(odd.uploadOnly).toBe(false);
  expect(decodeExtendedHandshake(encode({ m: 7, v: 'x'.repeat(500) })).client?.length).toBe(128);
  const many = encode({ m: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x${i}`, 1])) });
  expect(decodeExtendedHandshake(many).extensions.size).toBe(128);
  for (const bad of ['', 'le', 'i1e', 'd', '4:spam', 'l'.repeat(1_000)]) {
    expect(() => decodeExtendedHandshake(text(bad))).toThrow(expect.objectContaining({ name: 'WireError' }));
  }
});

test('what is kept of a handshake does not point into the chunk', () => {
  const payload = encode({ v: 'abc', yourip: Uint8Array.of(1, 2, 3, 4) });
  const peer = decodeExtendedHandshake(payload);
  payload.fill(0);
  expect(peer.yourIp).toEqual(Uint8Array.of(1, 2, 3, 4));
});

test('ours goes out first, with ids in the order of the factories and what the extensions add', () => {
  const wire = connect({ identity: { extensions: [recorder('a').factory] } });
  expect([wire.extended, wire.outputBytes]).toEqual([false, 0]);
  const adding = recorder('b', { handshake: () => ({ metadata_size: 5 }) });
  const opened = connectWithOutput([recorder('a').factory, adding.factory]);
  const m = { a: 1, b: 2, lt_donthave: 3, upload_only: 4 };
  expect(opened).toEqual(encode({ m, metadata_size: 5, p: 6881, reqq: 2_000, v: 'Shoal 1' }));
});

function connectWithOutput(extensions: ExtensionFactory[]): Uint8Array {
  const wire = connectWith(...extensions);
  wire.sendExtendedHandshake({ client: 'Shoal 1', port: 6881 });
  const [message] = sent(wire);
  if (message?.type !== 'extended' || message.id !== 0) throw new Error(`sent ${message?.type}`);
  return message.payload;
}

test('messages go to the extension of our id and out under the peer’s', () => {
  const a = recorder('a');
  const b = recorder('b');
  const wire = connectWith(a.factory, b.factory);
  expect([b.context.peerSupports, b.context.send(text('early'))]).toEqual([false, false]);
  const events = give(wire, hello({ b: 9 }, { v: 'Other', reqq: 7 }));
  expect(events).toMatchObject([{ type: 'extendedHandshake', handshake: { client: 'Other', reqq: 7 } }]);
  expect(wire.peerHandshake?.client).toBe('Other');
  expect([a.handshakes.length, b.handshakes.length]).toEqual([1, 1]);
  expect([a.context.send(text('x')), b.context.send(text('hi'))]).toEqual([false, true]);
  expect(sent(wire)).toMatchObject([{ type: 'extended', id: 9, payload: text('hi') }]);
  give(wire, encodeExtended(1, text('one')), encodeExtended(2, text('two')), encodeExtended(5, text('nobody')));
  expect([a.messages, b.messages]).toEqual([['one'], ['two']]);
});

test('an extension knows how much nobody has taken to send yet', () => {
  const a = recorder('a');
  const wire = connectWith(a.factory);
  give(wire, hello({ a: 3 }));
  wire.takeOutput();
  expect(a.context.unsent).toBe(0);
  a.context.send(text('ten bytes!'));
  expect(a.context.unsent).toBe(wire.outputBytes);
  expect(a.context.unsent).toBeGreaterThan(10);
  wire.takeOutput();
  expect(a.context.unsent).toBe(0);
});

test('a later handshake amends the former one; id 0 ends an extension', () => {
  const a = recorder('a');
  const wire = connectWith(a.factory);
  give(wire, hello({ a: 3, other: 4 }, { v: 'Other' }));
  give(wire, hello({}, { upload_only: 1 }));
  expect(wire.peerHandshake).toMatchObject({ client: 'Other', uploadOnly: true });
  expect(a.context.peerSupports).toBe(true);
  give(wire, hello({ a: 0 }));
  expect([a.context.peerSupports, a.context.send(text('x'))]).toEqual([false, false]);
  expect(wire.peerHandshake?.extensions.get('other')).toBe(4);
});

test('a fault or a throw ends this connection and closes every extension once', () => {
  const throwing = (): never => {
    throw new Error('boom');
  };
  for (const method of ['onMessage', 'onHandshake', 'onTick', 'onClose'] as const) {
    const bad = recorder('bad', { [method]: throwing });
    const other = recorder('other');
    const wire = connectWith(bad.factory, other.factory);
    const events = give(wire, hello({ bad: 1 }), encodeExtended(1, text('x')));
    if (method === 'onTick') events.push(...pass(wire, 1));
    if (method === 'onClose') {
      wire.fault('ERR_WIRE_CLOSED', 'done');
      expect(faultOf(drain(wire))).toBe('ERR_WIRE_CLOSED');
    } else {
      expect(faultOf(events)).toBe('ERR_WIRE_EXTENSION');
      expect(wire.closed?.message).toBe('bad failed: boom');
      expect(wire.closed?.cause).toMatchObject({ message: 'boom' });
    }
    expect(other.closed).toBe(1);
    expect(other.context.send(text('x'))).toBe(false);
  }
  const strict = recorder('strict', { onMessage: () => strict.context.fault('nonsense') });
  const wire = connectWith(strict.factory);
  expect(faultOf(give(wire, encodeExtended(1, text('x')), hello({})))).toBe('ERR_WIRE_EXTENSION');
  expect(wire.closed?.message).toBe('strict: nonsense');
  expect([strict.closed, strict.handshakes.length]).toEqual([1, 0]);
});

test('a factory that throws ends the connection, names that are none are misuse', () => {
  const fine = recorder('fine');
  const failing = (): never => {
    throw new Error('no');
  };
  expect(() => connectWith(fine.factory, failing)).toThrow(/an extension failed: no/);
  expect(fine.closed).toBe(1);
  expect(() => connectWith(fine.factory, fine.factory)).toThrow(TypeError);
  expect(() => connectWith(recorder('white space').factory)).toThrow(TypeError);
  expect(() => connectWith(recorder('lt_donthave').factory), 'a message of the wire itself').toThrow(TypeError);
});

test('ticks and wishes for a wake-up', () => {
  const a = recorder('a', { nextWake: () => 1_234 });
  const wire = connectWith(a.factory);
  expect(wire.nextWake()).toBe(1_234);
  pass(wire, 1_000);
  expect(a.ticks).toEqual([1_000]);
});

test('sizes: an extended handshake has its own cap, and so has what we send', () => {
  const wire = connect({ extended: true, limits: { extendedHandshakeLength: 100 } });
  expect(faultOf(give(wire, hello({}, { v: 'x'.repeat(100) })))).toBe('ERR_WIRE_LENGTH');
  const a = recorder('a');
  const sending = connect({
    extended: true,
    limits: { extendedLength: 10 },
    identity: { extensions: [a.factory], infoHash: INFO_HASH, peerId: OUR_ID },
  });
  expect(() => a.context.send(new Uint8Array(11))).toThrow(RangeError);
  expect(sending.closed).toBeUndefined();
  const deep = connect({ extended: true });
  expect(faultOf(give(deep, encodeExtended(0, text('l'.repeat(60_000)))))).toBe('ERR_WIRE_EXTENDED_HANDSHAKE');
});

test('our handshake is said again, whole, when something of it changes, and only then', () => {
  const wire = connectWith(recorder('a').factory);
  wire.updateExtendedHandshake({ uploadOnly: false });
  wire.updateExtendedHandshake({ uploadOnly: true });
  wire.updateExtendedHandshake({ uploadOnly: true, port: 6881 });
  const whole = {
    m: { a: 1, lt_donthave: 2, upload_only: 3 },
    p: 6881,
    reqq: 2_000,
    upload_only: 1,
    v: 'Shoal 1',
  };
  expect(sent(wire)).toEqual([{ type: 'extended', id: 0, payload: encode(whole) }]);
  wire.updateExtendedHandshake({ uploadOnly: false });
  expect(sent(wire)).toEqual([{ type: 'extended', id: 0, payload: encode({ ...whole, upload_only: 0 }) }]);
  wire.sendExtendedHandshake({ uploadOnly: true });
  expect(sent(wire)).toEqual([
    { type: 'extended', id: 0, payload: encode({ m: whole.m, reqq: 2_000, upload_only: 1 }) },
  ]);
});

test('a change before the handshakes are through is said with the first, and none without the protocol', () => {
  const peer = encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, extended: true });
  const identity = { infoHash: INFO_HASH, peerId: OUR_ID, extendedHandshake: { client: 'Shoal', uploadOnly: false } };
  const first = encode({ m: { lt_donthave: 1, upload_only: 2 }, reqq: 2_000, upload_only: 1, v: 'Shoal' });
  const dialled = new Wire({ role: 'dial', now: 0, ...identity });
  dialled.updateExtendedHandshake({ uploadOnly: true });
  give(dialled, peer);
  expect(sent(dialled, { handshake: true })).toEqual([{ type: 'extended', id: 0, payload: first }]);
  const accepted = new Wire({ role: 'accept', now: 0 });
  accepted.updateExtendedHandshake({ uploadOnly: true });
  give(accepted, peer);
  accepted.accept(identity);
  expect(sent(accepted, { handshake: true })).toEqual([{ type: 'extended', id: 0, payload: first }]);
  const plain = connect();
  plain.updateExtendedHandshake({ uploadOnly: true });
  expect(plain.outputBytes).toBe(0);
});

test('the peer turns upload-only and back: in a later handshake, or in the message of that name', () => {
  const a = recorder('a');
  const wire = connectWith(a.factory);
  const uploadOnly = (...payload: number[]): Uint8Array => encodeExtended(3, Uint8Array.from(payload));
  const told = (events: readonly PlainEvent[]): unknown[] =>
    events.map((event) => event.type === 'extendedHandshake' && event.handshake.uploadOnly);
  expect(give(wire, uploadOnly(1)), 'before a handshake it is about nobody').toEqual([]);
  expect(told(give(wire, hello({ a: 1 }, { v: 'Other' })))).toEqual([false]);
  expect(told(give(wire, uploadOnly(1)))).toEqual([true]);
  expect(wire.peerHandshake).toMatchObject({ client: 'Other', uploadOnly: true });
  expect(told(give(wire, uploadOnly(1), uploadOnly(), uploadOnly(0, 0), uploadOnly(0)))).toEqual([false]);
  expect(told(give(wire, hello({}, { upload_only: 1 })))).toEqual([true]);
  expect(a.handshakes.length, 'extensions hear of handshakes alone').toBe(2);
});

test('a peer that makes an extension answer without reading is cut off', () => {
  const echo: ExtensionFactory = (context) => ({
    name: 'echo',
    onMessage: (payload) => void context.send(payload.slice()),
  });
  const wire = connect({ extended: true, limits: { unreadReplyBytes: 1_000 }, identity: { extensions: [echo] } });
  give(wire, hello({ echo: 1 }));
  const message = encodeExtended(1, new Uint8Array(94));
  for (let round = 0; round < 3; round++) {
    expect(give(wire, ...new Array<Uint8Array>(10).fill(message))).toEqual([]);
    expect(sent(wire).length).toBe(10);
  }
  expect(faultOf(give(wire, ...new Array<Uint8Array>(11).fill(message)))).toBe('ERR_WIRE_FLOOD');
});
