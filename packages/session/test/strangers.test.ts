// Those who connect and do not behave: silent, banned, under another address, or met at the wrong moment.
import type { Metainfo } from '@shoal/metainfo';
import { PeerId } from '@shoal/primitives';
import { Wire, type WireEvent } from '@shoal/wire';
import { expect, test } from 'vitest';
import { type ByteStream, Session, type StreamFilter, type TorrentEvent, type Transport } from '../src/index.ts';
import { contentOf, filledStorage, hasher, makeTorrent, World } from './harness.ts';

const LINE = { up: 1 << 20, down: 1 << 20 };

/** A peer that the test drives: shakes hands and says that it has everything. */
class Puppet {
  readonly #world: World;
  readonly #transport: Transport;
  readonly #metainfo: Metainfo;
  readonly events: WireEvent['type'][] = [];
  /** What it sends for each block that it is asked for. */
  lie = false;
  closed = false;
  wire: Wire | undefined;

  constructor(world: World, transport: Transport, metainfo: Metainfo) {
    this.#world = world;
    this.#transport = transport;
    this.#metainfo = metainfo;
  }

  async listen(): Promise<number> {
    return (await this.#transport.listen((stream) => this.#run(stream, undefined))).port;
  }

  async dial(address: string): Promise<void> {
    let stream: ByteStream | undefined;
    void this.#transport.dial(address, new AbortController().signal).then((dialled) => {
      stream = dialled;
    });
    await this.#world.clock.run(() => stream !== undefined, 5_000);
    this.#run(stream as ByteStream, 6_881);
  }

  #run(stream: ByteStream, port: number | undefined): void {
    this.closed = false;
    const now = (): number => this.#world.clock.now();
    const identity = {
      infoHash: this.#metainfo.infoHash.wireKey,
      peerId: PeerId.create('-PU0001-', (length) => this.#world.random.bytes(length)).bytes,
      extendedHandshake: port === undefined ? {} : { port },
    };
    const wire =
      port === undefined
        ? new Wire({ role: 'accept', now: now() })
        : new Wire({ role: 'dial', now: now(), ...identity });
    this.wire = wire;
    const send = (): void => {
      if (wire.outputBytes > 0) stream.write(wire.takeOutput());
    };
    stream.open({
      onData: (bytes) => {
        wire.receive(bytes, now());
        for (let event = wire.poll(); event; event = wire.poll()) {
          this.events.push(event.type);
          if (event.type === 'handshake') {
            if (port === undefined) wire.accept(identity);
            wire.setGeometry(this.#metainfo.layout);
            wire.unchoke();
            for (let piece = 0; piece < this.#metainfo.layout.pieceCount; piece++) wire.have(piece);
          }
          if (event.type === 'request' && this.lie) {
            wire.piece(event.piece, event.begin, new Uint8Array(event.length));
          }
        }
        send();
      },
      onDrain: () => undefined,
      onClose: () => {
        this.closed = true;
      },
    });
    send();
  }
}

/** A transport that takes connections and says nothing. */
async function mute(transport: Transport): Promise<{ streams: ByteStream[]; closes: number }> {
  const seen: { streams: ByteStream[]; closes: number } = { streams: [], closes: 0 };
  await transport.listen((stream) => {
    seen.streams.push(stream);
    stream.open({
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => {
        seen.closes++;
      },
    });
  });
  return seen;
}

test('a handshake that is under way when the torrent is paused ends with it', async () => {
  const world = new World('pause in a handshake');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const silent = world.network.host('10.0.0.9');
  const seen = await mute(silent);
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  leech.torrent.addPeers([silent.address()]);
  await world.clock.run(() => seen.streams.length === 1, 5_000);
  void leech.torrent.pause();
  await world.clock.run(() => seen.closes === 1, 2_000);
  expect(leech.torrent.peers).toEqual([]);
  expect(leech.torrent.snapshot().addresses).toMatchObject({ tried: 1, failed: 0 });
  void leech.torrent.resume();
  await world.clock.run(() => seen.streams.length === 2, 2_000);
  expect(leech.torrent.error).toBeNull();
  await world.close();
});

test('a banned peer that dials back is turned away', async () => {
  const world = new World('banned before');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const host = world.network.host('10.0.0.66', LINE);
  const puppet = new Puppet(world, host, made.metainfo);
  puppet.lie = true;
  await puppet.listen();
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  const events: TorrentEvent[] = [];
  leech.torrent.subscribe((event) => events.push(event));
  leech.torrent.addPeers([host.address()]);
  await world.clock.run(() => puppet.closed, 30_000);
  expect(events.filter(({ type }) => type === 'banned')).toHaveLength(1);
  puppet.events.length = 0;
  await puppet.dial(leech.host.address());
  await world.clock.run(() => puppet.closed, 30_000);
  expect(puppet.events).not.toContain('request');
  expect(events.filter(({ type }) => type === 'banned')).toHaveLength(1);
  await world.close();
});

test('who is told of a peer is told of its end, also where the second of two connections stays', async () => {
  for (const seed of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const world = new World(`twins ${seed}`);
    const made = makeTorrent(world.random, [400_000], 32_768);
    const one = await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE, sources: [] });
    const two = await world.join('10.0.0.2', made, { host: LINE, sources: [] });
    const here = new Map<string, number>();
    for (const { torrent, host } of [one, two]) {
      torrent.subscribe((event) => {
        if (event.type !== 'peer' && event.type !== 'peerClosed') return;
        const key = `${host.ip} ${event.address}`;
        here.set(key, (here.get(key) ?? 0) + (event.type === 'peer' ? 1 : -1));
      });
    }
    await world.clock.run(() => two.torrent.state === 'downloading', 5_000);
    one.torrent.addPeers([two.host.address()]);
    await world.clock.run(undefined, 12);
    two.torrent.addPeers([one.host.address()]);
    await world.untilComplete(60_000);
    await world.close();
    expect(
      [...here.values()].every((count) => count === 0),
      seed,
    ).toBe(true);
  }
});

test('a session without torrents does not keep silent strangers', async () => {
  const world = new World('strangers');
  const host = world.network.host('10.0.0.1');
  const session = new Session({ clock: world.clock, random: world.random, hasher, transports: [host] });
  await session.listen();
  const stranger = world.network.host('10.0.0.9');
  let closed = false;
  void stranger.dial(host.address(), new AbortController().signal).then((stream) =>
    stream.open({
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => {
        closed = true;
      },
    }),
  );
  await world.clock.run(() => closed, 12_000);
  await session.close();
  await world.clock.run(undefined, 1_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
});

test('streams whose kind is unknown count against the limit, and end with the session', async () => {
  const world = new World('arriving');
  const host = world.network.host('10.0.0.1');
  const filter: StreamFilter = {
    name: 'undecided',
    detect: () => 'more',
    accept: async (stream) => stream,
    dial: async (stream) => stream,
  };
  const session = new Session({
    clock: world.clock,
    random: world.random,
    hasher,
    transports: [host],
    filters: [filter],
    maxConnections: 3,
  });
  await session.listen();
  const stranger = world.network.host('10.0.0.9');
  let closes = 0;
  for (let dial = 0; dial < 5; dial++) {
    void stranger.dial(host.address(), new AbortController().signal).then((stream) =>
      stream.open({
        onData: () => undefined,
        onDrain: () => undefined,
        onClose: () => {
          closes++;
        },
      }),
    );
  }
  await world.clock.run(undefined, 1_000);
  expect(closes).toBe(2);
  await session.close();
  await world.clock.run(undefined, 1_000);
  expect([closes, world.network.openStreams, world.clock.pending]).toEqual([5, 0, 0]);
});

test('a dialled stream whose filter gets no answer, or fails, is given up', async () => {
  const world = new World('filter without an answer');
  const made = makeTorrent(world.random, [100_000], 32_768);
  const silent = world.network.host('10.0.0.9');
  const seen = await mute(silent);
  let fails = false;
  const filter: StreamFilter = {
    name: 'mse',
    detect: () => 'other',
    accept: async (stream) => stream,
    dial: () => (fails ? Promise.reject(new Error('no such key')) : new Promise(() => undefined)),
  };
  const leech = await world.join('10.0.0.2', made, { sources: [], session: { dialFilter: filter } });
  leech.torrent.addPeers([silent.address()]);
  await world.clock.run(() => seen.closes === 1, 12_000);
  expect(leech.torrent.snapshot().addresses.lastError).toMatch(/no answer to the mse handshake/);
  fails = true;
  await world.clock.run(() => seen.closes === 2, 60_000);
  expect(leech.torrent.snapshot().addresses.lastError).toMatch(/no such key/);
  fails = false;
  await world.clock.run(() => seen.streams.length === 3, 60_000);
  await world.close();
  await world.clock.run(undefined, 1_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
});

test('a peer that owes blocks and sends none is not waited for', async () => {
  const world = new World('snubbed');
  const made = makeTorrent(world.random, [200_000], 32_768);
  const host = world.network.host('10.0.0.66', LINE);
  const puppet = new Puppet(world, host, made.metainfo);
  await puppet.listen();
  const leech = await world.join('10.0.0.2', made, { sources: [] });
  leech.torrent.addPeers([host.address()]);
  await world.clock.run(() => puppet.events.includes('request'), 30_000);
  const seed = await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE, sources: [] });
  leech.torrent.addPeers([seed.host.address()]);
  await world.clock.run(() => leech.torrent.state === 'seeding', 120_000);
  expect(Buffer.compare(await contentOf(leech.storage, made), made.data)).toBe(0);
  await world.close();
});

test('closing is one thing, however often it is asked for, and by whom', async () => {
  const world = new World('close twice');
  const made = makeTorrent(world.random, [400_000], 32_768);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: LINE });
  const leech = await world.join('10.0.0.2', made, { host: LINE });
  let told = 0;
  leech.torrent.subscribe(({ type }) => {
    if (type !== 'closed') return;
    told++;
    void leech.torrent.close();
    void leech.session.close();
  });
  await world.clock.run(() => (leech.torrent.have?.count ?? 0) > 2, 30_000);
  const pending = expect(leech.torrent.whenComplete()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  const [first, second] = [leech.session.close(), leech.session.close()];
  expect(second).toBe(first);
  await world.close();
  await pending;
  expect(told).toBe(1);
  await world.clock.run(undefined, 1_000);
  expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
});
