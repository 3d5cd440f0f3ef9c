// What a `get` or `seed` run tells, whoever reads it: a person at a terminal, a log file, a script.
import { type Failure, writeFailure } from '../exit.ts';
import type { Io } from '../io.ts';
import type { Transfer } from '../transfer.ts';

export interface Reporter {
  /** How often it wants to hear of progress. */
  readonly everyMs: number;
  added(transfer: Transfer): void;
  /** The torrent went from one state to another. */
  state(transfer: Transfer): void;
  /** A file of the torrent is whole; once a file. */
  file(transfer: Transfer, path: string): void;
  /** Every so often, with everything that is under way. */
  progress(transfers: readonly Transfer[]): void;
  /** All its data are there, verified. */
  done(transfer: Transfer): void;
  /** Its data are checked, the port is open, and the first announce was tried. */
  seeding(transfer: Transfer, port: number): void;
  /** It cannot go on. The line for stderr is written too. */
  failed(transfer: Transfer, failure: Failure): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

export interface ReporterOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly color?: boolean | undefined;
}

export async function createReporter(options: ReporterOptions, io: Io): Promise<Reporter> {
  if (options.json) return (await import('./json-reporter.ts')).createJsonReporter(io);
  if (options.quiet) return silent(io);
  const isTerminal = io.stderr.isTTY === true && io.env.TERM !== 'dumb';
  if (!isTerminal) return (await import('./plain-reporter.ts')).createPlainReporter(io);
  const { createTerminalReporter } = await import('./terminal-reporter.ts');
  return createTerminalReporter(io, { color: options.color !== false && !io.env.NO_COLOR });
}

const nothing = (): void => {};

/** For --quiet: errors alone. */
function silent({ stderr }: Io): Reporter {
  return {
    everyMs: 60_000,
    added: nothing,
    state: nothing,
    file: nothing,
    progress: nothing,
    done: nothing,
    seeding: nothing,
    failed: (_, failure) => writeFailure(stderr, failure),
    close: nothing,
  };
}
