// What the definitions of all commands share: the surroundings, what became of the run, and how a help page ends.
import type { ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';

export interface Outcome {
  status: ExitStatus;
  /** Stdout carries a JSON object a line, each with an event: the final error is one too. */
  streams: boolean;
}

export interface Frame {
  readonly io: Io;
  readonly outcome: Outcome;
}

/** The end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
