// `--transfers`: the table of clients, each beside the same reference.
import type { Measurement } from '../measurement.ts';
import { bench } from './bench.ts';
import { parseTransferOptions, USAGE } from './options.ts';
import { formatReport, summaryOf } from './report.ts';

export const transfers: Measurement = {
  about: 'one transfer by shoal beside the same by others',
  usage: USAGE,

  prepare(argv) {
    const options = parseTransferOptions(argv);
    return async ({ signal, say }) => {
      const result = await bench({ ...options, signal, onStep: say });
      const { entries } = result;
      return {
        text: formatReport(result),
        json: { ...result, entries: entries.map((entry) => ({ ...entry, summary: summaryOf(entry) ?? null })) },
        isPartial: entries.length === 0 || entries.some(({ failures }) => failures.length > 0),
      };
    };
  },
};
