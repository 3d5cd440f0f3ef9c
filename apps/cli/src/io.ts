// What a run of the program may touch of its surroundings. A test hands in its own.

/** Where text goes; a terminal says how wide it is. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Aborted when the user wants to stop: what arrived is saved, and the run ends with status 130. */
  readonly signal: AbortSignal;
}
