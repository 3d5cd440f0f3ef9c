// Finds and makes the folders under one root without ever following a symbolic link out of it.
// Names come in as components that are already safe; what is checked here is what lies on the disk.
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { StorageError } from '../errors.ts';
import { storageErrorOf, systemCode } from './system-error.ts';

export class SafeFolder {
  /** The root as it was given; may itself be a symbolic link, that is the user's choice. */
  readonly root: string;
  #realRoot: Promise<string> | undefined;
  /** Folders found to lie inside, by path. */
  readonly #found = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.root = root;
  }

  /** Makes sure that the folder `components` leads to is there (or made, if `make`) and inside the root. */
  async folder(components: readonly string[], make: boolean): Promise<string> {
    let path = this.root;
    await this.#root(make);
    for (const component of components) {
      path = join(path, component);
      await this.#step(path, make);
    }
    return path;
  }

  /** Throws ERR_STORAGE_OUTSIDE unless what `path` leads to, links followed, lies inside the root. */
  async inside(path: string): Promise<void> {
    const root = await this.#root(false);
    let target: string;
    try {
      target = await realpath(path);
    } catch (error) {
      throw storageErrorOf(error, 'follow', path);
    }
    const prefix = root.endsWith(sep) ? root : root + sep;
    if (target === root || target.startsWith(prefix)) return;
    throw new StorageError('ERR_STORAGE_OUTSIDE', `${path} is a link to ${target}, outside ${this.root}`, { path });
  }

  /** Forgets what was found: something under the root was removed. */
  forget(): void {
    this.#realRoot = undefined;
    this.#found.clear();
  }

  #root(make: boolean): Promise<string> {
    this.#realRoot ??= (async () => {
      try {
        if (make) await mkdir(this.root, { recursive: true });
        return await realpath(this.root);
      } catch (error) {
        this.#realRoot = undefined;
        throw systemCode(error) === 'EEXIST'
          ? new StorageError('ERR_STORAGE_NOT_A_FILE', `${this.root} is no folder`, { path: this.root, cause: error })
          : storageErrorOf(error, make ? 'make the folder' : 'find the folder', this.root);
      }
    })();
    return this.#realRoot;
  }

  #step(path: string, make: boolean): Promise<void> {
    let found = this.#found.get(path);
    if (found === undefined) {
      found = this.#look(path, make);
      this.#found.set(path, found);
      found.catch(() => this.#found.delete(path));
    }
    return found;
  }

  async #look(path: string, make: boolean): Promise<void> {
    for (;;) {
      try {
        const stats = await lstat(path);
        if (stats.isDirectory()) return;
        if (!stats.isSymbolicLink()) {
          throw new StorageError('ERR_STORAGE_NOT_A_FILE', `${path} is a file where a folder should be`, { path });
        }
        await this.inside(path);
        await lstat(join(path, '.'));
        return;
      } catch (error) {
        if (!make || systemCode(error) !== 'ENOENT') throw storageErrorOf(error, 'enter the folder', path);
      }
      try {
        await mkdir(path);
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw storageErrorOf(error, 'make the folder', path);
      }
      await this.inside(dirname(path));
    }
  }
}
