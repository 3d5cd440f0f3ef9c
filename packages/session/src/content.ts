// What a torrent has once its geometry is known: where its bytes lie, which of them are here, and the road of further
// blocks into it. Invariants: from the first check on `bytesDone` and `#missing` agree with `have`; a picker and its download are
// made after each check when somebody first needs them, and never by an idle seed, of whose memory they would be a third; the
// picker's priorities are what `priorities` make of the pieces.
import type { Metainfo } from '@shoal/metainfo';
import { Picker } from '@shoal/picker';
import { Bitfield, type Layout } from '@shoal/primitives';
import {
  type ByteBudget,
  checkPieces,
  type Expectation,
  type FastResume,
  type Hasher,
  type PartialPiece,
  PieceStore,
  planCheck,
  type Storage,
  type Verification,
} from '@shoal/storage';
import type { Clock, Random } from './contracts.ts';
import { Download } from './download.ts';
import { FileReaders } from './file-reader.ts';
import { checkFilePriorities, normalPriorities, type Priority, piecePriorities } from './selection.ts';

/** A torrent's geometry and where its bytes lie. */
export interface TorrentContent {
  readonly metainfo: Metainfo;
  readonly storage: Storage;
}

export interface ContentHost {
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly budget: ByteBudget;
  readonly random: Random;
  /** Makes big buffers that are overwritten before they are read; absent: zeroed memory. */
  readonly allocate: ((bytes: number) => Uint8Array) | undefined;
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
  readonly #expectation: (piece: number) => Expectation;
  /** Missing pieces of each file, by file index. */
  readonly #missing: Int32Array;
  readonly readers: FileReaders;
  #priorities: readonly Priority[];
  #order: 'rarest' | 'sequential' = 'rarest';
  /** As the last check found it; the picker's own from when there is one. */
  #have: Bitfield;
  #fetching: { readonly picker: Picker; readonly download: Download } | undefined;
  #bytesDone = 0;
  #bytesWanted = 0;
  #bytesWantedDone = 0;

  constructor(content: TorrentContent, host: ContentHost, events: ContentEvents) {
    const { metainfo, storage } = content;
    this.metainfo = metainfo;
    this.layout = metainfo.layout;
    this.#storage = storage;
    this.#host = host;
    this.#events = events;
    this.#missing = new Int32Array(this.layout.files.length);
    this.#expectation = (piece) => ({ sha1: metainfo.pieceHash(piece) });
    this.store = new PieceStore({
      layout: this.layout,
      storage,
      hasher: host.hasher,
      expectation: this.#expectation,
      budget: host.budget,
      ...(host.allocate ? { allocate: host.allocate } : {}),
      onError: (error) => events.onStorageError(error),
      onAttempt: (piece, _verdict, checksums) => this.#fetching?.download.attempted(piece, checksums),
    });
    this.#priorities = normalPriorities(this.layout);
    this.readers = new FileReaders({
      layout: this.layout,
      now: () => host.clock.now(),
      has: (piece) => this.have.has(piece),
      setDeadlines: (deadlines) => {
        const { picker } = this.#fetch();
        for (const [piece, at] of deadlines) picker.setDeadline(piece, at);
        events.onWork();
      },
      load: (piece, begin, length) => this.store.load(piece, begin, length),
    });
    this.#have = new Bitfield(this.layout.pieceCount);
    // Everything is wanted, and nothing known to be here; the check counts what each file lacks.
    this.#bytesWanted = this.layout.totalLength;
  }

  /** Of the newest check. */
  get download(): Download {
    return this.#fetch().download;
  }

  /** The verified pieces. */
  get have(): Bitfield {
    return this.#have;
  }

  /** Every wanted piece is verified. */
  get isComplete(): boolean {
    return this.#have.isFull || this.#fetch().picker.isComplete;
  }

  get bytesDone(): number {
    return this.#bytesDone;
  }

  /** Bytes of the pieces that are wanted, and how many of them are verified. */
  get bytesWanted(): number {
    return this.#bytesWanted;
  }

  get bytesWantedDone(): number {
    return this.#bytesWantedDone;
  }

  /** One a file. */
  get priorities(): readonly Priority[] {
    return this.#priorities;
  }

  /** Takes effect at once, on disk too: files that are not wanted are not made. Rejects with StorageError. */
  async select(priorities: readonly Priority[]): Promise<void> {
    this.#priorities = checkFilePriorities(this.layout, priorities);
    this.#fetching?.picker.setPriorities(piecePriorities(this.layout, this.#priorities));
    this.#countAll();
    this.#events.onWork();
    await this.#storage.setWanted(this.#priorities.map((priority) => priority > 0));
  }

  /** In which order pieces of equal priority are fetched. */
  get order(): 'rarest' | 'sequential' {
    return this.#order;
  }

  set order(order: 'rarest' | 'sequential') {
    this.#order = order;
    if (this.#fetching) this.#fetching.picker.order = order;
  }

  /** How many connected peers have each piece. A copy. */
  availability(): Uint32Array {
    const { picker } = this.#fetch();
    return Uint32Array.from({ length: this.layout.pieceCount }, (_, piece) => picker.availability(piece));
  }

  /** The data lie below another folder from now on. Rejects with StorageError, and then they do not. */
  move(to: string): Promise<void> {
    return this.#storage.move(to);
  }

  /** Deletes the data; only after `close`. Rejects with StorageError. */
  removeData(): Promise<void> {
    return this.#storage.remove();
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
    await this.#storage.setWanted(this.#priorities.map((priority) => priority > 0));
    await this.#storage.open();
    const plan = planCheck(this.layout, saved, await this.#storage.stamps());
    const have = plan.trusted.clone();
    const checking: Verification = {
      expectation: this.#expectation,
      goesOn,
      onChecked: (piece, verdict) => {
        if (verdict === 'ok') have.set(piece);
        onChecked(piece);
      },
    };
    // Nothing of the store's waits to be written: what is read past it is what lies on disk.
    const left = await this.#storage.verify?.(plan.check, checking);
    await checkPieces(this.store, left ?? plan.check, checking);
    if (!goesOn()) return false;
    this.#fetching?.download.stop();
    this.#fetching = undefined;
    this.#have = have;
    this.#countAll();
    // What the store still holds of pieces that are not here any more (a file went away) would keep their blocks out.
    const kept = new Set(plan.partial.map(({ piece }) => piece));
    for (let piece = 0; piece < this.layout.pieceCount; piece++) {
      if (!have.has(piece) && !kept.has(piece)) this.store.discard(piece);
    }
    this.store.trust(have);
    for (const { piece, blocks } of plan.partial) this.store.restore(piece, blocks);
    for (const { piece, blocks } of [...this.store.pending()]) this.download.restore(piece, blocks);
    this.readers.replan();
    return plan.check.length > 0;
  }

  /** What a later run may rely on. Rejects with StorageError. */
  async resumeData(): Promise<FastResume> {
    await this.#storage.flush();
    // Stamps first: a piece written after them makes them stale, and is then found by hashing instead of being lost.
    const stamps = await this.#storage.stamps();
    return { have: this.have.clone(), stamps, partial: storedBlocks(this.store) };
  }

  /** What arrived is on disk, as far as that can be. Never rejects. */
  async finish(): Promise<void> {
    await this.#fetching?.download.finish();
  }

  /** Lets go of memory and files. Never rejects. */
  async close(): Promise<void> {
    this.#fetching?.download.stop();
    await this.store.close().catch(() => undefined);
    await this.#storage.close().catch(() => undefined);
  }

  #fetch(): { readonly picker: Picker; readonly download: Download } {
    if (this.#fetching) return this.#fetching;
    const picker = new Picker({ geometry: this.layout, have: this.#have, random: () => this.#host.random.number() });
    picker.setPriorities(piecePriorities(this.layout, this.#priorities));
    picker.order = this.#order;
    this.#have = picker.have;
    this.#fetching = { picker, download: this.#newDownload(picker) };
    return this.#fetching;
  }

  #newDownload(picker: Picker): Download {
    return new Download({
      layout: this.layout,
      picker,
      store: this.store,
      budget: this.#host.budget,
      now: () => this.#host.clock.now(),
      events: {
        onPiece: (piece) => {
          this.#events.onPiece(piece, this.#countPiece(piece, picker.priority(piece) > 0));
          this.readers.wake();
        },
        onBadPiece: (piece, from) => this.#events.onBadPiece(piece, from),
        onStorageError: (error) => this.#events.onStorageError(error),
        onWork: () => this.#events.onWork(),
      },
    });
  }

  /** Sums up what is here and what each file lacks; afterwards both are kept piece by piece. */
  #countAll(): void {
    this.#bytesDone = 0;
    this.#bytesWanted = 0;
    this.#bytesWantedDone = 0;
    this.#missing.fill(0);
    const priorities = piecePriorities(this.layout, this.#priorities);
    for (let piece = 0; piece < this.layout.pieceCount; piece++) {
      const size = this.layout.pieceSize(piece);
      const isWanted = (priorities[piece] as number) > 0;
      if (isWanted) this.#bytesWanted += size;
      if (this.have.has(piece)) this.#countBytes(piece, isWanted);
      else for (const { file } of this.layout.spans(piece)) (this.#missing[file] as number)++;
    }
  }

  #countBytes(piece: number, isWanted: boolean): void {
    const size = this.layout.pieceSize(piece);
    this.#bytesDone += size;
    if (isWanted) this.#bytesWantedDone += size;
  }

  /** Answers the files that are whole now. */
  #countPiece(piece: number, isWanted: boolean): number[] {
    this.#countBytes(piece, isWanted);
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
