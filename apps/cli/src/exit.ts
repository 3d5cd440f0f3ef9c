// How a run ends: from whatever was thrown to one line on stderr and an exit status.
import { printable } from './output/printable.ts';

/** What the shell gets. */
export const EXIT = {
  done: 0,
  /** The job failed: no such data, hash mismatch, tracker refused, disk full, timed out. */
  failed: 1,
  /** The command or its input is wrong: unknown option, not a torrent. */
  wrong: 2,
  /** Interrupted, with the state saved. */
  interrupted: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

export type CliErrorCode =
  /** An unknown command or option, or a value that cannot be. */
  | 'ERR_USAGE'
  /** A configuration file that cannot be read, or says what cannot be. */
  | 'ERR_CONFIG'
  /** A source that cannot be read, or is no torrent. */
  | 'ERR_SOURCE'
  /** What the command would do is not built yet. */
  | 'ERR_UNSUPPORTED'
  /** A URL that does not hand out a torrent. */
  | 'ERR_DOWNLOAD'
  /** The data that the command is about are not there, or not whole. */
  | 'ERR_DATA'
  /** No tracker answered, or there is none. */
  | 'ERR_TRACKER'
  /** A peer's name that has no address. */
  | 'ERR_PEER'
  /** No file of a torrent is what `--select` asks for. */
  | 'ERR_SELECT'
  /** An address that cannot be listened on. */
  | 'ERR_LISTEN'
  | 'ERR_WRITE'
  | 'ERR_TIMEOUT'
  | 'ERR_INTERRUPTED';

export interface CliErrorOptions {
  /** Default: `EXIT.failed`. */
  readonly status?: ExitStatus;
  /** What the user can do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Ends the run. The message reads "what went wrong: why". */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  readonly status: ExitStatus;
  readonly hint: string | undefined;

  constructor(code: CliErrorCode, message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? EXIT.failed;
    this.hint = options.hint;
  }
}

/** An error as the user gets to see it. */
export interface Failure {
  readonly status: ExitStatus;
  readonly code: string;
  /** "What went wrong: why (what to do)", on one line. */
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) return { status: error.status, code: error.code, message: withHint(error) };
  const code = codeOf(error) ?? 'ERR_UNEXPECTED';
  return { status: EXIT.failed, code, message: oneLine(withHintFor(code, error)) };
}

/** Writes the line; with SHOAL_DEBUG=1 the stack follows. */
export function writeFailure(
  stderr: NodeJS.WritableStream,
  failure: Failure,
  debug: { readonly enabled: boolean; readonly error?: unknown } = { enabled: false },
): void {
  stderr.write(`shoal: ${failure.message}\n`);
  if (!debug.enabled) return;
  for (let error = debug.error; error instanceof Error; error = error.cause) stderr.write(`${error.stack}\n`);
}

/** What the system's error codes mean; undefined for errors that say it themselves. */
function systemWords(error: unknown): string | undefined {
  return SYSTEM_WORDS[codeOf(error) ?? ''];
}

/** The error's words without what the system puts around them. */
export function reasonOf(error: unknown): string {
  return systemWords(error) ?? (error instanceof Error ? error.message : String(error));
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'symbolic links that lead in a circle',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  EIO: 'the disk reports an error',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'no host of that name',
  EAI_AGAIN: 'the name could not be looked up now',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

const HINTS: Readonly<Record<string, string>> = {
  ERR_LISTEN: 'choose another with --port or --bind',
  ERR_STORAGE_FULL: 'make room, then the same command goes on from here',
  ERR_STORAGE_ACCESS: 'choose another folder with --dir, or change its permissions',
  ERR_STORAGE_LONGER: 'move that file away, or choose another folder with --dir',
  ERR_STORAGE_NOT_A_FILE: 'move it away, or choose another folder with --dir',
  ERR_STORAGE_OUTSIDE: 'remove the link, or choose another folder with --dir',
  ERR_STORAGE_TOO_MANY_OPEN: 'raise the limit: ulimit -n',
  EMFILE: 'raise the limit: ulimit -n',
};

function withHintFor(code: string, error: unknown): string {
  const cause = error instanceof Error ? codeOf(error.cause) : undefined;
  const hint = HINTS[code] ?? HINTS[cause ?? ''];
  return hint === undefined ? reasonOf(error) : `${reasonOf(error)} (${hint})`;
}

function withHint(error: CliError): string {
  return oneLine(error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
}

function oneLine(text: string): string {
  return printable(text.trim().replace(/\s*[\r\n]+\s*/g, '; '));
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
