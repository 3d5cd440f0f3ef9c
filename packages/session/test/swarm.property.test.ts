import { MemoryStorage, type Storage } from '@shoal/storage';
import { FaultyStorage, type SimHost } from '@shoal/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StateStore } from '../src/index.ts';
import {
  contentOf,
  filledStorage,
  type MadeTorrent,
  makeTorrent,
  memoryStateStore,
  outliving,
  World,
} from './harness.ts';
import { Mortal } from './mortal.ts';

const LIMIT_MS = 60 * 60_000;

/** When a leech's process dies, and how long it stays away. */
const crash = fc.record({ atMs: fc.integer({ min: 1, max: 20_000 }), awayMs: fc.integer({ min: 0, max: 90_000 }) });

const leech = fc.record({
  latencyMs: fc.integer({ min: 0, max: 200 }),
  up: fc.constantFrom(30_000, 300_000, Number.POSITIVE_INFINITY),
  down: fc.constantFrom(50_000, 500_000, Number.POSITIVE_INFINITY),
  memory: fc.constantFrom(20_000, 200_000, 64 << 20),
  slots: fc.integer({ min: 1, max: 4 }),
  diskMs: fc.constantFrom(0, 0, 30),
  crashes: fc.array(crash, { maxLength: 2 }),
});

const swarm = fc.record({
  seed: fc.integer(),
  oddSplits: fc.boolean(),
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
    await this.#world.joinOn(this.#host, this.#made, {
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

  content(): Promise<Uint8Array> {
    return contentOf(this.#bytes, this.#made);
  }
}

test('whatever the swarm, everybody ends with equal bytes and nothing is left', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(swarm, async ({ seed, oddSplits, pieceLength, lengths, leeches, noisySeed }) => {
      const world = new World(seed, oddSplits);
      const made = makeTorrent(world.random, lengths, pieceLength);
      await world.join('10.0.0.1', made, { storage: await filledStorage(made) });
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
      }
      await world.clock.run(() => alive === all.length, LIMIT_MS);
      await world.untilComplete(LIMIT_MS);
      for (const one of all) expect(Buffer.compare(await one.content(), made.data)).toBe(0);
      await world.close();
      await world.clock.run(undefined, 5_000);
      expect([world.network.openStreams, world.clock.pending]).toEqual([0, 0]);
    }),
    { numRuns: 30 },
  );
});
