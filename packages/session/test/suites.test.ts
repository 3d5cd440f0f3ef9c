// The compliance suites themselves: they must pass what keeps the contract and fail what breaks it.
import { expect, test } from 'vitest';
import { createMemoryNetwork } from '../examples/memory-transport.ts';
import type { ByteStream, PeerSource, SourceTorrent, Transport } from '../src/index.ts';
import { testPeerSource, testTransport } from '../src/testing.ts';
import { turn } from './fake-stream.ts';

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 200) throw new Error('the condition did not come to hold');
    await turn();
  }
}

/** Runs what a suite registers; answers the names of what failed, without the implementation's. */
async function failures(
  suite: (register: (name: string, body: () => Promise<void>) => void) => void,
): Promise<string[]> {
  const bodies: { name: string; body: () => Promise<void> }[] = [];
  suite((name, body) => bodies.push({ name, body }));
  expect(bodies.length).toBeGreaterThan(0);
  const failed: string[] = [];
  for (const { name, body } of bodies) {
    try {
      await body();
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      failed.push(name.replace(/^.*?: /, ''));
    }
  }
  return failed;
}

type Breakage = {
  readonly stream?: (stream: ByteStream) => Partial<ByteStream>;
  readonly transport?: (transport: Transport) => Partial<Transport>;
};

/** A stream that does as the other one, but for what is broken. */
function through(stream: ByteStream, broken: Partial<ByteStream>): ByteStream {
  return {
    localAddress: stream.localAddress,
    remoteAddress: stream.remoteAddress,
    open: (handler) => stream.open(handler),
    write: (buffers) => stream.write(buffers),
    get unsent() {
      return stream.unsent;
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    close: () => stream.close(),
    destroy: () => stream.destroy(),
    ...broken,
  };
}

function breakTransport(inner: Transport, { stream: change, transport }: Breakage): Transport {
  const changed = (stream: ByteStream): ByteStream => (change ? through(stream, change(stream)) : stream);
  const working: Transport = {
    name: 'broken',
    canDial: (address) => inner.canDial(address),
    dial: async (address, signal) => changed(await inner.dial(address, signal)),
    listen: (onStream) => inner.listen((stream) => onStream(changed(stream))),
  };
  return { ...working, ...transport?.(working) };
}

function transportFailures(breakage: Breakage): Promise<string[]> {
  return failures((register) =>
    testTransport(register, 'T', () => {
      const network = createMemoryNetwork();
      return {
        dialler: breakTransport(network.host('10.0.0.1'), breakage),
        listener: breakTransport(network.host('10.0.0.2'), breakage),
        listenerHost: '10.0.0.2',
        until,
      };
    }),
  );
}

const neverEnding = {
  localAddress: '10.0.0.1:1',
  remoteAddress: '10.0.0.2:9',
  open: () => undefined,
  write: () => true,
  unsent: 0,
  pause: () => undefined,
  resume: () => undefined,
  close: () => undefined,
  destroy: () => undefined,
} satisfies ByteStream;

test('a transport that keeps the contract passes', async () => {
  expect(await transportFailures({})).toEqual([]);
});

const breakages: readonly (readonly [what: string, breakage: Breakage, caught: RegExp])[] = [
  [
    'puts buffers in another order',
    { stream: (stream) => ({ write: (buffers) => stream.write([...buffers].reverse()) }) },
    /in order/,
  ],
  [
    'loses a byte',
    { stream: (stream) => ({ write: (buffers) => stream.write(buffers.map((buffer) => buffer.subarray(1))) }) },
    /whole/,
  ],
  ['never says that all was sent', { stream: () => ({ unsent: 1 }) }, /holds the sender/],
  ['says that all was sent while it is not', { stream: () => ({ unsent: 0 }) }, /holds the sender/],
  [
    'never asks to hold back',
    {
      stream: (stream) => ({
        write: (buffers) => {
          stream.write(buffers);
          return true;
        },
      }),
    },
    /pauses/,
  ],
  ['does not pause', { stream: () => ({ pause: () => undefined }) }, /pauses/],
  [
    'tells of no drain',
    { stream: (stream) => ({ open: (handler) => stream.open({ ...handler, onDrain: () => undefined }) }) },
    /drain/,
  ],
  ['loses on close what was written', { stream: (stream) => ({ close: () => stream.destroy() }) }, /close sends/],
  [
    'ends twice',
    {
      stream: (stream) => ({
        open: (handler) =>
          stream.open({
            ...handler,
            onClose: (error) => {
              handler.onClose(error);
              handler.onClose(error);
            },
          }),
      }),
    },
    /once/,
  ],
  [
    'ends twice, the second time late',
    {
      stream: (stream) => ({
        open: (handler) =>
          stream.open({
            ...handler,
            onClose: (error) => {
              handler.onClose(error);
              setImmediate(() => handler.onClose(error));
            },
          }),
      }),
    },
    /once/,
  ],
  [
    'does not tell who destroyed it',
    {
      stream: (stream) => {
        let destroyed = false;
        return {
          open: (handler) => stream.open({ ...handler, onClose: (error) => destroyed || handler.onClose(error) }),
          destroy: () => {
            destroyed = true;
            stream.destroy();
          },
        };
      },
    },
    /destroy/,
  ],
  [
    'throws where somebody writes after the end',
    {
      stream: (stream) => {
        let destroyed = false;
        return {
          write: (buffers) => {
            if (destroyed) throw new Error('write after end');
            return stream.write(buffers);
          },
          destroy: () => {
            destroyed = true;
            stream.destroy();
          },
        };
      },
    },
    /harmless/,
  ],
  ['names another address', { stream: () => ({ remoteAddress: '10.9.9.9:9' }) }, /whole/],
  ['says it cannot dial', { transport: () => ({ canDial: () => false }) }, /whole/],
  [
    'connects where nobody listens',
    { transport: ({ dial }) => ({ dial: (address, signal) => dial(address, signal).catch(() => neverEnding) }) },
    /nobody listens/,
  ],
  [
    'rejects without a reason',
    { transport: ({ dial }) => ({ dial: (address, signal) => dial(address, signal).catch(() => Promise.reject('')) }) },
    /nobody listens/,
  ],
  [
    'dials on when given up',
    {
      transport: ({ dial }) => ({
        dial: (address, signal) => (signal.aborted ? Promise.resolve(neverEnding) : dial(address, signal)),
      }),
    },
    /given up/,
  ],
];

for (const [what, breakage, caught] of breakages) {
  test(`a transport that ${what} fails`, async () => {
    expect(await transportFailures(breakage)).toContainEqual(expect.stringMatching(caught));
  });
}

/** Finds one peer, a turn after it was started. */
class GoodSource implements PeerSource {
  readonly name = 'good';
  protected torrent: SourceTorrent | undefined;
  protected peers = 0;

  start(torrent: SourceTorrent): void {
    this.torrent = torrent;
    setImmediate(() => {
      if (this.torrent !== torrent) return;
      this.peers = 1;
      torrent.offerPeers(['10.0.0.9:6881']);
      torrent.statusChanged();
    });
  }

  complete(): void {}

  async stop(): Promise<void> {
    this.torrent = undefined;
  }

  status(): ReturnType<PeerSource['status']> {
    const state = this.peers > 0 ? 'ok' : 'working';
    return [{ name: 'good', state, message: null, peers: this.peers, seeders: null, leechers: null, nextAt: null }];
  }
}

function sourceFailures(create: () => PeerSource): Promise<string[]> {
  return failures((register) =>
    testPeerSource(register, 'S', () => ({
      source: create(),
      expected: '10.0.0.9:6881',
      until,
      settle: async (promise) => {
        let settled = false;
        void promise.then(() => {
          settled = true;
        });
        await until(() => settled);
      },
    })),
  );
}

test('a source that keeps the contract passes', async () => {
  expect(await sourceFailures(() => new GoodSource())).toEqual([]);
});

const badSources: readonly (readonly [what: string, create: () => PeerSource, caught: RegExp])[] = [
  [
    'finds nobody',
    () =>
      new (class extends GoodSource {
        override start(): void {}
      })(),
    /offers the peer/,
  ],
  [
    'has no status',
    () =>
      new (class extends GoodSource {
        override status(): [] {
          return [];
        }
      })(),
    /status/,
  ],
  [
    'never says ok',
    () =>
      new (class extends GoodSource {
        override status(): ReturnType<PeerSource['status']> {
          return super.status().map((line) => ({ ...line, state: 'failed' }));
        }
      })(),
    /status/,
  ],
  [
    'never stops',
    () =>
      new (class extends GoodSource {
        override stop(): Promise<void> {
          return new Promise(() => undefined);
        }
      })(),
    /stops/,
  ],
  [
    'goes on after stop',
    () =>
      new (class extends GoodSource {
        override start(torrent: SourceTorrent): void {
          super.start(torrent);
          const offer = (turns: number): void => {
            torrent.offerPeers(['10.0.0.9:6881']);
            if (turns > 0) setImmediate(() => offer(turns - 1));
          };
          offer(10);
        }
      })(),
    /nothing after stop/,
  ],
  [
    'cannot start again',
    () =>
      new (class extends GoodSource {
        #started = false;

        override start(torrent: SourceTorrent): void {
          if (!this.#started) super.start(torrent);
          this.#started = true;
        }
      })(),
    /start again/,
  ],
];

for (const [what, create, caught] of badSources) {
  test(`a source that ${what} fails`, async () => {
    expect(await sourceFailures(create)).toContainEqual(expect.stringMatching(caught));
  });
}
