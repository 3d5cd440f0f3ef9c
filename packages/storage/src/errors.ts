/** What can go wrong between a torrent's bytes and the place they lie. */
export type StorageErrorCode =
  /** A file is missing, or ends before the bytes that were asked for. */
  | 'ERR_STORAGE_SHORT'
  /** A folder or file that was there a moment ago is gone, or replaced by another. */
  | 'ERR_STORAGE_MISSING'
  /** No room left on the disk, or the quota is used up. */
  | 'ERR_STORAGE_FULL'
  /** Permission denied, or a read-only file system. */
  | 'ERR_STORAGE_ACCESS'
  /** The process or the machine has too many files open. */
  | 'ERR_STORAGE_TOO_MANY_OPEN'
  /** A symbolic link leads out of the download folder. */
  | 'ERR_STORAGE_OUTSIDE'
  /** A folder lies where a file should be, or a file where a folder should be. */
  | 'ERR_STORAGE_NOT_A_FILE'
  /** The file on disk is longer than the torrent's: writing would leave a wrong file or destroy a foreign one. */
  | 'ERR_STORAGE_LONGER'
  /** Something lies where a file was to be moved to. */
  | 'ERR_STORAGE_EXISTS'
  /** The file system does not take files of this size. */
  | 'ERR_STORAGE_TOO_LARGE'
  /** Used after `close`. */
  | 'ERR_STORAGE_CLOSED'
  /** Anything else the system reported. */
  | 'ERR_STORAGE_IO';

/** The outside world failed; the message names the file. Misuse by the caller is a RangeError or TypeError instead. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  /** The file or folder it is about, where there is one. */
  readonly path: string | undefined;

  constructor(code: StorageErrorCode, message: string, details: { path?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
  }
}
