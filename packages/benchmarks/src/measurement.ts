// What one kind of benchmark is to the command: a line of help, its own options, and a piece of work that ends in a text and in JSON.

export interface Measurement {
  /** What it measures, in a line of at most 60 characters. */
  readonly about: string;
  /** Lines of help for its own options; none where it has none. */
  readonly usage: readonly string[];
  /** Reads what stands behind its flag, `--json` and `--help` excepted. Throws on wrong usage, with a message for who typed it. */
  prepare(argv: readonly string[]): (context: Context) => Promise<Outcome>;
}

export interface Context {
  /** Aborted when the command is interrupted. */
  readonly signal: AbortSignal;
  /** One line for each step, for who waits. */
  say(step: string): void;
}

export interface Outcome {
  /** As a person reads it. */
  readonly text: string;
  /** Everything, every single run in it. */
  readonly json: unknown;
  /** Whether something that should have been measured was not: the command exits 1. */
  readonly isPartial?: boolean;
}

/** Reads a number on the command line. */
export function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most) {
    throw new RangeError(`--${name} wants a whole number from 1 to ${most}, not "${text}"`);
  }
  return value;
}
