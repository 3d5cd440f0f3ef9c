import { RateMeter } from '@shoal/choker';
import { expect, test } from 'vitest';
import { Ledger } from '../src/ledger.ts';

const MINUTE = 60_000;

function ledger(): { down: RateMeter; up: RateMeter; ledger: Ledger } {
  const [down, up] = [new RateMeter(), new RateMeter()];
  return { down, up, ledger: new Ledger(down, up) };
}

test('what former runs counted is taken in once', () => {
  const { down, up, ledger: account } = ledger();
  account.carryOver({ uploaded: 100, downloaded: 200, seedingMs: 3_000 });
  down.add(5, 0);
  up.add(7, 0);
  account.seeded(1_000);
  expect(account.total).toEqual({ uploaded: 107, downloaded: 205, seedingMs: 4_000 });
  account.carryOver({ uploaded: 107, downloaded: 205, seedingMs: 4_000 });
  expect(account.total).toEqual({ uploaded: 107, downloaded: 205, seedingMs: 4_000 });
});

test('that there was no former run is final too', () => {
  const { ledger: account } = ledger();
  account.carryOver(undefined);
  account.carryOver({ uploaded: 1, downloaded: 1, seedingMs: 1 });
  expect(account.total).toEqual({ uploaded: 0, downloaded: 0, seedingMs: 0 });
});

test('ratio and limits are of all runs', () => {
  const { up, ledger: account } = ledger();
  account.carryOver({ uploaded: 150, downloaded: 100, seedingMs: 3_000 });
  expect(account.ratio(100)).toBe(1.5);
  expect(account.reached({ ratio: 2 }, 100)).toBeUndefined();
  up.add(50, 0);
  expect(account.reached({ ratio: 2 }, 100)).toBe('ratio');
  expect(account.reached({ timeMs: 3_500 }, 100)).toBeUndefined();
  account.seeded(500);
  expect(account.reached({ timeMs: 3_500 }, 100)).toBe('time');
});

test('what was given is worth a save every five minutes', () => {
  const { up, ledger: account } = ledger();
  expect(account.isWorthSaving(5 * MINUTE)).toBe(false);
  up.add(1, 0);
  expect(account.isWorthSaving(9 * MINUTE)).toBe(false);
  expect(account.isWorthSaving(10 * MINUTE)).toBe(true);
  expect(account.isWorthSaving(15 * MINUTE)).toBe(false);
});
