// The command line of the benchmark: which measurement, and the options that all of them have.
import type { Measurement } from './measurement.ts';
import { DEFAULT_MEASUREMENT, MEASUREMENTS } from './measurements.ts';

export interface Request {
  /** Its flag, without the dashes. */
  readonly name: string;
  readonly json: boolean;
  readonly help: boolean;
  /** What is left for the measurement to read. */
  readonly argv: readonly string[];
}

/** Throws where two measurements are named. A `--`, which package managers pass on, means nothing. */
export function readRequest(argv: readonly string[]): Request {
  const named = argv.filter((argument) => argument.startsWith('--') && Object.hasOwn(MEASUREMENTS, argument.slice(2)));
  const [flag = `--${DEFAULT_MEASUREMENT}`, second] = named;
  if (second !== undefined) throw new TypeError(`one measurement at a time, not ${flag} and ${second}`);
  return {
    name: flag.slice(2),
    json: argv.includes('--json'),
    help: argv.includes('--help'),
    argv: argv.filter((argument) => !['--', '--json', '--help', flag].includes(argument)),
  };
}

/** Of a flag that is in the table. */
export async function measurementOf(name: string): Promise<Measurement> {
  const load = MEASUREMENTS[name];
  if (!load) throw new TypeError(`there is no measurement called "${name}"`);
  return await load();
}

export async function usageOfAll(): Promise<string> {
  const lines = [
    'Usage: pnpm bench [--MEASUREMENT] [options]',
    '',
    `One measurement (${DEFAULT_MEASUREMENT} where none is named), each with its own options:`,
  ];
  for (const name of Object.keys(MEASUREMENTS)) {
    const { about, usage } = await measurementOf(name);
    lines.push('', `  --${name.padEnd(16)}${about}`, ...usage.map((line) => `    ${line}`));
  }
  return [
    ...lines,
    '',
    'And of all:',
    '',
    '  --json            print the result, every run in it, as JSON',
    '  --help            print this',
  ].join('\n');
}
