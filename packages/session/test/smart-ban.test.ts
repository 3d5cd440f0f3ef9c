import { expect, test } from 'vitest';
import { SmartBan } from '../src/smart-ban.ts';

const [one, two, three] = [{ name: 'one' }, { name: 'two' }, { name: 'three' }];
const good = Uint32Array.of(1, 2, 3, 4);
const badAt = (...blocks: number[]): Uint32Array => good.map((sum, block) => (blocks.includes(block) ? 99 : sum));

function wrote(ban: SmartBan<object>, piece: number, authors: readonly object[]): void {
  for (const [block, author] of authors.entries()) ban.wrote(piece, block, author);
}

test('who sent a bad piece alone is convicted at once', () => {
  const ban = new SmartBan<object>();
  wrote(ban, 5, [one, one, one, one]);
  expect(ban.sharers(5)).toEqual([one]);
  expect(ban.failed(5, badAt(1))).toEqual([one]);
  expect([...ban.pieces()]).toEqual([]);
});

test('of several, those whose blocks differ from the good ones are convicted, and nobody else', () => {
  const ban = new SmartBan<object>();
  wrote(ban, 5, [one, two, three, one]);
  expect(ban.failed(5, badAt(1, 2))).toEqual([]);
  wrote(ban, 5, [one, one, one, one]);
  expect(ban.verified(5, good)).toEqual([two, three]);
  // The evidence is used up.
  expect(ban.verified(5, good)).toEqual([]);
});

test('each attempt is evidence of its own', () => {
  const ban = new SmartBan<object>();
  wrote(ban, 5, [one, two, two, two]);
  ban.failed(5, badAt(0));
  wrote(ban, 5, [two, two, two, three]);
  ban.failed(5, badAt(3));
  wrote(ban, 5, [two, two, two, two]);
  expect(ban.verified(5, good)).toEqual([one, three]);
});

test('a block of which several sent parts convicts nobody', () => {
  const ban = new SmartBan<object>();
  wrote(ban, 5, [one, two]);
  ban.wrote(5, 0, two);
  ban.wrote(5, 0, one);
  ban.failed(5, badAt(0));
  wrote(ban, 5, [two, two]);
  expect(ban.verified(5, good)).toEqual([]);
});

test('what lay on disk is nobody’s, and clears who completed it', () => {
  const ban = new SmartBan<object>();
  ban.restored(5);
  ban.wrote(5, 3, one);
  expect(ban.failed(5, badAt(0))).toEqual([]);
  wrote(ban, 5, [two, two, two, two]);
  expect(ban.verified(5, good)).toEqual([]);
});

test('without checksums nobody is convicted', () => {
  const ban = new SmartBan<object>();
  wrote(ban, 5, [one, two]);
  expect(ban.failed(5, undefined)).toEqual([]);
  wrote(ban, 5, [two, two]);
  expect(ban.verified(5, undefined)).toEqual([]);
});

test('only the newest attempts and pieces are remembered', () => {
  const ban = new SmartBan<object>();
  for (let attempt = 0; attempt < 5; attempt++) {
    wrote(ban, 0, attempt === 0 ? [one, two] : [three, two]);
    ban.failed(0, badAt(0));
  }
  wrote(ban, 0, [two, two]);
  expect(ban.verified(0, good)).toEqual([three]);
  for (let piece = 0; piece < 129; piece++) {
    wrote(ban, piece, [one, two]);
    ban.failed(piece, badAt(0));
  }
  expect(ban.verified(0, good)).toEqual([]);
  expect(ban.verified(1, good)).toEqual([one]);
});
