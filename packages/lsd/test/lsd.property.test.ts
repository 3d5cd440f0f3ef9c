import { InfoHash } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement, LsdError, LsdMachine } from '../src/index.ts';

const infoHash = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => new InfoHash(bytes));
const infoHashes = fc.uniqueArray(infoHash, { minLength: 1, maxLength: 24, selector: ({ hex }) => hex });
const port = fc.integer({ min: 1, max: 65_535 });
const cookie = fc.stringMatching(/^[\x21-\x7e]{1,64}$/);

test('what is encoded is decoded, and has room in a datagram', () => {
  fc.assert(
    fc.property(fc.constantFrom(4 as const, 6 as const), fc.record({ port, infoHashes, cookie }), (family, each) => {
      const datagram = encodeAnnouncement(family, each);
      expect(datagram.length).toBeLessThanOrEqual(1_400);
      const decoded = decodeAnnouncement(datagram);
      expect([decoded.port, decoded.cookie]).toEqual([each.port, each.cookie]);
      expect(decoded.infoHashes.map(({ hex }) => hex)).toEqual(each.infoHashes.map(({ hex }) => hex));
    }),
  );
});

test('no bytes do anything but be read or be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isBegun) => {
      const begin = new TextEncoder().encode(isBegun ? 'BT-SEARCH * HTTP/1.1\r\n' : '');
      try {
        decodeAnnouncement(Uint8Array.from([...begin, ...bytes]));
      } catch (error) {
        expect(error).toBeInstanceOf(LsdError);
      }
    }),
    { numRuns: 2_000 },
  );
});

const step = fc.record({
  does: fc.constantFrom('add', 'remove', 'hurry', 'receive', 'wait', 'wait'),
  which: fc.nat(40),
  ms: fc.integer({ min: 0, max: 120_000 }),
});

test('whatever happens, a torrent is announced once a minute at most and in the end each within five', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const lsd = new LsdMachine({ cookie: 'ours' });
      const hashes = Array.from({ length: 41 }, (_, index) => new InfoHash(new Uint8Array(20).fill(index + 1)));
      const added = new Set<string>();
      const announcedAt = new Map<string, number>();
      let now = 0;
      const pass = (ms: number): void => {
        const end = now + ms;
        for (;;) {
          lsd.tick(now);
          for (let output = lsd.poll(); output !== undefined; output = lsd.poll()) {
            if (output.type !== 'send' || output.family !== 4) continue;
            for (const { hex } of decodeAnnouncement(output.bytes).infoHashes) {
              expect(added.has(hex)).toBe(true);
              expect(now - (announcedAt.get(hex) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(60_000);
              announcedAt.set(hex, now);
            }
          }
          lsd.checkInvariants();
          const wake = lsd.nextWake();
          expect(wake).toBeGreaterThan(now);
          if (wake > end) break;
          now = wake;
        }
        now = end;
      };
      for (const { does, which, ms } of steps) {
        const each = hashes[which] as InfoHash;
        if (does === 'add' && !added.has(each.hex)) {
          lsd.add(each, () => 6_881, now);
          added.add(each.hex);
        } else if (does === 'remove') {
          lsd.remove(each);
          added.delete(each.hex);
        } else if (does === 'hurry') lsd.hurry(each, now);
        else if (does === 'receive') {
          lsd.receive(encodeAnnouncement(4, { port: 1, infoHashes: [each], cookie: 'x' }), `10.0.0.${which}`, now);
        } else if (does === 'wait') pass(ms);
      }
      pass(302_000);
      for (const hex of added)
        expect(now - (announcedAt.get(hex) ?? Number.NEGATIVE_INFINITY)).toBeLessThanOrEqual(302_000);
    }),
    { numRuns: 60 },
  );
});
