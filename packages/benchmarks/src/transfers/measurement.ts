// `--transfers`, the table of clients, each beside the same reference; and `--growth`, one client in all profiles.
import type { Measurement } from '../measurement.ts';
import { bench } from './bench.ts';
import { formatGrowth, growth as measureGrowth } from './growth.ts';
import { GROWTH_USAGE, parseGrowthOptions, parseTransferOptions, TRANSFER_USAGE } from './options.ts';
import { formatReport } from './report.ts';
import { ratiosOf, summaryOf } from './summary.ts';

export const transfers: Measurement = {
  about: 'one transfer by shoal beside the same by others',
  usage: TRANSFER_USAGE,

  prepare(argv) {
    const options = parseTransferOptions(argv);
    return async ({ signal, say }) => {
      const result = await bench({ ...options, signal, onStep: say });
      const { entries } = result;
      return {
        text: formatReport(result),
        json: {
          ...result,
          entries: entries.map((entry) => ({ ...entry, summary: summaryOf(entry) ?? null })),
          ratios: ratiosOf(result),
        },
        isPartial: entries.length === 0 || entries.some(({ failures }) => failures.length > 0),
      };
    };
  },
};

export const growth: Measurement = {
  about: 'what a GiB costs shoal in each profile beside the first',
  usage: GROWTH_USAGE,

  prepare(argv) {
    const options = parseGrowthOptions(argv);
    return async ({ signal, say }) => {
      const result = await measureGrowth({ ...options, signal, onStep: say });
      const { cells } = result;
      return {
        text: formatGrowth(result),
        json: result,
        isPartial: cells.length === 0 || cells.some(({ failures }) => failures.length > 0),
      };
    };
  },
};
