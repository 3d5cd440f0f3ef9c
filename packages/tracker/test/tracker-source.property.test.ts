import { SimClock, seededRandom } from '@shoal/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrackerError, TrackerSource } from '../src/index.ts';

type Command = 'complete' | 'wantPeers' | 'announceNow' | 'selectLess' | 'selectMore' | 'stop' | 'start';
type Step = { readonly do: Command } | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom<Command>('complete', 'wantPeers', 'announceNow', 'selectLess', 'selectMore', 'stop', 'start'),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4_000_000 }) }),
);

test('whatever trackers and callers do, the rules of events, timers and concurrency hold', async () => {
  const shape = fc.record({
    seed: fc.integer(),
    isPrivate: fc.boolean(),
    tiers: fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }), { maxLength: 3 }),
    steps: fc.array(step, { maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ seed, isPrivate, tiers, steps }) => {
      const random = seededRandom(seed);
      const clock = new SimClock();
      const underWay = new Map<string, number>();
      /** Trackers that have answered in this run. */
      const answered = new Set<string>();
      let [isRunning, isStopping, isOwed, completedAcknowledged, completeCalls] = [false, false, false, 0, 0];
      let isPartial = false;
      /** Before it a tracker may only be told an event. */
      const earliest = new Map<string, number>();
      const keys = new Set<number | undefined>();
      /** Whose peers a private torrent has. */
      let peersOf: string | undefined;
      const source = new TrackerSource({
        tiers,
        clock,
        random: random.number,
        announce: (url, request, signal) => {
          expect(underWay.get(url) ?? 0).toBe(0);
          if (request.event !== 'stopped') {
            // The `completed` that is owed is all that a stop may still send, but for `stopped`.
            expect(isRunning || (isStopping && isOwed && request.event === 'completed')).toBe(true);
            expect(request.event === 'started').toBe(!answered.has(url));
            expect(request.event !== undefined || !isPartial).toBe(true);
            expect(request.event !== 'paused' || isPartial).toBe(true);
            if (request.event === undefined || request.event === 'paused') {
              expect(clock.now()).toBeGreaterThanOrEqual(earliest.get(url) ?? 0);
            }
          } else {
            expect(answered.has(url)).toBe(true);
          }
          keys.add(request.key);
          underWay.set(url, (underWay.get(url) ?? 0) + 1);
          return new Promise<Awaited<ReturnType<ConstructorParameters<typeof TrackerSource>[0]['announce']>>>(
            (resolve, reject) => {
              let isSettled = false;
              const settle = (outcome: () => void) => {
                if (isSettled) return;
                isSettled = true;
                underWay.set(url, (underWay.get(url) ?? 0) - 1);
                outcome();
              };
              let timer: { cancel(): void } | undefined;
              signal.addEventListener('abort', () => {
                timer?.cancel();
                settle(() => reject(new Error('aborted')));
              });
              const fate = random.int(4);
              if (fate === 0) return;
              timer = clock.setTimer(() => {
                if (signal.aborted) return;
                settle(() => {
                  if (fate === 1) return reject(new TrackerError('ERR_TRACKER_FAILURE', 'no'));
                  if (request.event !== 'stopped') answered.add(url);
                  if (request.event === 'completed') completedAcknowledged++;
                  const interval = 60 + random.int(3_600);
                  const minInterval = random.int(2) === 0 ? null : random.int(interval);
                  earliest.set(url, clock.now() + 1_000 * Math.min(interval, minInterval ?? 120));
                  resolve({
                    interval,
                    minInterval,
                    seeders: null,
                    leechers: null,
                    peers: [{ host: url, port: 1 }],
                    warning: null,
                    trackerId: null,
                    externalIp: null,
                  });
                });
              }, random.int(10_000));
            },
          );
        },
      });
      const torrent = {
        infoHash: new Uint8Array(20),
        peerId: new Uint8Array(20),
        port: () => 1,
        counters: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
        private: isPrivate,
        partialSeed: () => isPartial,
        offerPeers: ([address = '']: readonly string[]) => {
          expect(!isPrivate || peersOf === undefined || `${peersOf}:1` === address).toBe(true);
          peersOf = address.slice(0, address.indexOf(':'));
        },
        trackerChanged: () => {
          expect(isPrivate).toBe(true);
          expect(peersOf).toBeDefined();
          peersOf = undefined;
        },
        statusChanged: () => void source.status(),
      };
      for (const current of steps) {
        if (current.do === 'wait') await clock.advance(current.ms);
        else if (current.do === 'start' && !isRunning) {
          isRunning = true;
          isOwed = false;
          // A goodbye may still be under way; it was sent for the run before.
          answered.clear();
          earliest.clear();
          peersOf = undefined;
          source.start(torrent);
        } else if (current.do === 'stop') {
          const stopped = source.stop();
          isRunning = false;
          isStopping = true;
          await clock.advance(2_000);
          await stopped;
          isStopping = false;
          expect(clock.pending).toBe(0);
        } else if (current.do === 'complete') {
          if (isRunning && !isPartial) completeCalls++;
          isOwed ||= isRunning && !isPartial;
          source.complete();
        } else if (current.do === 'wantPeers') source.wantPeers();
        else if (current.do === 'announceNow') source.announceNow();
        else if (current.do === 'selectLess') isPartial = true;
        else if (current.do === 'selectMore') isPartial = false;
        expect(completedAcknowledged).toBeLessThanOrEqual(completeCalls * 4);
        // Running with a tracker it always goes on.
        if (isRunning && tiers.flat().length > 0) expect(clock.pending).toBeGreaterThan(0);
      }
      isStopping = true;
      const stopped = source.stop();
      isRunning = false;
      await Promise.all([stopped, clock.advance(2_000)]);
      for (const count of underWay.values()) expect(count).toBe(0);
      expect(clock.pending).toBe(0);
      expect(keys.size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 100 },
  );
});
