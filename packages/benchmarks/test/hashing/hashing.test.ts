import { expect, test } from 'vitest';
import { CONTESTANTS } from '../../src/hashing/contestants.ts';
import { formatHashing, measureHashing } from '../../src/hashing/hashing.ts';
import { hashing } from '../../src/hashing/measurement.ts';
import { MIB } from '../../src/payload.ts';

const context = { signal: AbortSignal.timeout(50_000), say: () => undefined };

test('ours and the bare threads make torrents and check data, and the table says what that took', async () => {
  const contestants = CONTESTANTS.filter(({ name }) => name === 'shoal' || name === 'bare threads');
  const result = await measureHashing({ size: 8 * MIB, pieceLength: 256 * 1024, rounds: 1, contestants }, context);
  expect(result.entries.map(({ who, job, runs, failures }) => [who, job, runs.length, failures])).toEqual([
    ['shoal', 'create', 1, []],
    ['bare threads', 'create', 1, []],
    ['shoal', 'recheck', 1, []],
    ['bare threads', 'recheck', 1, []],
  ]);
  expect(formatHashing(result)).toMatch(/^create +MiB\/s[\s\S]*^ {2}shoal +\d+[\s\S]*^recheck/m);
}, 60_000);

test('a program that fails is told, and the others go on', async () => {
  const contestants = [
    ...CONTESTANTS.filter(({ name }) => name === 'shoal'),
    { name: 'broken', create: () => [process.execPath, '-e', 'console.error("no"); process.exit(3)'] },
    { name: 'absent', create: () => ['/nowhere/at-all'] },
  ];
  const result = await measureHashing({ size: MIB, pieceLength: 256 * 1024, rounds: 1, contestants }, context);
  const table = formatHashing(result);
  expect(table).toContain(`FAILED broken, create: ${process.execPath} ended with 3: no`);
  expect(table).toContain('FAILED absent, create: spawn /nowhere/at-all ENOENT');
  expect(result.entries[0]?.runs).toHaveLength(1);
}, 60_000);

test('wrong usage is told', () => {
  expect(() => hashing.prepare(['--size', '0'])).toThrow('--size wants a whole number');
  expect(() => hashing.prepare(['--speed', '9'])).toThrow('--speed');
});
