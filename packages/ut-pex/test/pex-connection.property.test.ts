// Peers come and go at random while time passes: whoever hears from us ends up with a true picture of our neighbours, and
// no message on the way breaks BEP 11.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TestPeer, TestTorrent } from './harness.ts';

const step = fc.oneof(
  fc.record({ does: fc.constant('come' as const), who: fc.nat(150) }),
  fc.record({ does: fc.constant('go' as const), who: fc.nat(150) }),
  fc.record({ does: fc.constant('wait' as const), who: fc.nat(90) }),
);

test('what a peer was told adds up to who is there', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const torrent = new TestTorrent();
      const listener = torrent.dial('9.9.9.9:1').meet();
      const there = new Map<string, TestPeer>();
      const believed = new Set<string>();
      let now = 0;
      let sentAt = Number.NEGATIVE_INFINITY;
      const hear = (): void => {
        const { added, dropped } = listener.told(now);
        if (added.length + dropped.length === 0) return;
        expect(now - sentAt).toBeGreaterThanOrEqual(60_000);
        sentAt = now;
        expect(added.length).toBeLessThanOrEqual(50);
        expect(dropped.length).toBeLessThanOrEqual(50);
        expect(new Set([...added, ...dropped]).size).toBe(added.length + dropped.length);
        for (const address of added) {
          expect(there.has(address)).toBe(true);
          expect(believed.has(address)).toBe(false);
          believed.add(address);
        }
        for (const address of dropped) expect(believed.delete(address)).toBe(true);
      };
      for (const { does, who } of steps) {
        const address = `1.0.0.${who}:6881`;
        const peer = there.get(address);
        if (does === 'wait') now += who * 1_000;
        else if (does === 'come' && !peer) there.set(address, torrent.dial(address).meet());
        else if (does === 'go' && peer) {
          torrent.leave(peer);
          there.delete(address);
        }
        // The list of peers is a second old at most.
        if (does === 'wait' && who > 0) hear();
      }
      for (let minute = 0; minute < 5; minute++) {
        now += 65_000;
        hear();
      }
      expect([...believed].sort()).toEqual([...there.keys()].sort());
    }),
    { numRuns: 100 },
  );
});
