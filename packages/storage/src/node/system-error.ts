// What the operating system says, in this package's codes and in words that name the file.
import { StorageError, type StorageErrorCode } from '../errors.ts';

const KNOWN: Readonly<Record<string, readonly [code: StorageErrorCode, why: string]>> = {
  ENOSPC: ['ERR_STORAGE_FULL', 'no space left on the disk'],
  EDQUOT: ['ERR_STORAGE_FULL', 'the disk quota is used up'],
  EACCES: ['ERR_STORAGE_ACCESS', 'permission denied'],
  EPERM: ['ERR_STORAGE_ACCESS', 'not permitted'],
  EROFS: ['ERR_STORAGE_ACCESS', 'the file system is read-only'],
  EMFILE: ['ERR_STORAGE_TOO_MANY_OPEN', 'this process has too many files open'],
  ENFILE: ['ERR_STORAGE_TOO_MANY_OPEN', 'the machine has too many files open'],
  EISDIR: ['ERR_STORAGE_NOT_A_FILE', 'a folder lies where a file should be'],
  ENOTDIR: ['ERR_STORAGE_NOT_A_FILE', 'a file lies where a folder should be'],
  ENOENT: ['ERR_STORAGE_MISSING', 'no such file or folder'],
  EFBIG: ['ERR_STORAGE_TOO_LARGE', 'the file system does not take files this large'],
  ELOOP: ['ERR_STORAGE_OUTSIDE', 'symbolic links lead in a circle'],
  ENAMETOOLONG: ['ERR_STORAGE_IO', 'the name is too long for this file system'],
};

/** The system's code, as `ENOENT`; undefined for anything that is no system error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** `action` reads on from "cannot": "write", "open". A StorageError passes through unchanged. */
export function storageErrorOf(error: unknown, action: string, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const [code, why] = KNOWN[systemCode(error) ?? ''] ?? [
    'ERR_STORAGE_IO',
    error instanceof Error ? error.message : String(error),
  ];
  return new StorageError(code, `cannot ${action} ${path}: ${why}`, { path, cause: error });
}
