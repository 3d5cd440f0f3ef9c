import { expect, test } from 'vitest';
import { bencodeContests } from '../../src/micro/bencode.ts';
import { compare, formatComparisons } from '../../src/micro/compare.ts';
import { micro } from '../../src/micro/measurement.ts';
import { loadNpmPeers } from '../../src/micro/npm-peers.ts';
import { pickerContest } from '../../src/micro/picker.ts';
import { formatStartUp } from '../../src/micro/start-up.ts';
import { wireContests } from '../../src/micro/wire.ts';

test('all contests run, small, with ours and theirs doing the same work', async () => {
  const peers = await loadNpmPeers();
  const contests = [...bencodeContests(peers, 3, 2), ...wireContests(peers, 1, 1), pickerContest(40, 500, 16)];
  for (const contest of contests) {
    const { candidates } = await compare(contest, 1, AbortSignal.timeout(20_000));
    expect(candidates.map(({ rates }) => rates.length)).toEqual(candidates.map(() => 1));
    for (const { median } of candidates) expect(median).toBeGreaterThan(0);
  }
});

test('the candidates take turns, the first round does not count, and the table has ratios to ours', async () => {
  const order: string[] = [];
  const candidates = ['ours', 'theirs'].map((name) => ({ name, run: () => void order.push(name) }));
  const result = await compare({ name: 'work', unit: 'MiB', amount: 1, candidates }, 2, AbortSignal.timeout(5_000));
  expect(order).toEqual(['ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs']);
  expect(result.candidates.map(({ rates }) => rates.length)).toEqual([2, 2]);
  const given = [
    { name: 'ours', rates: [8], median: 8 },
    { name: 'theirs', rates: [2], median: 2 },
  ];
  const lines = formatComparisons([{ name: 'work', unit: 'MiB', candidates: given }]).split('\n');
  expect(lines[1]).toMatch(/^work +ours +8\.00 MiB\/s$/);
  expect(lines[2]).toMatch(/^ +theirs +2\.00 MiB\/s +4\.0$/);
});

test('start-up is told in times of an empty program', () => {
  const results = [
    { name: 'an empty program', times: [40], median: 40 },
    { name: 'shoal', times: [50], median: 50 },
  ];
  expect(formatStartUp(results).split('\n')[2]).toMatch(/^shoal +50 +1\.25$/);
});

test('a part that there is not is wrong usage', () => {
  expect(() => micro.prepare(['--parts', 'bencode,engine'])).toThrow('no part is called "engine"');
  expect(() => micro.prepare(['--rounds', '0'])).toThrow(RangeError);
});
