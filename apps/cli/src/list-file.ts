// A list that the user keeps in a file, one entry a line, `#` for remarks: read when the run begins, and again when it has
// changed, so that a tracker need not be restarted for a torrent more.
import { readFile, stat } from 'node:fs/promises';
import { CliError, EXIT, reasonOf } from './exit.ts';

export interface ListFileOptions {
  readonly path: string;
  /** The entry of a line; undefined where it is none. */
  readonly entryOf: (line: string) => string | undefined;
  /** What an entry is, for a line that is none: `an info-hash of 40 hexadecimal digits`. */
  readonly expected: string;
  /** Is told where the file cannot be read any more; the entries stay what they were. */
  readonly onError: (error: unknown) => void;
  /** How often the file is looked at, while it is asked for. Default 5,000. */
  readonly everyMs?: number;
}

const MAX_BYTES = 256 * 1024 * 1024;

export class ListFile {
  readonly #options: ListFileOptions;
  #entries: ReadonlySet<string> = new Set();
  #version = '';
  #lookedAt = 0;

  private constructor(options: ListFileOptions) {
    this.#options = options;
  }

  /** Rejects with ERR_USAGE where the file cannot be read, or a line is no entry. */
  static async open(options: ListFileOptions): Promise<ListFile> {
    const list = new ListFile(options);
    await list.#read();
    return list;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether the entry is on the list, as it last was; looks at the file behind the caller's back. */
  has(entry: string): boolean {
    const now = performance.now();
    if (now - this.#lookedAt >= (this.#options.everyMs ?? 5_000)) {
      this.#lookedAt = now;
      this.#read().catch(this.#options.onError);
    }
    return this.#entries.has(entry);
  }

  async #read(): Promise<void> {
    const { path, entryOf, expected } = this.#options;
    this.#lookedAt = performance.now();
    const wrong = (why: string): CliError => new CliError('ERR_USAGE', `${path}: ${why}`, { status: EXIT.wrong });
    try {
      const { size, mtimeMs, ino } = await stat(path);
      const version = `${size} ${mtimeMs} ${ino}`;
      if (version === this.#version) return;
      // Told once, not with every look.
      this.#version = version;
      if (size > MAX_BYTES) throw wrong(`${size} bytes are too long a list`);
      const entries = new Set<string>();
      for (const [index, text] of (await readFile(path, 'utf8')).split('\n').entries()) {
        const line = text.replace(/#.*/, '').trim();
        if (line === '') continue;
        const entry = entryOf(line);
        if (entry === undefined) throw wrong(`line ${index + 1} is not ${expected}`);
        entries.add(entry);
      }
      this.#entries = entries;
    } catch (error) {
      throw error instanceof CliError ? error : wrong(reasonOf(error));
    }
  }
}
