import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Place, Queue, type QueueLimits } from '../src/queue.ts';

class Member {
  readonly name: string;
  held = false;
  onHold: (isHeld: boolean) => void = () => undefined;

  constructor(name: string) {
    this.name = name;
  }

  hold(isHeld: boolean): void {
    if (this.held === isHeld) return;
    this.held = isHeld;
    this.onHold(isHeld);
  }
}

const members = (count: number): Member[] => Array.from({ length: count }, (_, index) => new Member(`${index}`));
const shown = (all: readonly Member[]): string => all.map(({ held }) => (held ? '-' : '+')).join('');

test('in the order they came, downloads and seeds apart', () => {
  const queue = new Queue<Member>({ downloads: 2, seeds: 1 });
  const all = members(6);
  for (const [index, member] of all.entries()) queue.put(member, index % 2 === 0 ? 'downloads' : 'seeds');
  expect(shown(all)).toBe('+++---');
});

test('who takes no place is let go; who comes back takes the one that is due to it', () => {
  const queue = new Queue<Member>({ downloads: 1, seeds: 0 });
  const all = members(3);
  for (const member of all) queue.put(member, 'downloads');
  expect(shown(all)).toBe('+--');
  queue.put(all[0] as Member, undefined);
  expect(shown(all)).toBe('++-');
  queue.put(all[1] as Member, 'seeds');
  expect(shown(all)).toBe('+-+');
  queue.put(all[0] as Member, 'downloads');
  expect(shown(all)).toBe('+--');
  queue.remove(all[0] as Member);
  expect(shown(all)).toBe('+-+');
  queue.remove(all[0] as Member);
});

test('a place that is lost is given up before it is taken', () => {
  const queue = new Queue<Member>({ downloads: 1, seeds: 0 });
  const [first, second] = members(2) as [Member, Member];
  queue.put(first, undefined);
  queue.put(second, 'downloads');
  first.held = true;
  const told: string[] = [];
  for (const member of [first, second]) member.onHold = (isHeld) => told.push(`${member.name} ${isHeld}`);
  queue.put(first, 'downloads');
  expect(told).toEqual(['1 true', '0 false']);
});

test('a change that another one brings about is told after it', () => {
  const queue = new Queue<Member>({ downloads: 1, seeds: 1 });
  const all = members(4);
  for (const member of all) queue.put(member, 'downloads');
  // Whoever gets its place finds out that it has nothing to do.
  for (const member of all) member.onHold = (isHeld) => isHeld || queue.put(member, undefined);
  queue.put(all[0] as Member, undefined);
  expect(shown(all)).toBe('++++');
});

test('a listener that throws does not stop the queue', () => {
  const queue = new Queue<Member>({ downloads: 1, seeds: 1 });
  const [first, second, third] = members(3) as [Member, Member, Member];
  for (const member of [first, second, third]) queue.put(member, 'downloads');
  second.onHold = () => {
    throw new Error('its fault');
  };
  expect(() => queue.put(first, undefined)).toThrow('its fault');
  queue.put(second, undefined);
  expect(third.held).toBe(false);
});

/** What must come out: the first of each line, in order. */
function whoRuns(places: readonly Place[], limits: QueueLimits): boolean[] {
  const left = { ...limits };
  return places.map((place) => place === undefined || left[place]-- > 0);
}

test('whatever happens, exactly the first ones of each line run, and never more', () => {
  const limit = fc.oneof(fc.nat(4), fc.constant(Number.POSITIVE_INFINITY));
  const step = fc.record({
    index: fc.nat(9),
    place: fc.constantFrom<Place | 'remove'>('downloads', 'seeds', undefined, 'remove'),
  });
  fc.assert(
    fc.property(limit, limit, fc.array(step, { maxLength: 60 }), (downloads, seeds, steps) => {
      const limits = { downloads, seeds };
      const queue = new Queue<Member>(limits);
      const all = members(10);
      const places = new Map<Member, Place>(all.map((member) => [member, undefined]));
      const orders: Member[] = [...all];
      for (const member of all) queue.put(member, undefined);
      for (const { index, place } of steps) {
        const member = all[index] as Member;
        if (place === 'remove') {
          queue.remove(member);
          if (orders.includes(member)) orders.splice(orders.indexOf(member), 1);
          places.set(member, undefined);
        } else {
          // One that was removed comes in anew, behind all others.
          if (!orders.includes(member)) orders.push(member);
          places.set(member, place);
          queue.put(member, place);
        }
        expect(orders.map(({ held }) => !held)).toEqual(
          whoRuns(
            orders.map((one) => places.get(one)),
            limits,
          ),
        );
      }
    }),
  );
});
