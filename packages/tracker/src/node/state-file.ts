// A store's swarms on disk, between two runs: one line with the version and the time, then the store's snapshot. Written
// beside and renamed, so that what stands there is always whole; read with how long ago it was written in mind.
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { TrackerError } from '../errors.ts';
import type { MemorySwarmStore } from '../memory-swarm-store.ts';

/** Ten million peers; more is not ours. */
const MAX_BYTES = 512 * 1024 * 1024;
const HEADER = /^shoal-tracker-state-1 (\d{1,16})\n/;
const LONGEST_HEADER = 48;

export class StateFile {
  readonly #path: string;
  readonly #store: MemorySwarmStore;
  #saving: Promise<void> | undefined;

  constructor(path: string, store: MemorySwarmStore) {
    this.#path = path;
    this.#store = store;
  }

  /**
   * Enters what the file holds; answers how many peers. 0 where there is no file. Throws TrackerError ERR_TRACKER_SNAPSHOT
   * for a file that is none of ours or broken, after setting it aside as `PATH.broken`, and the system's errors.
   */
  async load(now: number, maxLifeMs: number): Promise<number> {
    const size = await stat(this.#path).then(
      (found) => found.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return -1;
        throw error;
      },
    );
    if (size < 0) return 0;
    try {
      if (size > MAX_BYTES) throw broken(`${size} bytes, at most ${MAX_BYTES} are read`);
      const bytes = await readFile(this.#path);
      const header = HEADER.exec(bytes.subarray(0, LONGEST_HEADER).toString('latin1'));
      if (!header) throw broken('it does not begin as one of version 1');
      // A clock that went back must not give peers a longer life.
      const agoMs = Math.max(0, Date.now() - Number(header[1]));
      return this.#store.restore(bytes.subarray(header[0].length), now, agoMs, maxLifeMs);
    } catch (error) {
      if (error instanceof TrackerError) await rename(this.#path, `${this.#path}.broken`);
      throw error;
    }
  }

  /** Writes the file; while one writing goes on, another call waits for that one. Rejects with the system's errors. */
  save(now: number): Promise<void> {
    this.#saving ??= this.#save(now).finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /** As `save`, but of what is there now: after a writing that has begun, another. */
  async saveLast(now: number): Promise<void> {
    await this.#saving?.catch(() => undefined);
    await this.save(now);
  }

  async #save(now: number): Promise<void> {
    const beside = `${this.#path}.${process.pid}.tmp`;
    try {
      // Addresses of people: for nobody else to read.
      const file = await open(beside, 'w', 0o600);
      try {
        await file.writeFile(`shoal-tracker-state-1 ${Date.now()}\n`);
        for (const piece of this.#store.snapshot(now)) await file.writeFile(piece);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.#path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }
}

function broken(what: string): TrackerError {
  return new TrackerError('ERR_TRACKER_SNAPSHOT', `not a tracker's state: ${what}`);
}
