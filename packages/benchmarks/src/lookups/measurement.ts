// `--lookups`: nets of three sizes.
import { parseArgs } from 'node:util';
import type { Measurement } from '../measurement.ts';
import { formatLookups, type LookupResult, measureLookups } from './lookups.ts';

const SIZES = [64, 256, 1_024];
const LOOKUPS = 100;

export const lookups: Measurement = {
  about: `what lookups cost in nets of ${SIZES.join(', ')} DHT nodes`,
  usage: [],

  prepare(argv) {
    parseArgs({ args: [...argv], options: {} });
    return async ({ signal, say }) => {
      const results: LookupResult[] = [];
      for (const size of SIZES) {
        say(`a net of ${size} nodes`);
        results.push(await measureLookups(size, LOOKUPS, signal));
      }
      return { text: formatLookups(results), json: results };
    };
  },
};
