import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ByteStream } from '@shoal/session';
import { afterEach, expect, test } from 'vitest';
import { createTcpTransport } from '../src/node/index.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const transport = createTcpTransport({ port: 0, bind: '127.0.0.1' });

/** Connects and reads nothing, ever. */
async function deafSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.pause();
  socket.on('error', () => undefined);
  cleanups.push(async () => socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

test('closing does not wait for ever for a peer that has stopped reading', async () => {
  const impatient = createTcpTransport({ port: 0, bind: '127.0.0.1', lingerMs: 100 });
  let accepted: ByteStream | undefined;
  let closed: Promise<void> | undefined;
  const listener = await impatient.listen((stream) => {
    accepted = stream;
    closed = new Promise((resolve) =>
      stream.open({ onData: () => undefined, onDrain: () => undefined, onClose: () => resolve() }),
    );
  });
  await deafSocket(listener.port);
  while (!accepted) await new Promise((resolve) => setImmediate(resolve));
  // More than the system's own buffers take.
  accepted.write(Array.from({ length: 16 }, () => new Uint8Array(1 << 20)));
  accepted.close();
  await listener.close();
  await closed;
});

test('a dialled socket takes as much before it holds back as an accepted one', async () => {
  const server: Server = createServer((socket) => {
    socket.pause();
    socket.on('error', () => undefined);
    cleanups.push(async () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as { port: number };
  const dialled = await transport.dial(`127.0.0.1:${port}`, new AbortController().signal);
  dialled.open({ onData: () => undefined, onDrain: () => undefined, onClose: () => undefined });
  const batch = Array.from({ length: 16 }, () => new Uint8Array(16_384));
  expect([dialled.write(batch), dialled.write(batch), dialled.write(batch)]).toEqual([true, true, true]);
  dialled.destroy();
});

test('failures are told in words', async () => {
  const listener = await transport.listen(() => undefined);
  await listener.close();
  const { signal } = new AbortController();
  await expect(transport.dial(`127.0.0.1:${listener.port}`, signal)).rejects.toThrow('refused');
  const given = new AbortController();
  const dialling = transport.dial('127.0.0.1:9', given.signal);
  given.abort();
  await expect(dialling).rejects.toThrow('given up');
  const elsewhere = createTcpTransport({ port: 0, bind: '192.0.2.1' });
  await expect(elsewhere.listen(() => undefined)).rejects.toThrow('this machine does not have that address');
});

test('only IP addresses with a port can be dialled', () => {
  const can = (address: string): boolean => transport.canDial(address);
  expect(['10.0.0.1:1', '[::1]:6881'].map(can)).toEqual([true, true]);
  expect(['localhost:1', '10.0.0.1', '10.0.0.1:0', '10.0.0.1:99999', '', 'x'].map(can)).toEqual(
    Array.from({ length: 6 }, () => false),
  );
});
