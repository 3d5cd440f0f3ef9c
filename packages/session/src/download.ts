// The road of blocks into a torrent: asks BlockSources for what the picker chooses, hands what arrives to the
// PieceStore, and turns verdicts into pieces we have. Invariant: a request is in `slot.requests` exactly while the
// picker counts it as asked from that slot.
import type { Picker, PickerPeer } from '@shoal/picker';
import { type Bitfield, BLOCK_LENGTH, type Layout } from '@shoal/primitives';
import type { ByteBudget, PieceStore } from '@shoal/storage';
import type { BlockSource } from './contracts.ts';
import { SmartBan } from './smart-ban.ts';

export interface DownloadEvents {
  onPiece(piece: number): void;
  onBadPiece(piece: number, from: readonly string[]): void;
  /** The store could not keep what arrived: the torrent must stop. */
  onStorageError(error: unknown): void;
  /** There is room, or work was given back: everyone may be asked again. */
  onWork(): void;
}

/** One BlockSource that has joined. */
export interface DownloadSlot {
  readonly source: BlockSource;
  readonly peer: PickerPeer;
  /** Open requests by block key. */
  readonly requests: Set<number>;
}

/**
 * The share of the memory budget that may be under way. Pieces from many sources are all half here at once: of eight fast seeds
 * that were each asked for 8 MiB, four in five blocks found the budget full and were copied twice.
 */
const ASKED_SHARE = 1 / 4;
/** However small the budget is. */
const FEWEST_ASKED = 32;

export class Download {
  readonly #layout: Layout;
  readonly #picker: Picker;
  readonly #store: PieceStore;
  readonly #budget: ByteBudget;
  readonly #events: DownloadEvents;
  readonly #slots = new Map<PickerPeer, DownloadSlot>();
  readonly #now: () => number;
  readonly #smartBan = new SmartBan<DownloadSlot>();
  /** Of the blocks of pieces whose verdict is under way; the store tells them where there was a bad one. */
  readonly #checksums = new Map<number, Uint32Array>();
  readonly #blocksPerPiece: number;
  /** Blocks that may be under way from all sources. */
  readonly #mostAsked: number;
  readonly #stopListening: () => void;
  /** Verdicts under way. */
  readonly #verdicts = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: {
    layout: Layout;
    picker: Picker;
    store: PieceStore;
    budget: ByteBudget;
    now: () => number;
    events: DownloadEvents;
  }) {
    this.#layout = options.layout;
    this.#picker = options.picker;
    this.#store = options.store;
    this.#budget = options.budget;
    this.#now = options.now;
    this.#events = options.events;
    this.#blocksPerPiece = Math.ceil(options.layout.pieceLength / BLOCK_LENGTH);
    this.#mostAsked = Math.max(FEWEST_ASKED, Math.floor((options.budget.limit * ASKED_SHARE) / BLOCK_LENGTH));
    this.#stopListening = options.budget.onRoom(() => this.#events.onWork());
  }

  join(source: BlockSource): DownloadSlot {
    const slot: DownloadSlot = { source, peer: this.#picker.addPeer(), requests: new Set() };
    this.#slots.set(slot.peer, slot);
    return slot;
  }

  /** Its requests go back to the picker. */
  leave(slot: DownloadSlot): void {
    if (!this.#slots.delete(slot.peer)) return;
    const gaveBack = slot.requests.size > 0;
    slot.requests.clear();
    this.#picker.removePeer(slot.peer);
    if (gaveBack) this.#events.onWork();
  }

  setHave(slot: DownloadSlot, have: Bitfield): void {
    this.#picker.setHave(slot.peer, have);
  }

  addHave(slot: DownloadSlot, piece: number): void {
    this.#picker.addHave(slot.peer, piece);
  }

  /** The source has a piece no more (BEP 54); what was asked of it there goes back. */
  removeHave(slot: DownloadSlot, piece: number): void {
    this.#picker.removeHave(slot.peer, piece);
    const before = slot.requests.size;
    for (let block = 0; block < this.#layout.blockCount(piece); block++) this.#giveBack(slot, piece, block);
    if (slot.requests.size < before) this.#events.onWork();
  }

  /** The source serves this piece even while it chokes us (BEP 6). */
  allowFast(slot: DownloadSlot, piece: number): void {
    this.#picker.allowFast(slot.peer, piece);
  }

  /** The source has this piece at hand (BEP 6). */
  suggest(slot: DownloadSlot, piece: number): void {
    this.#picker.suggest(slot.peer, piece);
  }

  /** Whether a choking source can be asked for something. */
  hasAllowedFast(slot: DownloadSlot): boolean {
    return this.#picker.hasAllowedFast(slot.peer);
  }

  /** The pieces that were verified. */
  get have(): Bitfield {
    return this.#picker.have;
  }

  isInteresting(slot: DownloadSlot): boolean {
    return this.#picker.isInteresting(slot.peer);
  }

  /** Asks the source for up to `count` blocks more, of allowed-fast pieces alone where it chokes us; answers how many. */
  fill(slot: DownloadSlot, count: number, choked = false): number {
    if (this.#stopped || count <= 0) return 0;
    if (!this.#store.hasRoom) {
      // The store keeps a block that is half here for its rest. Where its sender is gone, that would fill the budget for
      // good.
      this.#budget.relieve();
      return 0;
    }
    const blocks = this.#picker.pick(slot.peer, Math.min(count, this.#room(slot)), { choked, now: this.#now() });
    for (const { piece, block } of blocks) {
      slot.requests.add(this.#key(piece, block));
      slot.source.request(piece, block * BLOCK_LENGTH, this.#layout.blockSize(piece, block));
    }
    return blocks.length;
  }

  /** Part of a block that this slot was asked for. Bytes of a block that is no longer open are dropped. */
  part(slot: DownloadSlot, piece: number, at: number, bytes: Uint8Array): void {
    const block = Math.floor(at / BLOCK_LENGTH);
    if (this.#stopped || !slot.requests.has(this.#key(piece, block))) return;
    // A part is a share already: in the end game one sender's part may stand in a block that another completes.
    this.#smartBan.wrote(piece, block, slot);
    this.#store.put(piece, at, bytes);
  }

  /** The block is whole. */
  block(slot: DownloadSlot, piece: number, begin: number): void {
    const block = Math.floor(begin / BLOCK_LENGTH);
    if (this.#stopped || !slot.requests.delete(this.#key(piece, block))) return;
    const result = this.#picker.receive(slot.peer, piece, block);
    for (const other of result.cancel) this.#cancel(other, piece, block);
    if (result.pieceComplete) this.#complete(piece);
  }

  /** The source will not deliver these blocks: refused, or dropped by a choke. Others may be asked for them. */
  release(slot: DownloadSlot, requests: readonly { readonly piece: number; readonly begin: number }[]): void {
    const before = slot.requests.size;
    for (const { piece, begin } of requests) this.#giveBack(slot, piece, Math.floor(begin / BLOCK_LENGTH));
    if (slot.requests.size < before) this.#events.onWork();
  }

  /** Gives back every open request of a slot and cancels them at the source; others may be asked for them. */
  releaseAll(slot: DownloadSlot): void {
    if (slot.requests.size === 0) return;
    for (const key of [...slot.requests]) {
      const piece = Math.floor(key / this.#blocksPerPiece);
      const block = key % this.#blocksPerPiece;
      slot.source.cancel(piece, block * BLOCK_LENGTH, this.#layout.blockSize(piece, block));
      this.#giveBack(slot, piece, block);
    }
    this.#events.onWork();
  }

  /** Blocks of a piece that the store holds from before. */
  restore(piece: number, blocks: readonly number[]): void {
    this.#picker.restore(piece, blocks);
    if (blocks.length > 0) this.#smartBan.restored(piece);
    if (blocks.length === this.#layout.blockCount(piece)) this.#complete(piece);
  }

  /**
   * What arrived goes to disk: pieces that wait for their verdict get it, others are written as far as they are. Where
   * the disk takes them not, unfinished pieces are forgotten, since other torrents need the memory. Never rejects.
   */
  async finish(): Promise<void> {
    while (this.#verdicts.size > 0) await Promise.all(this.#verdicts);
    try {
      await this.#store.spill();
    } catch {
      const inMemory = new Set(this.#smartBan.pieces());
      for (const { piece, blocks, stored } of this.#store.pending()) {
        if (stored.length < blocks.length) inMemory.add(piece);
      }
      for (const piece of inMemory) this.#store.discard(piece);
    }
  }

  /** Nothing is asked, kept or told from here on. */
  stop(): void {
    this.#stopped = true;
    this.#stopListening();
  }

  /** What the store found of a piece that failed once: called before its verdict is. */
  attempted(piece: number, checksums: Uint32Array): void {
    this.#checksums.set(piece, checksums);
  }

  #complete(piece: number): void {
    const acting = this.#store.complete(piece).then(
      (verdict) => {
        const checksums = this.#checksums.get(piece);
        this.#checksums.delete(piece);
        if (verdict === 'ok') this.#verified(piece, checksums);
        else this.#failed(piece, checksums);
      },
      (error: unknown) => {
        this.#checksums.delete(piece);
        this.#smartBan.forget(piece);
        this.#picker.pieceFailed(piece);
        if (!this.#stopped) this.#events.onStorageError(error);
      },
    );
    const acted = acting.finally(() => this.#verdicts.delete(acted));
    this.#verdicts.add(acted);
  }

  #verified(piece: number, checksums: Uint32Array | undefined): void {
    this.#picker.pieceVerified(piece);
    const liars = this.#smartBan.verified(piece, checksums);
    if (this.#stopped) return;
    this.#events.onPiece(piece);
    this.#ban(liars, piece);
  }

  /** Nobody is blamed for a piece in which what lay on disk had a share: that may be what was bad. */
  #failed(piece: number, checksums: Uint32Array | undefined): void {
    const from = this.#smartBan.sharers(piece);
    const liars = this.#smartBan.failed(piece, checksums);
    // Where it is not clear who lied, the next attempt is one source's: a second failure has an author.
    this.#picker.pieceFailed(piece, { parole: liars.length === 0 });
    if (this.#stopped) return;
    this.#events.onBadPiece(
      piece,
      from.map((slot) => slot.source.name),
    );
    this.#ban(liars, piece);
    this.#events.onWork();
  }

  #ban(liars: readonly DownloadSlot[], piece: number): void {
    for (const { source } of liars) source.ban(`sent bad data in piece ${piece}`);
  }

  /** How many blocks more may be asked of this source: what is under way in all, and a fair share of it in any case. */
  #room(slot: DownloadSlot): number {
    let asked = 0;
    let asking = slot.requests.size === 0 ? 1 : 0;
    for (const { requests } of this.#slots.values()) {
      asked += requests.size;
      if (requests.size > 0) asking++;
    }
    return Math.max(0, this.#mostAsked - asked, Math.floor(this.#mostAsked / asking) - slot.requests.size);
  }

  #giveBack(slot: DownloadSlot, piece: number, block: number): void {
    if (slot.requests.delete(this.#key(piece, block))) this.#picker.release(slot.peer, piece, block);
  }

  #cancel(other: PickerPeer, piece: number, block: number): void {
    const slot = this.#slots.get(other);
    if (!slot?.requests.delete(this.#key(piece, block))) return;
    slot.source.cancel(piece, block * BLOCK_LENGTH, this.#layout.blockSize(piece, block));
  }

  #key(piece: number, block: number): number {
    return piece * this.#blocksPerPiece + block;
  }
}
