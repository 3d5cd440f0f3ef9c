import { setTimeout as realDelay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SimClock, type SimTimer, seededRandom } from '../src/index.ts';

describe('SimClock', () => {
  test('fires by time, equal times in the order they were set', async () => {
    const clock = new SimClock();
    const seen: string[] = [];
    const note = (name: string) => () => {
      seen.push(`${name}@${clock.now()}`);
    };
    clock.setTimer(note('late'), 20);
    clock.setTimer(note('one'), 10);
    clock.setTimer(note('two'), 10);
    clock.setTimer(note('negative counts as now'), -5);
    await clock.run();
    expect(seen).toEqual(['negative counts as now@0', 'one@10', 'two@10', 'late@20']);
    expect(clock.pending).toBe(0);
  });

  test('promises settle between two timers, however long their chain', async () => {
    const clock = new SimClock();
    const seen: string[] = [];
    clock.setTimer(async () => {
      for (let step = 0; step < 50; step++) await null;
      seen.push('chain');
    }, 1);
    clock.setTimer(() => seen.push('next'), 1);
    await clock.run();
    expect(seen).toEqual(['chain', 'next']);
  });

  test('a cancelled timer does not fire and does not keep a run going', async () => {
    const clock = new SimClock();
    const random = seededRandom('cancel');
    const timers: SimTimer[] = [];
    const fired: number[] = [];
    const expected: number[] = [];
    for (let index = 0; index < 500; index++) {
      const at = random.int(1000);
      const kept = random.int(2) === 0;
      if (kept) expected.push(at);
      const timer = clock.setTimer(() => fired.push(clock.now()), at);
      if (!kept) timers.push(timer);
    }
    for (const timer of timers) {
      timer.cancel();
      timer.cancel();
    }
    expect(clock.pending).toBe(expected.length);
    await clock.run();
    expect(fired).toEqual(expected.sort((a, b) => a - b));
  });

  test('run stops as soon as the condition holds', async () => {
    const clock = new SimClock();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      clock.setTimer(tick, 100);
    };
    tick();
    await clock.run(() => ticks === 11);
    expect(clock.now()).toBe(1000);
  });

  test('run rejects at the limit, and when nothing is left to happen', async () => {
    const clock = new SimClock();
    const tick = (): void => void clock.setTimer(tick, 100);
    tick();
    await expect(clock.run(() => false, 1000)).rejects.toThrow('within 1000 ms');
    expect(clock.now()).toBe(1000);
    await expect(new SimClock().run(() => false)).rejects.toThrow('nothing is left');
  });

  test('work outside the simulation is waited for once no timer is left', async () => {
    const clock = new SimClock();
    let done = false;
    void realDelay(5).then(() => {
      done = true;
    });
    await clock.run(() => done);
    expect(done).toBe(true);
  });

  test('advance moves time by exactly so much', async () => {
    const clock = new SimClock(7);
    let fired = 0;
    clock.setTimer(() => fired++, 10);
    clock.setTimer(() => fired++, 11);
    await clock.advance(10);
    expect([clock.now(), fired]).toEqual([17, 1]);
    await clock.advance(100);
    expect([clock.now(), fired]).toEqual([117, 2]);
  });

  test('a callback that throws ends the run with its error', async () => {
    const clock = new SimClock();
    clock.setTimer(() => {
      throw new Error('from the callback');
    }, 1);
    await expect(clock.run()).rejects.toThrow('from the callback');
    await clock.run();
  });

  test('misuse is refused; a timer at infinity never falls due', async () => {
    const clock = new SimClock();
    expect(() => clock.setTimer(() => {}, Number.NaN)).toThrow(RangeError);
    clock.setTimer(() => {}, Number.POSITIVE_INFINITY).cancel();
    expect(clock.pending).toBe(0);
    const first = clock.run();
    await expect(clock.run()).rejects.toThrow(TypeError);
    await first;
  });

  test('a hundred thousand timers fire in virtual order', async () => {
    const clock = new SimClock();
    const random = seededRandom(1);
    let last = 0;
    let inOrder = true;
    for (let index = 0; index < 100_000; index++) {
      clock.setTimer(() => {
        inOrder &&= clock.now() >= last;
        last = clock.now();
      }, random.int(1_000_000));
    }
    await clock.run();
    expect(inOrder).toBe(true);
    expect(clock.fired).toBe(100_000);
  });
});

test('settle runs the clock until a promise has come to its end, whichever it is', async () => {
  const clock = new SimClock();
  const after = (ms: number): Promise<number> => new Promise((resolve) => clock.setTimer(() => resolve(ms), ms));
  expect(await clock.settle(after(500), 1_000)).toBe(500);
  expect(clock.now()).toBe(500);
  const failing = after(500).then(() => Promise.reject(new Error('too bad')));
  await expect(clock.settle(failing, 1_000)).rejects.toThrow('too bad');
  await expect(clock.settle(after(5_000), 1_000)).rejects.toThrow('within 1000 ms');
});
