// Swarms of honest, lying, silent, refusing, slow and leaving peers in random order: with one honest peer that stays, the right dictionary
// comes in bounded time, once; a wrong one never does; the invariants hold at each step.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dictionary, scene, settle, sha1, TestTorrent } from './harness.ts';

const INFO = dictionary(60_000);
const WRONG = dictionary(60_000, 1);
const OTHER = dictionary(40_000);

const kind = fc.constantFrom(
  'honest',
  'liar',
  'partly',
  'other size',
  'silent',
  'refuses',
  'slow',
  'leaves',
  'unsized',
);
type Kind = typeof kind extends fc.Arbitrary<infer T> ? T : never;

const plan = fc.record({
  kinds: fc.array(kind, { maxLength: 7 }),
  place: fc.nat(7),
  isAsync: fc.boolean(),
  order: fc.infiniteStream(fc.nat(6)),
});

test('the right dictionary comes, whoever else is there', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ kinds, place, isAsync, order }) => {
      const cast: Kind[] = [...kinds];
      cast.splice(place % (cast.length + 1), 0, 'honest');
      const digest = isAsync ? async (bytes: Uint8Array) => sha1(bytes) : sha1;
      const { torrent, peer, check } = scene(new TestTorrent({ of: INFO }), { sha1: digest });
      const peers = cast.map((role, index) => {
        const each = peer(`${role} ${index}`);
        const size = role === 'other size' ? OTHER.length : INFO.length;
        each.meet(role === 'unsized' ? undefined : size);
        return { role, each };
      });
      let now = 0;
      for (; torrent.offered.length === 0 && now < 1_200_000; now += 1_000) {
        const turn = peers
          .map((entry) => ({ entry, rank: order.next().value as number }))
          .sort((a, b) => a.rank - b.rank);
        for (const { entry } of turn) {
          const { role, each } = entry;
          each.extension.onTick?.(now);
          expect(each.extension.nextWake?.()).toBeGreaterThan(now);
          for (const piece of each.asked()) {
            if (role === 'honest' || role === 'unsized') each.give(INFO, piece, now);
            else if (role === 'liar') each.give(WRONG, piece, now);
            else if (role === 'partly') each.give(piece === 1 ? WRONG : INFO, piece, now);
            else if (role === 'other size') each.give(OTHER, piece, now);
            else if (role === 'refuses') each.say({ msg_type: 2, piece }, now);
            else if (role === 'leaves') each.close();
            else if (role === 'slow' && now % 7_000 === 0) each.give(INFO, piece, now);
            check();
          }
        }
        await settle();
        check();
      }
      expect(torrent.has(INFO)).toBe(true);
      for (const { role, each } of peers) {
        if (role === 'honest' || role === 'unsized' || role === 'silent') expect(each.faults).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});
