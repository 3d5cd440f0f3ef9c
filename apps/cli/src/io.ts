// What a run of the program may touch of its surroundings. A test hands in its own.

/** Where text goes; a terminal says how large it is, and with the event `resize` that this changed. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What the user types. */
export type Input = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Aborted when the user wants to stop: what arrived is saved, and the run ends with status 130. */
  readonly signal: AbortSignal;
}
