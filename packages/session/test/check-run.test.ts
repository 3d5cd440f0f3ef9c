import { expect, test } from 'vitest';
import { CheckRun } from '../src/check-run.ts';
import type { Content } from '../src/content.ts';
import { Turnstile } from '../src/turnstile.ts';
import { turn } from './fake-stream.ts';

/** A content whose check is in the test's hands. */
function contentOf(check: Content['check']): Content {
  return { layout: { pieceSize: () => 10 }, check } as unknown as Content;
}

test('counts what was read, anew each time, and says whether anything was', async () => {
  const told: number[] = [];
  const run = new CheckRun(new Turnstile(1), (piece) => told.push(piece));
  const content = contentOf(async (known, _, onChecked) => {
    if (known) return false;
    for (const piece of [0, 1, 2]) onChecked(piece);
    return true;
  });
  expect(await run.run(content, undefined)).toBe('read');
  expect([run.bytesChecked, told]).toEqual([30, [0, 1, 2]]);
  expect(await run.run(content, {} as never)).toBe('known');
  expect(run.bytesChecked).toBe(0);
});

test('one that waits for its turn can be ended, and one that hangs is not waited for by it', async () => {
  const turnstile = new Turnstile(1);
  void turnstile.pass(() => new Promise(() => undefined));
  const run = new CheckRun(turnstile, () => undefined);
  const waiting = run.run(
    contentOf(async () => true),
    undefined,
  );
  run.end();
  expect(await waiting).toBe('ended');
});

test('one that is under way is told to end; what fails then is nobody’s news', async () => {
  const run = new CheckRun(new Turnstile(1), () => undefined);
  let goesOn = (): boolean => true;
  let fail = (_: Error): void => undefined;
  const running = run.run(
    contentOf((_, asked) => {
      goesOn = asked;
      return new Promise((_resolve, reject) => {
        fail = reject;
      });
    }),
    undefined,
  );
  await turn();
  expect(goesOn()).toBe(true);
  run.end();
  expect(goesOn()).toBe(false);
  fail(new Error('closed'));
  expect(await running).toBe('ended');
  run.end();
  await expect(
    run.run(
      contentOf(() => Promise.reject(new Error('broken'))),
      undefined,
    ),
  ).rejects.toThrow('broken');
});
