/** Why a torrent stopped or could not be added. */
export type SessionErrorCode =
  | 'ERR_SESSION_CLOSED'
  | 'ERR_TORRENT_EXISTS'
  /** The disk failed; `cause` is the StorageError, whose `path` names the file. The torrent tries again by itself. */
  | 'ERR_STORAGE'
  /** A fault of this program: the torrent stopped, and `resume` starts it again. */
  | 'ERR_INTERNAL'
  | 'ERR_NO_METADATA'
  | 'ERR_SAVE'
  | 'ERR_METADATA_MISMATCH'
  | 'ERR_LISTEN';

/** A failure the session's owner must know of; `cause` holds the error behind it where there is one. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Of what waits for a torrent that is no more. */
export function closedBefore(what: string): SessionError {
  return new SessionError('ERR_SESSION_CLOSED', `the torrent was closed before ${what}`);
}
