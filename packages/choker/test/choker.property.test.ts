import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ChokeCandidate, Choker } from '../src/index.ts';
import { sequence } from './language.ts';

const peer = fc.record({
  interested: fc.boolean(),
  snubbed: fc.boolean(),
  downRate: fc.nat(1_000),
  upRate: fc.nat(1_000),
  connectedAt: fc.nat(200_000),
  uploadOnly: fc.boolean(),
  progress: fc.double({ min: 0, max: 1, noNaN: true }),
});
const strategy = fc.constantFrom('round-robin' as const, 'fastest-upload' as const, 'anti-leech' as const);
/** A round: the peers that are there, by index, and how they are. */
const round = fc.record({
  there: fc.dictionary(fc.constantFrom(...'abcdefghij'), peer, { maxKeys: 10 }),
  wait: fc.nat(20_000),
  full: fc.boolean(),
  seeding: fc.boolean(),
  seedStrategy: strategy,
});

it('keeps its rules in every course of events', () => {
  fc.assert(
    fc.property(fc.nat(6), fc.integer(), fc.array(round, { maxLength: 25 }), (slots, seed, rounds) => {
      const [choker, twin] = [1, 2].map(() => new Choker({ slots, random: sequence(seed) })) as [Choker, Choker];
      let unchoked: readonly (string | number)[] = [];
      let now = 0;
      for (const { there, wait, full, seeding, seedStrategy } of rounds) {
        now += wait;
        choker.seedStrategy = twin.seedStrategy = seedStrategy;
        const peers: ChokeCandidate[] = Object.entries(there).map(([key, rest]) => ({
          ...rest,
          key,
          unchoked: unchoked.includes(key),
        }));
        const context = { now, seeding, full };
        const decision = choker.round(peers, context);
        choker.checkInvariants();
        expect(twin.round(peers, context)).toEqual(decision);

        const { unchoke, optimistic } = decision;
        const wanting = peers.filter((one) => one.interested && !one.uploadOnly);
        const regular = wanting.filter((one) => unchoke.includes(one.key) && one.key !== optimistic);
        expect(unchoke.length).toBeLessThanOrEqual(slots);
        expect(new Set(unchoke).size).toBe(unchoke.length);
        expect(wanting.map((one) => one.key)).toEqual(expect.arrayContaining(unchoke));
        if (optimistic !== null) expect(unchoke).toContain(optimistic);
        if (!seeding) {
          for (const one of regular) expect(one.snubbed).toBe(false);
          if (full) {
            const choked = wanting.filter((one) => !one.snubbed && !regular.includes(one));
            const least = Math.min(...regular.map((one) => one.downRate));
            if (regular.length > 0) for (const one of choked) expect(one.downRate).toBeLessThanOrEqual(least);
          }
        }
        // No slot stays empty that somebody may have: snubbing peers compete for one slot only.
        const worthy = wanting.filter((one) => seeding || !one.snubbed).length;
        expect(unchoke.length).toBeGreaterThanOrEqual(Math.min(slots, worthy));
        unchoked = unchoke;
      }
    }),
    { numRuns: 300 },
  );
});

it('starves nobody while seeding', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(1_000), { minLength: 1, maxLength: 14 }),
      fc.integer(),
      (slots, rates, seed) => {
        const choker = new Choker({ slots, random: sequence(seed) });
        const served = new Set<string | number>();
        // Each turn of all takes at most a double tenure and a round for every `regular` peers.
        const regular = Math.max(1, slots - 1);
        const limit = (Math.ceil(rates.length / regular) + 1) * 130_000;
        let unchoked: readonly (string | number)[] = [];
        for (let now = 0; now <= limit; now += 10_000) {
          const peers = rates.map((upRate, key) => ({
            key,
            interested: true,
            unchoked: unchoked.includes(key),
            snubbed: false,
            downRate: 0,
            upRate: unchoked.includes(key) ? upRate : 0,
            connectedAt: 0,
          }));
          unchoked = choker.round(peers, { now, seeding: true }).unchoke;
          for (const key of unchoked) served.add(key);
        }
        expect(served.size).toBe(rates.length);
      },
    ),
  );
});

it('lets every peer show what it gives while downloading', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 8 }), fc.integer(), (slots, count, seed) => {
      const choker = new Choker({ slots, random: sequence(seed) });
      const served = new Set<string | number>();
      const peers = Array.from({ length: count }, (_, key) => ({
        key,
        interested: true,
        unchoked: false,
        snubbed: false,
        downRate: 1_000 - key,
        upRate: 0,
        connectedAt: 0,
      }));
      for (let now = 0; now < 200 * 30_000; now += 10_000) {
        for (const key of choker.round(peers, { now, seeding: false }).unchoke) served.add(key);
      }
      expect(served.size).toBe(count);
    }),
    { numRuns: 30 },
  );
});
