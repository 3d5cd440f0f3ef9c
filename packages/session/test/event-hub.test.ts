import { expect, test, vi } from 'vitest';
import { EventHub } from '../src/event-hub.ts';

test('a listener hears everything from its subscription until it is ended', () => {
  const hub = new EventHub<number>();
  hub.emit(0);
  const heard: number[] = [];
  const end = hub.subscribe((event) => heard.push(event));
  hub.emit(1);
  hub.emit(2);
  end();
  hub.emit(3);
  expect(heard).toEqual([1, 2]);
});

test('a listener that throws harms nobody, and its error surfaces in a turn of its own', () => {
  const hub = new EventHub<number>();
  const heard: number[] = [];
  const surfaced: (() => void)[] = [];
  const queue = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((turn) => void surfaced.push(turn));
  try {
    hub.subscribe(() => {
      throw new Error('mine');
    });
    hub.subscribe((event) => heard.push(event));
    hub.emit(1);
  } finally {
    queue.mockRestore();
  }
  expect(heard).toEqual([1]);
  expect(surfaced).toHaveLength(1);
  expect(surfaced[0]).toThrow('mine');
});

test('a listener that ends another one during an event ends it at once', () => {
  const hub = new EventHub<number>();
  const heard: number[] = [];
  hub.subscribe(() => end());
  const end = hub.subscribe((event) => heard.push(event));
  hub.emit(1);
  expect(heard).toEqual([]);
});

test('an iterator that nobody reads keeps the newest 10,000 events', async () => {
  const hub = new EventHub<number>();
  const events = hub.iterate();
  for (let event = 0; event < 10_005; event++) hub.emit(event);
  hub.close();
  const read: number[] = [];
  for await (const event of events) read.push(event);
  expect(read).toHaveLength(10_000);
  expect([read[0], read.at(-1)]).toEqual([5, 10_004]);
});

test('closing lets an iterator drain, and ends one that waits', async () => {
  const hub = new EventHub<number>();
  const drained = hub.iterate();
  const waiting = hub.iterate();
  hub.emit(1);
  expect(await waiting.next()).toEqual({ done: false, value: 1 });
  const last = waiting.next();
  hub.close();
  expect(await last).toEqual({ done: true, value: undefined });
  expect(await drained.next()).toEqual({ done: false, value: 1 });
  expect((await drained.next()).done).toBe(true);
  expect((await hub.iterate().next()).done).toBe(true);
});

test('several calls of next are answered in order', async () => {
  const hub = new EventHub<number>();
  const events = hub.iterate();
  const calls = [events.next(), events.next(), events.next()];
  hub.emit(1);
  hub.emit(2);
  hub.close();
  expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([1, 2, undefined]);
});

test('an abort ends an iterator, and takes its listener away', async () => {
  const hub = new EventHub<number>();
  const controller = new AbortController();
  const events = hub.iterate(controller.signal);
  hub.emit(1);
  const pending = hub.iterate(controller.signal).next();
  controller.abort();
  hub.emit(2);
  expect((await pending).done).toBe(true);
  expect(await events.next()).toEqual({ done: false, value: 1 });
  expect((await events.next()).done).toBe(true);

  const late = hub.iterate(controller.signal);
  hub.emit(3);
  expect((await late.next()).done, 'aborted from the start').toBe(true);
});

test('a loop that is left hears nothing more', async () => {
  const hub = new EventHub<number>();
  const events = hub.iterate();
  hub.emit(1);
  hub.emit(2);
  for await (const event of events) {
    expect(event).toBe(1);
    break;
  }
  hub.emit(3);
  expect((await events.next()).done).toBe(true);
});
