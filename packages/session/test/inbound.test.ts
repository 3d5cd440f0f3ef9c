import { SimClock } from '@shoal/testkit';
import { encodeHandshake } from '@shoal/wire';
import { expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { type InboundHost, welcome } from '../src/inbound.ts';
import type { ByteStream, StreamFilter } from '../src/index.ts';
import { FakeStream, turn } from './fake-stream.ts';

const HANDSHAKE = encodeHandshake({
  infoHash: new Uint8Array(20).fill(0x11),
  peerId: new Uint8Array(20).fill(0x22),
  fast: true,
  extended: true,
  dht: false,
});

class Host implements InboundHost {
  readonly limits = { down: [], up: [] };
  readonly clock = new SimClock();
  readonly arriving = new Set<ByteStream>();
  readonly connections = new Set<Connection>();
  readonly routed: string[] = [];
  knows = true;

  *wireKeys(): Iterable<Uint8Array> {}

  arrived(stream: ByteStream): void {
    this.arriving.add(stream);
  }

  settled(stream: ByteStream): void {
    this.arriving.delete(stream);
  }

  route(_: Connection, wireKey: string): boolean {
    this.routed.push(wireKey);
    return this.knows;
  }

  opened(connection: Connection): void {
    this.connections.add(connection);
  }

  closed(connection: Connection): void {
    this.connections.delete(connection);
  }
}

/** Claims what begins with two equal bytes, and passes on what follows them. */
function doubleFilter(accept?: StreamFilter['accept']): StreamFilter & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    name: 'double',
    asked,
    detect: (first) => {
      asked.push(first.length);
      if (first.length < 2) return 'more';
      return first[0] === first[1] ? 'mine' : 'other';
    },
    accept:
      accept ??
      (async (stream) => ({
        localAddress: stream.localAddress,
        remoteAddress: stream.remoteAddress,
        open: (handler) => {
          let skip = 2;
          stream.open({
            ...handler,
            onData: (bytes) => {
              const rest = bytes.subarray(Math.min(skip, bytes.length));
              skip -= bytes.length - rest.length;
              if (rest.length > 0) handler.onData(rest);
            },
          });
        },
        write: (buffers) => stream.write(buffers),
        unsent: 0,
        pause: () => stream.pause(),
        resume: () => stream.resume(),
        close: () => stream.close(),
        destroy: () => stream.destroy(),
      })),
    dial: async (stream) => stream,
  };
}

test('without filters a stream is a connection from its first moment', () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [], host);
  expect(host.connections.size).toBe(1);
  stream.receive(HANDSHAKE);
  expect(host.routed).toEqual(['11'.repeat(20)]);
});

test('a handshake for a torrent that is not here ends the connection', () => {
  const host = new Host();
  host.knows = false;
  const stream = new FakeStream();
  welcome(stream, [], host);
  stream.receive(HANDSHAKE);
  expect(stream.ended).toBe('close');
  expect(host.connections.size).toBe(0);
});

test('a plain handshake arrives whole, one byte at a time, and no filter is asked', () => {
  const host = new Host();
  const stream = new FakeStream();
  const filter = doubleFilter();
  welcome(stream, [filter], host);
  for (const byte of HANDSHAKE) stream.receive(Uint8Array.of(byte));
  expect(host.routed).toEqual(['11'.repeat(20)]);
  expect(filter.asked).toEqual([]);
  expect(host.arriving.size).toBe(0);
  expect(host.clock.pending).toBe(0);
});

test('a stream that begins as a plain one by chance goes to the filter that claims it', async () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [doubleFilter()], host);
  stream.receive(Uint8Array.of(0x13, 0x13));
  await turn();
  stream.receive(HANDSHAKE);
  expect(host.routed).toEqual(['11'.repeat(20)]);
});

test('a filter that needs more bytes gets them, however slowly they come', async () => {
  const host = new Host();
  const stream = new FakeStream();
  const filter = doubleFilter();
  welcome(stream, [filter], host);
  stream.receive(Uint8Array.of(0xee));
  expect(host.arriving.size).toBe(1);
  stream.receive(Uint8Array.of(0xee));
  await turn();
  for (const byte of HANDSHAKE) stream.receive(Uint8Array.of(byte));
  expect(filter.asked).toEqual([1, 2]);
  expect(host.routed).toEqual(['11'.repeat(20)]);
  expect([host.arriving.size, host.connections.size, host.clock.pending]).toEqual([0, 1, 0]);
});

test('what nobody claims is left to the wire, which says what is wrong', () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [doubleFilter()], host);
  stream.receive(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'));
  expect(stream.ended).toBe('close');
  expect([host.arriving.size, host.connections.size, host.clock.pending]).toEqual([0, 0, 0]);
});

test('a filter that fails ends the stream', async () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [doubleFilter(() => Promise.reject(new Error('no such torrent')))], host);
  stream.receive(Uint8Array.of(0xee, 0xee));
  await turn();
  expect(stream.ended).toBe('destroy');
  expect([host.arriving.size, host.connections.size, host.clock.pending]).toEqual([0, 0, 0]);
});

test('a filter that never knows gets 4 KiB and 10 s', async () => {
  for (const flood of [true, false]) {
    const host = new Host();
    const stream = new FakeStream();
    const undecided: StreamFilter = { ...doubleFilter(), detect: () => 'more' };
    welcome(stream, [undecided], host);
    if (flood) for (let bytes = 0; bytes < 8; bytes++) stream.receive(new Uint8Array(1_000));
    else await host.clock.advance(10_000);
    expect(stream.ended, `flood ${flood}`).toBeDefined();
    expect([host.arriving.size, host.connections.size, host.clock.pending]).toEqual([0, 0, 0]);
  }
});

test('a filter that takes its time makes the sender wait, and 10 s are the end of it', async () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [doubleFilter(() => new Promise(() => undefined))], host);
  stream.receive(Uint8Array.of(0xee, 0xee));
  expect(stream.paused).toBe(true);
  await host.clock.advance(10_000);
  expect(stream.ended).toBe('destroy');
  expect([host.arriving.size, host.clock.pending]).toEqual([0, 0]);
});

test('a stream that ends before it is clear what it is leaves nothing behind', () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [doubleFilter()], host);
  stream.receive(Uint8Array.of(0x13));
  stream.handler?.onClose();
  expect([host.arriving.size, host.connections.size, host.clock.pending]).toEqual([0, 0, 0]);
});

test('a stream that ended while its filter was at work is a connection no more', async () => {
  const host = new Host();
  const stream = new FakeStream();
  welcome(stream, [doubleFilter()], host);
  stream.receive(Uint8Array.of(0xee, 0xee));
  stream.handler?.onClose(new Error('connection reset'));
  await turn();
  expect([host.arriving.size, host.connections.size, host.clock.pending]).toEqual([0, 0, 0]);
});
