// What a torrent remembers between runs: reads it once, saves it soon after what changed and at each standstill. One save at
// a time; one that fails is tried again with the next change, the download itself goes on. Invariant: nothing is saved
// before what a former run saved has been read, so that it is never overwritten by less.
import { Bitfield, type InfoHash, type Layout } from '@shoal/primitives';
import type { FastResume } from '@shoal/storage';
import type { Clock, StateStore, Timer } from './contracts.ts';
import { SessionError } from './errors.ts';
import { decodeResumeData, encodeResumeData, type Progress } from './resume-data.ts';

const SAVE_EVERY_MS = 5_000;

export interface Gathered {
  /** Absent where the pieces have not been looked for yet: what was known of them stays. */
  readonly storage: FastResume | undefined;
  readonly progress: Progress;
}

export interface ResumeKeeperOptions {
  readonly clock: Clock;
  readonly store: StateStore | undefined;
  readonly infoHash: InfoHash;
  readonly key: string;
  /** What there is to save now. Rejects with StorageError. */
  readonly gather: () => Promise<Gathered>;
  /** What is verified cannot be remembered. Told again only after a save that worked. */
  readonly onFailed: (error: SessionError) => void;
}

export class ResumeKeeper {
  readonly #options: ResumeKeeperOptions;
  #key: string;
  /** Known once what a former run saved has been read. */
  #layout: Layout | undefined;
  /** What was known of the files when last asked; enough to go on after a pause where there is no state store. */
  #remembered: FastResume | undefined;
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();
  #fails = false;
  #closed = false;

  constructor(options: ResumeKeeperOptions) {
    this.#options = options;
    this.#key = options.key;
  }

  /** What was known of the files when last asked, in this run or a former one. */
  get remembered(): FastResume | undefined {
    return this.#remembered;
  }

  get hasRecalled(): boolean {
    return this.#layout !== undefined;
  }

  /** Reads what a former run saved. Rejects ERR_STORAGE where the state store does; it can be called again then. */
  async recall(layout: Layout): Promise<Progress | undefined> {
    const { store, infoHash } = this.#options;
    let bytes: Uint8Array | undefined;
    try {
      bytes = await store?.load(this.#key);
    } catch (cause) {
      throw new SessionError('ERR_STORAGE', `what was saved of the torrent cannot be read: ${wordsOf(cause)}`, cause);
    }
    const data = bytes && decodeResumeData(bytes, infoHash, layout);
    this.#layout = layout;
    this.#remembered = data?.storage;
    return data?.progress;
  }

  /** Nothing that was known of the files counts any more: all of it is to be hashed, in a later run too. */
  async distrust(): Promise<void> {
    await this.#saving;
    this.#remembered = undefined;
    await this.save();
  }

  /** Deletes what was saved. Rejects where the state store does. */
  async forget(): Promise<void> {
    this.#remembered = undefined;
    await this.#saving;
    await this.#options.store?.remove(this.#key);
  }

  /** Further saves go under another key; the old one is removed once the new one is there. */
  async rename(key: string): Promise<void> {
    if (key === this.#key) return;
    const old = this.#key;
    await this.#saving;
    this.#key = key;
    await this.save();
    if (!this.#fails) await this.#options.store?.remove(old);
  }

  saveSoon(): void {
    if (this.#timer || this.#closed || !this.#options.store) return;
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      void this.save();
    }, SAVE_EVERY_MS);
  }

  /** What was to be saved soon is not. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** No save of its own accord from here on. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  /** Never rejects. */
  save(): Promise<void> {
    this.#saving = this.#saving
      .then(() => this.#save())
      .then(
        () => {
          this.#fails = false;
        },
        (error: unknown) => this.#failed(error),
      );
    return this.#saving;
  }

  async #save(): Promise<void> {
    const layout = this.#layout;
    if (!layout) return;
    const { storage = this.#remembered, progress } = await this.#options.gather();
    this.#remembered = storage;
    const data = { storage: storage ?? nothingOf(layout), progress };
    await this.#options.store?.save(this.#key, encodeResumeData(this.#options.infoHash, data));
  }

  #failed(cause: unknown): void {
    if (this.#fails) return;
    this.#fails = true;
    this.#options.onFailed(new SessionError('ERR_SAVE', wordsOf(cause), cause));
  }
}

/** Vouches for no byte: every file that is there is hashed. */
function nothingOf(layout: Layout): FastResume {
  return { have: new Bitfield(layout.pieceCount), stamps: layout.files.map(() => null), partial: [] };
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
