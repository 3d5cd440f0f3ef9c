#!/usr/bin/env node
// Binds the program to this process: its streams, its signals and its exit status.
import { version } from '../package.json';

const interrupt = new AbortController();

process.on('SIGINT', () => {
  // Whoever asks twice does not want to wait for the goodbyes.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.abort();
});
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());

// Nobody reads any more (`| head`): what is under way is saved and ends. An error on stderr has nowhere to be told.
process.stdout.on('error', () => interrupt.abort());
process.stderr.on('error', () => {});

const status = await statusOf(process.argv.slice(2));

// A pipe may still hold output; what else keeps the process alive must not.
process.exitCode = status;
process.stdout.write('', () => process.exit(status));

async function statusOf(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    // Scripts ask for it often. Loading the parser of arguments would take half as long again as all the rest.
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const { run } = await import('./program.ts');
  return run(argv, {
    // Opened by the first look at it, which hardly any command takes.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signal: interrupt.signal,
  });
}
