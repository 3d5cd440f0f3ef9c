import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { UdpPort } from '../src/node/udp-port.ts';

const open: UdpPort[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((port) => port.close()));
});

async function bind(options: Parameters<typeof UdpPort.bind>[0]): Promise<UdpPort> {
  const port = await UdpPort.bind(options);
  open.push(port);
  return port;
}

function heardBy(
  port: UdpPort,
  firstByte: number,
): Promise<{ bytes: Uint8Array; from: { address: string; port: number } }> {
  return new Promise((resolve) => port.route(firstByte, (bytes, from) => resolve({ bytes, from })));
}

test('a datagram goes to whom its first byte belongs, and the answer finds back', async () => {
  const [one, two] = [await bind({ port: 0, bind: '127.0.0.1' }), await bind({ port: 0, bind: '127.0.0.1' })];
  const asked = heardBy(two, 0x64);
  one.send(Uint8Array.of(0x11, 1), two.port, '127.0.0.1');
  one.send(new Uint8Array(0), two.port, '127.0.0.1');
  one.send(Uint8Array.of(0x64, 2), two.port, '127.0.0.1');
  const { bytes, from } = await asked;
  expect([...bytes]).toEqual([0x64, 2]);
  expect([from.address, from.port]).toEqual(['127.0.0.1', one.port]);
  const answered = heardBy(one, 0x64);
  two.send(Uint8Array.of(0x64), from.port, from.address);
  expect((await answered).from.port).toBe(two.port);
});

test('without an address both families have the same number, where the machine has both', async () => {
  const port = await bind({ port: 0 });
  expect(port.families[0]).toBe(4);
  const heard = heardBy(port, 0x64);
  const from = await bind({ port: 0, bind: '127.0.0.1' });
  from.send(Uint8Array.of(0x64), port.port, '127.0.0.1');
  expect((await heard).from.address).toBe('127.0.0.1');
  if (!port.families.includes(6)) return;
  const again = heardBy(port, 0x64);
  port.send(Uint8Array.of(0x64), port.port, '::1');
  expect((await again).from).toMatchObject({ address: '::1', port: port.port });
});

test('a number that is taken gives way to another', async () => {
  const first = await bind({ port: 0, bind: '127.0.0.1' });
  const second = await bind({ port: first.port, bind: '127.0.0.1' });
  expect(second.port).not.toBe(first.port);
  const taken = createSocket('udp6');
  await new Promise<void>((resolve, reject) => {
    taken.once('error', reject);
    taken.bind({ port: 0, address: '::', exclusive: true }, resolve);
  }).catch(() => undefined);
  const third = await bind({ port: taken.address().port });
  expect(third.port).not.toBe(taken.address().port);
  await new Promise<void>((resolve) => taken.close(() => resolve()));
});

test('what cannot be sent is lost and harms nobody', async () => {
  const port = await bind({ port: 0, bind: '127.0.0.1' });
  port.send(Uint8Array.of(1), 9, '::1');
  port.send(Uint8Array.of(1), 9, '192.0.2.1');
  port.send(new Uint8Array(70_000), 9, '127.0.0.1');
  const heard = heardBy(port, 7);
  port.send(Uint8Array.of(7), port.port, '127.0.0.1');
  expect((await heard).from.port).toBe(port.port);
});

test('an address that this machine does not have is refused', async () => {
  await expect(UdpPort.bind({ port: 0, bind: '203.0.113.9' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});
