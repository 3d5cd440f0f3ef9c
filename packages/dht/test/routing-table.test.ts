import { seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import type { Contact } from '../src/contacts.ts';
import { commonPrefix, idNear, nodeIdFor } from '../src/node-id.ts';
import { RoutingTable } from '../src/routing-table.ts';

const MINUTE = 60_000;
const random = seededRandom('table');
const OWN = new Uint8Array(20);
const RULES = { k: 8, restrictSubnets: true };
let count = 0;

/** A node that shares `bits` bits with ours, in a /24 of its own. */
function contact(bits: number): Contact {
  count++;
  return { id: idNear(OWN, bits, random.bytes), host: `30.${count >> 8}.${count & 255}.1`, port: 6881 };
}

/** A table whose bucket of nodes that share nothing with us is full, with these in it. */
function fullTable(now: number): { table: RoutingTable; far: Contact[] } {
  const table = new RoutingTable(OWN, RULES, now);
  const far = Array.from({ length: 8 }, () => contact(0));
  for (const node of [...far, contact(1)]) table.answered(node, now);
  return { table, far };
}

test('splits where our own id lies, and nowhere else', () => {
  const { table } = fullTable(0);
  expect([table.depth, table.size]).toEqual([2, 9]);
  table.answered(contact(0), 0);
  expect([table.size, table.waiting]).toEqual([9, 1]);
  table.checkInvariants();
});

test('a node that fails twice gives way to one that waits (BEP 5)', () => {
  const { table, far } = fullTable(0);
  const spare = contact(0);
  table.answered(spare, 10);
  const [bad] = far as [Contact];
  table.failed(bad, 5, 20);
  expect(table.waiting).toBe(1);
  table.failed(bad, 5, 30);
  expect([...table].some(({ host }) => host === bad.host)).toBe(false);
  expect([...table].some(({ host }) => host === spare.host)).toBe(true);
});

test('silence says nothing about a node while nobody else answers either: it may be our own network', () => {
  const { table, far } = fullTable(0);
  for (let time = 1; time < 20; time++) for (const node of far) table.failed(node, time * MINUTE, time * MINUTE + 5);
  expect([table.size, table.closest(OWN, 20).length]).toEqual([9, 9]);
  table.answered(far[1] as Contact, 30 * MINUTE);
  table.failed(far[0] as Contact, 29 * MINUTE, 30 * MINUTE);
  expect(table.closest(OWN, 20)).toHaveLength(8);
});

test('good, questionable, bad (BEP 5)', () => {
  const { table, far } = fullTable(0);
  const healthOf = (node: Contact, now: number): string | undefined =>
    [...table].find(({ host }) => host === node.host)?.health(now);
  const [first, second] = far as [Contact, Contact];
  expect(healthOf(first, 14 * MINUTE)).toBe('good');
  table.asked(second, 14 * MINUTE);
  expect(healthOf(first, 16 * MINUTE)).toBe('questionable');
  expect(healthOf(second, 16 * MINUTE)).toBe('good');
  expect(table.doubtful(16 * MINUTE)).toBeUndefined();
  table.answered(contact(0), 16 * MINUTE);
  expect(table.doubtful(16 * MINUTE)?.health(16 * MINUTE)).toBe('questionable');
});

test('poisoning: of a /24 one node stands in a bucket, of an address one id', () => {
  const table = new RoutingTable(OWN, RULES, 0);
  const first = { id: idNear(OWN, 0, random.bytes), host: '40.0.0.1', port: 1 };
  table.answered(first, 0);
  for (let host = 2; host < 100; host++) {
    table.answered({ id: idNear(OWN, 0, random.bytes), host: `40.0.0.${host}`, port: 1 }, 0);
  }
  for (let port = 2; port < 100; port++) table.answered({ ...first, id: random.bytes(20), port }, 0);
  expect([...table].map(({ name }) => name)).toEqual(['40.0.0.1:1']);
});

test('poisoning: a node that answers under another id loses its place', () => {
  const { table, far } = fullTable(0);
  table.answered({ ...(far[0] as Contact), id: random.bytes(20) }, 1);
  expect(table.size).toBe(8);
  table.checkInvariants();
});

test('a node whose id its address may bear takes the place of one whose id it may not (BEP 42)', () => {
  const { table } = fullTable(0);
  const compliant = (): Contact => {
    for (;;) {
      const { host, port } = contact(0);
      const id = nodeIdFor(host, random.bytes);
      if (commonPrefix(OWN, id) === 0) return { id, host, port };
    }
  };
  const honest = compliant();
  table.answered(honest, 0);
  expect([...table].some(({ host }) => host === honest.host)).toBe(true);
});

test('nodes of one local network are not one crowd', () => {
  const table = new RoutingTable(OWN, RULES, 0);
  for (let port = 1; port <= 5; port++) table.answered({ id: random.bytes(20), host: '127.0.0.1', port }, 0);
  expect(table.size).toBe(5);
});

test('every bucket is looked up in once, a sparse one soon again, a full one after 15 minutes of silence', () => {
  const { table } = fullTable(0);
  const bits = (now: number): number | undefined => {
    const target = table.refreshTarget(now, random.bytes);
    return target && commonPrefix(OWN, target);
  };
  expect([bits(MINUTE), bits(MINUTE)]).toEqual([160, undefined]);
  expect(bits(15 * MINUTE)).toBe(0);
  expect(bits(15 * MINUTE)).toBeUndefined();
});
