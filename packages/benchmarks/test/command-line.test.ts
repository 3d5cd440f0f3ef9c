import { expect, test } from 'vitest';
import { measurementOf, readRequest, usageOfAll } from '../src/command-line.ts';
import { MEASUREMENTS } from '../src/measurements.ts';

test('transfers are measured unless another is named, and its options are left for it', () => {
  expect(readRequest(['--', '--size', '8', '--json'])).toEqual({
    name: 'transfers',
    json: true,
    help: false,
    argv: ['--size', '8'],
  });
  expect(readRequest(['--magnet', '--rounds', '2'])).toMatchObject({ name: 'magnet', argv: ['--rounds', '2'] });
});

test('two at once are wrong', () => {
  expect(() => readRequest(['--magnet', '--lookups'])).toThrow('one measurement at a time, not --magnet and --lookups');
});

test('the name of none is wrong', async () => {
  await expect(measurementOf('naps')).rejects.toThrow('there is no measurement called "naps"');
});

test.each(Object.keys(MEASUREMENTS))('--%s takes no option that it does not know', async (name) => {
  const measurement = await measurementOf(name);
  expect(() => measurement.prepare(['--no-such-option'])).toThrow('--no-such-option');
});

test('the help has every measurement in it, none wider than a terminal', async () => {
  const usage = await usageOfAll();
  for (const name of Object.keys(MEASUREMENTS)) expect(usage).toContain(`\n  --${name} `);
  for (const line of usage.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});
