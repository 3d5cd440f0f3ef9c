// The command behind `pnpm bench`: reads its options, runs the rounds, prints the table or JSON. Exits 0 when every
// transfer of a client that is here arrived whole, 1 when not, 2 on wrong usage, 130 when interrupted.
import { bench } from './bench.ts';
import { formatLookups, measureLookups } from './lookups.ts';
import { formatMagnets, measureMagnets } from './magnets.ts';
import { parseOptions } from './options.ts';
import { formatReport, summaryOf } from './report.ts';

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => interrupt.abort(new Error('interrupted')));
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if ('help' in options) {
    console.log(options.help);
    return 0;
  }
  if ('fault' in options) {
    console.error(`bench: ${options.fault}`);
    return 2;
  }
  try {
    if ('lookups' in options) {
      console.log(await lookups(options.json));
      return 0;
    }
    if ('magnets' in options) {
      const times = await measureMagnets(options.rounds, interrupt.signal);
      console.log(options.json ? JSON.stringify(times, null, 2) : formatMagnets(times));
      return 0;
    }
    const onStep = (step: string): void => console.error(`bench: ${step}`);
    const result = await bench({ ...options, signal: interrupt.signal, onStep });
    const withSummaries = {
      ...result,
      entries: result.entries.map((entry) => ({ ...entry, summary: summaryOf(entry) ?? null })),
    };
    console.log(options.json ? JSON.stringify(withSummaries, null, 2) : `\n${formatReport(result)}`);
    const isWhole = result.entries.length > 0 && result.entries.every(({ failures }) => failures.length === 0);
    return isWhole ? 0 : 1;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

async function lookups(json: boolean): Promise<string> {
  const results = [];
  for (const size of [64, 256, 1_024]) {
    console.error(`bench: a net of ${size} nodes`);
    results.push(await measureLookups(size, 100, interrupt.signal));
  }
  return json ? JSON.stringify(results, null, 2) : formatLookups(results);
}
