#!/usr/bin/env node
import { run } from './run.ts';

const stop = new AbortController();
// Once each: a second signal ends the process at once.
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());
// Whoever read our lines may have gone; the seeding goes on.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
  signal: stop.signal,
  debug: process.env.SHOAL_DEBUG === '1',
});
// Everything is closed by now. What should still hang, a disk that does not answer, must not keep the process.
setTimeout(() => process.exit(), 500).unref();
