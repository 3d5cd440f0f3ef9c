// Which reporter a run gets: what the flags say, else what stderr is.
import { writeFailure } from '../exit.ts';
import type { Io } from '../io.ts';
import type { Reporter } from './reporter.ts';

export interface ReporterOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly color?: boolean | undefined;
}

export async function createReporter(options: ReporterOptions, io: Io): Promise<Reporter> {
  if (options.json) return (await import('./json-reporter.ts')).createJsonReporter(io);
  if (options.quiet) return silent(io);
  const isScreen = io.stderr.isTTY === true && io.env.TERM !== 'dumb';
  if (!isScreen) return (await import('./plain-reporter.ts')).createPlainReporter(io);
  const { createTerminalReporter } = await import('./terminal-reporter.ts');
  return createTerminalReporter(io, { color: options.color !== false && !io.env.NO_COLOR });
}

const nothing = (): void => {};

/** For --quiet: errors alone. */
function silent({ stderr }: Io): Reporter {
  return {
    everyMs: 60_000,
    added: nothing,
    metadata: nothing,
    state: nothing,
    file: nothing,
    progress: nothing,
    done: nothing,
    seeding: nothing,
    lines: nothing,
    warning: (_, failure) => writeFailure(stderr, failure),
    failed: (_, failure) => writeFailure(stderr, failure),
    close: nothing,
  };
}
