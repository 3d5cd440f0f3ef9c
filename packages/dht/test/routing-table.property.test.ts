import { seededRandom } from '@shoal/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Contact } from '../src/contacts.ts';
import { compareDistance, idNear } from '../src/node-id.ts';
import { RoutingTable } from '../src/routing-table.ts';
import { publicAddress } from './sim-net.ts';

const STEP = fc.record({
  what: fc.constantFrom('answered', 'answered', 'answered', 'asked', 'failed', 'other id', 'refresh'),
  who: fc.nat(59),
  ms: fc.nat(400_000),
});

test('whatever happens to nodes, the table keeps its invariants and knows the nearest of those it holds', () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), fc.array(STEP, { maxLength: 300 }), (seed, restrictSubnets, steps) => {
      const random = seededRandom(seed);
      const own = random.bytes(20);
      const contacts = Array.from({ length: 60 }, (_, index): Contact => {
        const id = idNear(own, random.int(20), random.bytes);
        // Some share a /24, some an address.
        const host = index % 5 === 0 ? `9.9.9.${index % 3}` : publicAddress(random);
        return { id, host, port: 1 + index };
      });
      const table = new RoutingTable(own, { k: 8, restrictSubnets }, 0);
      let now = 0;
      for (const { what, who, ms } of steps) {
        now += ms;
        const contact = contacts[who] as Contact;
        if (what === 'answered') table.answered(contact, now);
        else if (what === 'asked') table.asked(contact, now);
        else if (what === 'failed') table.failed(contact, now - 2_000, now);
        else if (what === 'other id') table.answered({ ...contact, id: random.bytes(20) }, now);
        else table.refreshTarget(now, random.bytes);
        table.checkInvariants();
      }
      const target = random.bytes(20);
      const held = [...table].filter((node) => node.failures === 0).sort((a, b) => compareDistance(target, a.id, b.id));
      expect(table.closest(target, 8).map(({ name }) => name)).toEqual(held.slice(0, 8).map(({ name }) => name));
    }),
    { numRuns: 100 },
  );
});
