// Small named values as files of one folder, each replaced atomically. Any key gives one safe file name, and no two
// keys the same one, also on file systems that ignore case.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { storageErrorOf, systemCode } from './system-error.ts';
import { writeFileAtomic } from './write-file-atomic.ts';

/** Named values that survive the process. */
export interface FolderStateStore {
  /** Undefined where nothing was saved. */
  load(key: string): Promise<Uint8Array | undefined>;
  /** Atomic: a reader, or a crash, sees the old value or the new one. Saves of one key happen in the order of the calls. */
  save(key: string, bytes: Uint8Array): Promise<void>;
  /** No error where nothing was saved. */
  remove(key: string): Promise<void>;
}

/** The folder is made at the first save. All reject with StorageError. */
export function createFolderStateStore(dir: string): FolderStateStore {
  const last = new Map<string, Promise<void>>();
  const inOrder = (key: string, work: () => Promise<void>): Promise<void> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    const done = (): void => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(done, done);
    return turn;
  };
  return {
    async load(key) {
      const path = join(dir, fileNameOf(key));
      await last.get(key)?.catch(() => {});
      try {
        return await readFile(path);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined;
        throw storageErrorOf(error, 'read', path);
      }
    },
    save(key, bytes) {
      return inOrder(key, async () => {
        try {
          await mkdir(dir, { recursive: true });
        } catch (error) {
          throw storageErrorOf(error, 'make the folder', dir);
        }
        await writeFileAtomic(join(dir, fileNameOf(key)), bytes);
      });
    },
    remove(key) {
      const path = join(dir, fileNameOf(key));
      return inOrder(key, async () => {
        try {
          await rm(path, { force: true });
        } catch (error) {
          throw storageErrorOf(error, 'remove', path);
        }
      });
    },
  };
}

/** The prefixes keep names that mean a device on Windows, and keys that look like a digest's name, apart from the rest. */
function fileNameOf(key: string): string {
  if (/^[a-z0-9][a-z0-9_.-]{0,99}$/.test(key)) return `key-${key}.state`;
  return `sha256-${createHash('sha256').update(key).digest('hex')}.state`;
}
