import { MemoryStorage, type Storage } from '@shoal/storage';
import { FaultyStorage, type SimHost } from '@shoal/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StateStore } from '../src/index.ts';
import {
  contentOf,
  filledStorage,
  type MadeTorrent,
  type Member,
  makeTorrent,
  memoryStateStore,
  outliving,
  World,
} from './harness.ts';
import { Mortal } from './mortal.ts';

const LIMIT_MS = 60 * 60_000;

/** When a leech's process dies, and how long it stays away. */
const crash = fc.record({ atMs: fc.integer({ min: 1, max: 20_000 }), awayMs: fc.integer({ min: 0, max: 90_000 }) });

/** What the user does, and when. */
const deed = fc.record({
  atMs: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 10_000 })),
  what: fc.oneof(
    fc.record({ do: fc.constant('pause' as const), awayMs: fc.integer({ min: 0, max: 20_000 }) }),
    // One number decides for all files; what was left out is chosen again at the end.
    fc.record({
      do: fc.constant('select' as const),
      priorities: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 5 }),
    }),
    fc.record({
      do: fc.constant('limit' as const),
      whose: fc.constantFrom('session' as const, 'torrent' as const),
      which: fc.constantFrom('downLimit' as const, 'upLimit' as const),
      limit: fc.option(fc.constantFrom(5_000, 60_000, 1_000_000), { nil: undefined }),
    }),
    fc.record({ do: fc.constant('hold' as const), forMs: fc.integer({ min: 0, max: 20_000 }) }),
    fc.record({ do: fc.constant('recheck' as const) }),
    fc.record({ do: fc.constant('order' as const), order: fc.constantFrom('rarest' as const, 'sequential' as const) }),
    fc.record({ do: fc.constant('move' as const) }),
    fc.record({ do: fc.constant('read' as const), file: fc.nat(4), forMs: fc.integer({ min: 0, max: 20_000 }) }),
  ),
});

const leech = fc.record({
  latencyMs: fc.integer({ min: 0, max: 200 }),
  up: fc.constantFrom(30_000, 300_000, Number.POSITIVE_INFINITY),
  down: fc.constantFrom(50_000, 500_000, Number.POSITIVE_INFINITY),
  memory: fc.constantFrom(20_000, 200_000, 64 << 20),
  slots: fc.integer({ min: 1, max: 4 }),
  diskMs: fc.constantFrom(0, 0, 30),
  crashes: fc.array(crash, { maxLength: 2 }),
  deeds: fc.array(deed, { maxLength: 6 }),
});

const swarm = fc.record({
  seed: fc.integer(),
  oddSplits: fc.boolean(),
  seedUp: fc.constantFrom(15_000, 100_000, Number.POSITIVE_INFINITY),
  pieceLength: fc.constantFrom(10_000, 16_384, 32_768, 100_000),
  lengths: fc
    .array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 120_000 })), { minLength: 1, maxLength: 5 })
    .filter((lengths) => lengths.some((length) => length > 0)),
  leeches: fc.array(leech, { minLength: 1, maxLength: 5 }),
  /** A second seed, over a line that flips a bit every so many bytes. */
  noisySeed: fc.option(fc.integer({ min: 20_000, max: 500_000 })),
});

type LeechOptions = typeof leech extends fc.Arbitrary<infer Options> ? Options : never;

/** A leech with its disk and its saved state, through all of its processes. */
class Leech {
  readonly #world: World;
  readonly #made: MadeTorrent;
  readonly #options: LeechOptions;
  readonly #host: SimHost;
  readonly #bytes: Storage;
  readonly #disk: Storage;
  readonly #stateStore: StateStore = memoryStateStore();
  #member: Member | undefined;
  #mortal = new Mortal();

  constructor(world: World, made: MadeTorrent, host: SimHost, options: LeechOptions) {
    this.#world = world;
    this.#made = made;
    this.#host = host;
    this.#options = options;
    this.#bytes = outliving(new MemoryStorage({ layout: made.metainfo.layout }));
    const disk = new FaultyStorage(this.#bytes, { clock: world.clock });
    disk.slow(options.diskMs);
    this.#disk = disk;
  }

  async start(): Promise<void> {
    const { memory, slots } = this.#options;
    this.#mortal = new Mortal();
    this.#member = await this.#world.joinOn(this.#host, this.#made, {
      storage: this.#mortal.storage(this.#disk),
      stateStore: this.#mortal.stateStore(this.#stateStore),
      session: {
        clock: this.#mortal.clock(this.#world.clock),
        transports: [this.#mortal.transport(this.#host)],
        memory,
        uploadSlots: slots,
      },
    });
  }

  /** Dies and comes back, as its options say; resolves when it is back for the last time. */
  async live(): Promise<void> {
    const { clock } = this.#world;
    for (const { atMs, awayMs } of this.#options.crashes) {
      await new Promise<void>((resolve) => clock.setTimer(resolve, atMs));
      this.#mortal.kill();
      this.#host.crash();
      const index = this.#world.members.findIndex(({ host }) => host === this.#host);
      this.#world.members.splice(index, 1);
      await new Promise<void>((resolve) => clock.setTimer(resolve, awayMs));
      await this.start();
    }
  }

  /** Does to its torrent what its options say, and in the end wants everything without limits. */
  async suffer(): Promise<void> {
    for (const { atMs, what } of this.#options.deeds) {
      await this.#wait(atMs);
      await this.#do(what);
    }
  }

  async #do(what: LeechOptions['deeds'][number]['what']): Promise<void> {
    const member = this.#member as Member;
    const { torrent } = member;
    switch (what.do) {
      case 'pause':
        void torrent.pause();
        await this.#wait(what.awayMs);
        void torrent.resume();
        return;
      case 'select':
        void torrent.select(this.#made.metainfo.layout.files.map((_, file) => what.priorities[file % 5] as number));
        return;
      case 'limit':
        member[what.whose][what.which] = what.limit;
        return;
      case 'hold':
        torrent.hold(true);
        await this.#wait(what.forMs);
        torrent.hold(false);
        return;
      case 'recheck':
        void torrent.recheck();
        return;
      case 'order':
        torrent.order = what.order;
        return;
      case 'move':
        void torrent.move('/elsewhere').catch(() => undefined);
        return;
      case 'read': {
        const enough = new AbortController();
        const file = what.file % this.#made.metainfo.layout.files.length;
        const reading = (async () => {
          for await (const _ of torrent.read(file, { signal: enough.signal }));
        })();
        void reading.catch(() => undefined);
        await this.#wait(what.forMs);
        enough.abort();
      }
    }
  }

  /** What its torrent says of itself agrees with itself; called now and then. */
  check(): void {
    const { torrent } = this.#member as Member;
    const figures = torrent.snapshot();
    const { have } = torrent;
    const { layout } = this.#made.metainfo;
    let [done, wanted, wantedDone] = [0, 0, 0];
    const priorities = torrent.priorities ?? [];
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      const size = layout.pieceSize(piece);
      const isWanted = layout.spans(piece).some(({ file }) => (priorities[file] as number) > 0);
      if (have?.has(piece)) done += size;
      if (isWanted) wanted += size;
      if (isWanted && have?.has(piece)) wantedDone += size;
    }
    expect([figures.bytesDone, figures.bytesWantedDone]).toEqual([done, wantedDone]);
    if (torrent.state === 'downloading' || torrent.state === 'seeding') {
      expect(figures.bytesWanted).toBe(wanted);
      expect(torrent.state).toBe(wanted === wantedDone ? 'seeding' : 'downloading');
    }
    if (torrent.paused || torrent.queued) expect(torrent.peers).toEqual([]);
    expect(torrent.error).toBeNull();
  }

  /** Everything, without limits. */
  wantAll(): void {
    const { session, torrent } = this.#member as Member;
    for (const limited of [session, torrent]) {
      limited.downLimit = undefined;
      limited.upLimit = undefined;
    }
    void torrent.select(this.#made.metainfo.layout.files.map(() => 4));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.clock.setTimer(resolve, ms));
  }

  content(): Promise<Uint8Array> {
    return contentOf(this.#bytes, this.#made);
  }
}

test('whatever the swarm, everybody ends with equal bytes and nothing is left', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(swarm, async ({ seed, oddSplits, seedUp, pieceLength, lengths, leeches, noisySeed }) => {
      const world = new World(seed, oddSplits);
      const made = makeTorrent(world.random, lengths, pieceLength);
      await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: { up: seedUp } });
      if (noisySeed !== null) await world.join('10.0.0.2', made, { storage: await filledStorage(made) });
      const all: Leech[] = [];
      let alive = 0;
      for (const [index, options] of leeches.entries()) {
        const ip = `10.0.1.${index + 1}`;
        if (noisySeed !== null) world.network.corrupt('10.0.0.2', ip, noisySeed);
        const { latencyMs, up, down } = options;
        const one = new Leech(world, made, world.network.host(ip, { latencyMs, up, down }), options);
        all.push(one);
        await one.start();
        void one.live().then(() => alive++);
        void one.suffer().then(() => alive++);
      }
      let looks = 0;
      const look = (): boolean => {
        if (++looks % 50 === 0) for (const one of all) one.check();
        return alive === 2 * all.length;
      };
      await world.clock.run(look, LIMIT_MS);
      for (const one of all) one.wantAll();
      await world.untilComplete(LIMIT_MS);
      for (const one of all) expect(Buffer.compare(await one.content(), made.data)).toBe(0);
      await world.close();
      await world.clock.run(undefined, 5_000);
      expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
    }),
    { numRuns: 30 },
  );
});
