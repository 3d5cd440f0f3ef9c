// `--magnet`: from the start of `shoal get` to the first block.
import { parseArgs } from 'node:util';
import { type Measurement, wholeNumber } from '../measurement.ts';
import { formatMagnets, measureMagnets } from './magnets.ts';

const MAX_ROUNDS = 100;

export const magnets: Measurement = {
  about: 'how long a magnet link takes to its first block',
  usage: ['--rounds N        how often; the median counts (default 5)'],

  prepare(argv) {
    const { values } = parseArgs({ args: [...argv], options: { rounds: { type: 'string', default: '5' } } });
    const rounds = wholeNumber('rounds', values.rounds, MAX_ROUNDS);
    return async ({ signal }) => {
      const times = await measureMagnets(rounds, signal);
      return { text: formatMagnets(times), json: times };
    };
  },
};
