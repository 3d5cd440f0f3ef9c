// The compliance suite passes an extension that behaves, and finds what is wrong with those that do not.
import { decode, encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import type { Extension, ExtensionContext, ExtensionFactory } from '../src/index.ts';
import { testExtension } from '../src/testing.ts';

/** Answers each `ping` with a `pong`; the whole of a small extension. */
const ping: ExtensionFactory = (context) => ({
  name: 'x_ping',
  onHandshake: () => void context.send(encode('ping')),
  onMessage: (payload) => {
    try {
      const text = new TextDecoder().decode(decode(payload) as Uint8Array);
      if (text === 'ping') context.send(encode('pong'));
    } catch {
      context.fault('not bencode');
    }
  },
});

testExtension(test, 'ping', () => ping, { messages: [encode('ping'), encode('pong')] });

async function failuresOf(make: (context: ExtensionContext) => Partial<Extension>): Promise<string[]> {
  const bodies: [string, () => Promise<void>][] = [];
  testExtension(
    (name, body) => bodies.push([name, body]),
    'bad',
    () => (context) => ({
      name: 'x_bad',
      onMessage: () => {},
      ...make(context),
    }),
  );
  const failures: string[] = [];
  for (const [name, body] of bodies) {
    await body().catch(() => failures.push(name));
  }
  return failures;
}

test.each<[string, (context: ExtensionContext) => Partial<Extension>]>([
  ['its name is printable', () => ({ name: 'ut metadata' })],
  ['what it adds to the handshake', () => ({ handshake: () => ({ m: {} }) })],
  ['it sends nothing until', (context) => ({ onTick: () => void (context.peerSupports || leak(context)) })],
  ['it bears handshakes', (context) => ({ onHandshake: () => context.fault('again') })],
  [
    'it bears whatever a peer puts',
    () => ({
      handshake: () => ({ x_size: 5 }),
      onHandshake: (peer) => void new Uint8Array(Number(peer.dictionary.get('x_size') ?? 0)),
    }),
  ],
  ['it never throws', () => ({ onMessage: (payload) => void decode(payload) })],
  ['it can be closed', (context) => ({ onTick: (now) => void (now > 999_999 && leak(context)) })],
  ['when it wishes to wake', () => ({ nextWake: () => Number.NaN })],
  ['when it wishes to wake', () => ({ nextWake: () => 0 })],
  [
    'two of them on one connection',
    (context) => ({
      onHandshake: () => void context.send(new Uint8Array(1)),
      onMessage: () => void context.send(new Uint8Array(1)),
    }),
  ],
])('the suite finds: %s', async (what, make) => {
  expect((await failuresOf(make)).some((name) => name.startsWith(`bad: ${what}`))).toBe(true);
});

test('the suite finds: each connection', async () => {
  const shared: Extension = { name: 'x_bad', onMessage: () => {} };
  const failures: string[] = [];
  const bodies: [string, () => Promise<void>][] = [];
  testExtension(
    (name, body) => bodies.push([name, body]),
    'bad',
    () => () => shared,
  );
  for (const [name, body] of bodies) await body().catch(() => failures.push(name));
  expect(failures).toEqual(['bad: each connection has one of its own']);
});

/** A send that does not ask whether the peer supports it is harmless: `send` says so. Throwing because of it is not. */
function leak(context: ExtensionContext): void {
  if (!context.send(new Uint8Array(1))) throw new Error('it must be sent');
}
