/** Why a torrent stopped or could not be added. */
export type SessionErrorCode =
  | 'ERR_SESSION_CLOSED'
  | 'ERR_TORRENT_EXISTS'
  | 'ERR_STORAGE'
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
