/** Why there is no service. */
export type HttpServiceErrorCode =
  /** The address cannot be listened on; `cause` is the system's error. */
  'ERR_HTTP_LISTEN';

/** Its message is one line in words. */
export class HttpServiceError extends Error {
  override readonly name = 'HttpServiceError';
  readonly code: HttpServiceErrorCode;

  constructor(code: HttpServiceErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no host of that name',
};

/** What a listener's error says to a person. */
export function wordsFor(error: Error): string {
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' ? WORDS[code] : undefined) ?? error.message;
}
