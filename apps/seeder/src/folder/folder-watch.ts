// Hints that something in the folder may have changed: the system's events where there are any. They are no more than
// hints. Network disks send none, queues overflow, watches run out; whoever owns this looks at everything now and then.
import { type FSWatcher, watch } from 'node:fs';
import { relative, sep } from 'node:path';

export interface FolderWatchOptions {
  /** Absolute. */
  readonly dir: string;
  /** Told the top-level name, or null where that is not known. Often, and more than once for one change. */
  readonly onHint: (name: string | null) => void;
  /** Folders that cannot be watched, in words; told once. */
  readonly onLimit: (reason: string) => void;
}

/** Each is a handle in the kernel; its default limit for a user is 8,192 or more. */
const MAX_FOLDERS = 4_096;

export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #watchers: Map<string, FSWatcher> = new Map();
  /** The folders of each entry, as they were last given. */
  readonly #covered: Map<string, readonly string[]> = new Map();
  #isLimited = false;
  #isClosed = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  /** How many folders are watched. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Watches the top, and these folders of one of its entries and no others. Without a name the top alone is seen to. */
  cover(name?: string, folders: readonly string[] = []): void {
    if (this.#isClosed) return;
    const { dir } = this.#options;
    if (!this.#watchers.has(dir)) this.#watch(dir);
    if (name === undefined) return;
    const wanted = new Set(folders);
    for (const folder of this.#covered.get(name) ?? []) {
      if (wanted.has(folder)) continue;
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
    }
    if (wanted.size > 0) this.#covered.set(name, folders);
    else this.#covered.delete(name);
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#watch(folder);
  }

  /** Watches the top anew: another disk may have been mounted there. */
  renew(): void {
    const { dir } = this.#options;
    this.#watchers.get(dir)?.close();
    this.#watchers.delete(dir);
    this.cover();
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(folder: string): void {
    const { dir, onHint } = this.#options;
    if (this.#watchers.size >= MAX_FOLDERS) {
      this.#limit(`more than ${MAX_FOLDERS} folders`);
      return;
    }
    try {
      const watcher = watch(folder, { persistent: false }, (_event, file) =>
        onHint(folder === dir ? file : (topOf(dir, folder) ?? null)),
      );
      watcher.on('error', () => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone again: whoever looks next sees that.
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#limit(`${code ?? String(error)} at ${folder}`);
    }
  }

  #limit(reason: string): void {
    if (this.#isLimited) return;
    this.#isLimited = true;
    this.#options.onLimit(reason);
  }
}

function topOf(dir: string, folder: string): string | undefined {
  return relative(dir, folder).split(sep)[0] || undefined;
}
