// What a torrent has once its geometry is known: where its bytes lie, which of them are here, and the road of further
// blocks into it. Invariants: `bytesDone` and `#missing` always agree with `picker.have`; a picker and its download are
// made anew by each check, never changed in place.
import type { Metainfo } from '@shoal/metainfo';
import { Picker } from '@shoal/picker';
import { Bitfield, type Layout } from '@shoal/primitives';
import {
  type ByteBudget,
  type FastResume,
  type Hasher,
  type PartialPiece,
  PieceStore,
  planCheck,
  type Storage,
} from '@shoal/storage';
import type { Random } from './contracts.ts';
import { Download } from './download.ts';

/** Reads and hashes under way while checking. */
const CHECKS_AT_ONCE = 4;

/** A torrent's geometry and where its bytes lie. */
export interface TorrentContent {
  readonly metainfo: Metainfo;
  readonly storage: Storage;
}

export interface ContentHost {
  readonly hasher: Hasher;
  readonly budget: ByteBudget;
  readonly random: Random;
}

export interface ContentEvents {
  /** A piece was verified and written; `files` are those it made whole. */
  onPiece(piece: number, files: readonly number[]): void;
  onBadPiece(piece: number, from: readonly string[]): void;
  onStorageError(error: unknown): void;
  /** There is room, or work was given back: everyone may be asked again. */
  onWork(): void;
}

export class Content {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly store: PieceStore;
  readonly #storage: Storage;
  readonly #host: ContentHost;
  readonly #events: ContentEvents;
  /** Missing pieces of each file, by file index. */
  readonly #missing: Int32Array;
  #picker: Picker;
  #download: Download;
  #bytesDone = 0;

  constructor(content: TorrentContent, host: ContentHost, events: ContentEvents) {
    const { metainfo, storage } = content;
    this.metainfo = metainfo;
    this.layout = metainfo.layout;
    this.#storage = storage;
    this.#host = host;
    this.#events = events;
    this.#missing = new Int32Array(this.layout.files.length);
    this.store = new PieceStore({
      layout: this.layout,
      storage,
      hasher: host.hasher,
      expectation: (piece) => ({ sha1: metainfo.pieceHash(piece) }),
      budget: host.budget,
      onError: (error) => events.onStorageError(error),
    });
    this.#picker = this.#newPicker(new Bitfield(this.layout.pieceCount));
    this.#download = this.#newDownload();
  }

  /** Of the newest check. */
  get download(): Download {
    return this.#download;
  }

  /** The verified pieces. */
  get have(): Bitfield {
    return this.#picker.have;
  }

  /** Every wanted piece is verified. */
  get isComplete(): boolean {
    return this.#picker.isComplete;
  }

  get bytesDone(): number {
    return this.#bytesDone;
  }

  /**
   * Finds out which pieces are here: those that `saved` vouches for, and what hashing finds among the rest. Ends early,
   * with nothing changed, once `goesOn` says no. Answers whether anything had to be hashed. Rejects with StorageError.
   */
  async check(
    saved: FastResume | undefined,
    goesOn: () => boolean,
    onChecked: (piece: number) => void,
  ): Promise<boolean> {
    await this.#storage.open();
    const plan = planCheck(this.layout, saved, await this.#storage.stamps());
    const have = plan.trusted.clone();
    const pieces = plan.check.values();
    const worker = async (): Promise<void> => {
      for (const piece of pieces) {
        if (!goesOn()) return;
        if ((await this.store.check(piece)) === 'ok') have.set(piece);
        onChecked(piece);
      }
    };
    await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, worker));
    if (!goesOn()) return false;
    this.#download.stop();
    this.#picker = this.#newPicker(have);
    this.#download = this.#newDownload();
    this.#countAll();
    // What the store still holds of pieces that are not here any more (a file went away) would keep their blocks out.
    const kept = new Set(plan.partial.map(({ piece }) => piece));
    for (let piece = 0; piece < this.layout.pieceCount; piece++) {
      if (!have.has(piece) && !kept.has(piece)) this.store.discard(piece);
    }
    this.store.trust(plan.trusted);
    for (const { piece, blocks } of plan.partial) this.store.restore(piece, blocks);
    for (const { piece, blocks } of [...this.store.pending()]) this.#download.restore(piece, blocks);
    return plan.check.length > 0;
  }

  /** What a later run may rely on. Rejects with StorageError. */
  async resumeData(): Promise<FastResume> {
    await this.#storage.flush();
    // Stamps first: a piece written after them makes them stale, and is then found by hashing instead of being lost.
    const stamps = await this.#storage.stamps();
    return { have: this.have.clone(), stamps, partial: storedBlocks(this.store) };
  }

  /** Lets go of memory and files. Never rejects. */
  async close(): Promise<void> {
    this.#download.stop();
    await this.store.close().catch(() => undefined);
    await this.#storage.close().catch(() => undefined);
  }

  #newPicker(have: Bitfield): Picker {
    return new Picker({ geometry: this.layout, have, random: () => this.#host.random.number() });
  }

  #newDownload(): Download {
    return new Download({
      layout: this.layout,
      picker: this.#picker,
      store: this.store,
      budget: this.#host.budget,
      events: {
        onPiece: (piece) => this.#events.onPiece(piece, this.#countPiece(piece)),
        onBadPiece: (piece, from) => this.#events.onBadPiece(piece, from),
        onStorageError: (error) => this.#events.onStorageError(error),
        onWork: () => this.#events.onWork(),
      },
    });
  }

  /** Sums up what is here and what each file lacks; afterwards both are kept piece by piece. */
  #countAll(): void {
    this.#bytesDone = 0;
    this.#missing.fill(0);
    for (let piece = 0; piece < this.layout.pieceCount; piece++) {
      if (this.have.has(piece)) this.#bytesDone += this.layout.pieceSize(piece);
      else for (const { file } of this.layout.spans(piece)) (this.#missing[file] as number)++;
    }
  }

  /** Answers the files that are whole now. */
  #countPiece(piece: number): number[] {
    this.#bytesDone += this.layout.pieceSize(piece);
    const whole: number[] = [];
    for (const { file, padding } of this.layout.spans(piece)) {
      const left = (this.#missing[file] as number) - 1;
      this.#missing[file] = left;
      if (left === 0 && !padding) whole.push(file);
    }
    return whole;
  }
}

/** Blocks of unfinished pieces that lie on disk; those in memory alone are not there after a crash. */
function storedBlocks(store: PieceStore): PartialPiece[] {
  return [...store.pending()]
    .filter(({ stored }) => stored.length > 0)
    .map(({ piece, stored }) => ({ piece, blocks: stored }));
}
