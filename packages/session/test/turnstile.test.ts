import { expect, test } from 'vitest';
import { Turnstile } from '../src/turnstile.ts';
import { turn } from './fake-stream.ts';

function job(): { work: () => Promise<void>; begun: boolean; end(error?: Error): void } {
  let settle: (error?: Error) => void = () => undefined;
  const one = {
    begun: false,
    work: () => {
      one.begun = true;
      return new Promise<void>((resolve, reject) => {
        settle = (error) => (error ? reject(error) : resolve());
      });
    },
    end: (error?: Error) => settle(error),
  };
  return one;
}

test('so many pass at once, the others in the order they came', async () => {
  const turnstile = new Turnstile(2);
  const jobs = Array.from({ length: 5 }, job);
  const passing = jobs.map(({ work }) => turnstile.pass(work));
  const begun = (): boolean[] => jobs.map((one) => one.begun);
  await turn();
  expect(begun()).toEqual([true, true, false, false, false]);
  jobs[1]?.end();
  await turn();
  expect(begun()).toEqual([true, true, true, false, false]);
  jobs[0]?.end(new Error('broken'));
  await expect(passing[0]).rejects.toThrow('broken');
  await turn();
  expect(begun()).toEqual([true, true, true, true, false]);
  for (const one of [2, 3]) jobs[one]?.end();
  await turn();
  jobs[4]?.end();
  await Promise.all(passing.slice(1));
  expect(await turnstile.pass(async () => 7)).toBe(7);
});

test('who waits may leave: the work is not begun, and the place is the next one’s', async () => {
  const turnstile = new Turnstile(1);
  const [first, second, third] = [job(), job(), job()];
  const leaving = new AbortController();
  const passing = turnstile.pass(first.work);
  const gone = turnstile.pass(second.work, leaving.signal);
  const last = turnstile.pass(third.work, new AbortController().signal);
  leaving.abort(new Error('no time'));
  await expect(gone).rejects.toThrow('no time');
  await expect(turnstile.pass(second.work, leaving.signal)).rejects.toThrow('no time');
  first.end();
  await passing;
  await turn();
  expect([second.begun, third.begun]).toEqual([false, true]);
  leaving.abort();
  third.end();
  await last;
});

test('nobody passing at all is a mistake', () => {
  for (const most of [0, -1, 1.5, Number.NaN]) expect(() => new Turnstile(most)).toThrow(RangeError);
});
