/** Why the seeder could not start, or an entry of its folder cannot be seeded. */
export type SeederErrorCode =
  | 'ERR_SEEDER_USAGE'
  | 'ERR_SEEDER_FOLDER'
  | 'ERR_SEEDER_STATE'
  | 'ERR_SEEDER_LISTEN'
  | 'ERR_SEEDER_ENTRY'
  /** An entry was written to while it was hashed: it is waited for again. */
  | 'ERR_SEEDER_CHANGED';

/** Its message is one line in words; `cause` holds the error behind it where there is one. */
export class SeederError extends Error {
  override readonly name = 'SeederError';
  readonly code: SeederErrorCode;

  constructor(code: SeederErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EIO: 'the disk failed to read it',
  EISDIR: 'it is a folder',
  EMFILE: 'too many open files',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'it is no folder',
  ENOTFOUND: 'there is no host of that name',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
};

/** What an error says to a person, without the system's shorthand. */
export function wordsFor(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  const words = typeof code === 'string' ? WORDS[code] : undefined;
  return words ?? (error instanceof Error ? error.message : String(error));
}
