import { expect, test } from 'vitest';
import { ByteBudget } from '../src/index.ts';

function spare(budget: ByteBudget, name: string, bytes: number, dropped: string[]) {
  const entry = { bytes, drop: () => dropped.push(name) };
  budget.lend(entry);
  return entry;
}

test('spare memory goes first, least recently used first, and only as far as needed', () => {
  const budget = new ByteBudget(100);
  const dropped: string[] = [];
  const a = spare(budget, 'a', 30, dropped);
  spare(budget, 'b', 30, dropped);
  spare(budget, 'c', 30, dropped);
  budget.touch(a);
  budget.take(40);
  expect(dropped).toEqual(['b']);
  expect(budget.held).toBe(100);
  expect(budget.isFull).toBe(false);
  expect(budget.withdraw(a)).toBe(true);
  expect(budget.withdraw(a)).toBe(false);
  expect(budget.held).toBe(70);
  budget.give(40);
  budget.checkInvariants();
});

test('spare memory that cannot fit is dropped at once', () => {
  const budget = new ByteBudget(10);
  const dropped: string[] = [];
  spare(budget, 'big', 11, dropped);
  expect(dropped).toEqual(['big']);
  expect(budget.held).toBe(0);
});

test('then unfinished memory is asked to unload, oldest first, until what is leaving makes room', () => {
  const budget = new ByteBudget(100);
  const asked: string[] = [];
  const hold = (name: string, bytes: number) => {
    const entry = { bytes, unload: () => asked.push(name) };
    budget.take(bytes);
    budget.offer(entry);
    return entry;
  };
  const a = hold('a', 40);
  hold('b', 40);
  budget.offer(a);
  expect(asked).toEqual([]);
  hold('c', 40);
  expect(asked).toEqual(['b']);
  expect(budget.isFull).toBe(true);
  budget.checkInvariants();
  budget.left(40);
  expect(budget.isFull).toBe(false);
  budget.checkInvariants();
});

test('a retracted offer is not taken up', () => {
  const budget = new ByteBudget(10);
  let asked = false;
  const entry = {
    bytes: 5,
    unload: () => {
      asked = true;
    },
  };
  budget.take(5);
  budget.offer(entry);
  budget.retract(entry);
  budget.take(5);
  expect(asked).toBe(false);
});

test('room is announced in a microtask, once, and not when it is gone again', async () => {
  const budget = new ByteBudget(10);
  let told = 0;
  budget.onRoom(() => told++);
  budget.take(10);
  budget.give(1);
  expect(told).toBe(0);
  await Promise.resolve();
  expect(told).toBe(1);
  budget.take(1);
  budget.give(1);
  budget.take(1);
  await Promise.resolve();
  expect(told).toBe(1);
  budget.give(5);
  budget.give(1);
  await Promise.resolve();
  expect(told).toBe(2);
});

test('overdrawn begins a quarter above the limit', () => {
  const budget = new ByteBudget(100);
  budget.take(124);
  expect([budget.isFull, budget.isOverdrawn]).toEqual([true, false]);
  budget.take(1);
  expect(budget.isOverdrawn).toBe(true);
});

test('misuse is a RangeError', () => {
  expect(() => new ByteBudget(-1)).toThrow(RangeError);
  expect(() => new ByteBudget(Number.NaN)).toThrow(RangeError);
  expect(() => new ByteBudget(1).give(1)).toThrow(RangeError);
});

test('relieve lets go of what was merely enlisted, and of nothing while there is room', () => {
  const budget = new ByteBudget(100);
  const unloaded: number[] = [];
  const half = { bytes: 60, unload: () => unloaded.push(60) };
  budget.take(60);
  budget.enlist(half);
  budget.relieve();
  expect(unloaded).toEqual([]);
  const other = { bytes: 50, unload: () => unloaded.push(50) };
  budget.take(50);
  expect(unloaded).toEqual([60]);
  budget.left(60);
  budget.take(50);
  budget.enlist(other);
  expect(unloaded).toEqual([60]);
  budget.relieve();
  expect(unloaded).toEqual([60, 50]);
  budget.checkInvariants();
});

test('spare memory keeps to its own limit, however much room there is', () => {
  const budget = new ByteBudget(100, 50);
  const dropped: string[] = [];
  const lend = (name: string, bytes: number): void => budget.lend({ bytes, drop: () => dropped.push(name) });
  lend('a', 20);
  lend('b', 30);
  expect([dropped, budget.held]).toEqual([[], 50]);
  lend('c', 10);
  expect([dropped, budget.held]).toEqual([['a'], 40]);
  budget.take(60);
  expect([dropped, budget.held]).toEqual([['a'], 100]);
  lend('d', 60);
  expect([dropped, budget.held]).toEqual([['a', 'b', 'c', 'd'], 60]);
  budget.checkInvariants();
});
