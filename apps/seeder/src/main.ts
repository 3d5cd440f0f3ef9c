#!/usr/bin/env node
import { run } from './run.ts';
import { loadPageAssets } from './web/page-assets.ts';

const stop = new AbortController();
const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const end = (): void => {
  // From here on the system does what it does by default: a second signal ends the process at once.
  for (const signal of END_SIGNALS) process.off(signal, end);
  stop.abort();
};
for (const signal of END_SIGNALS) process.on(signal, end);
// Whoever read our lines may have gone; the seeding goes on.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
  signal: stop.signal,
  onRescan: (rescan) => void process.on('SIGHUP', rescan),
  env: process.env,
  assets: () => loadPageAssets(new URL('./page/', import.meta.url)),
  debug: process.env.SHOAL_DEBUG === '1',
});
// Everything is closed by now. What should still hang, a disk that does not answer, must not keep the process.
setTimeout(() => process.exit(), 500).unref();
