// The road of blocks into a torrent: asks BlockSources for what the picker chooses, hands what arrives to the
// PieceStore, and turns verdicts into pieces we have. Invariant: a request is in `slot.requests` exactly while the
// picker counts it as asked from that slot.
import type { Picker, PickerPeer } from '@shoal/picker';
import { type Bitfield, BLOCK_LENGTH, type Layout } from '@shoal/primitives';
import type { ByteBudget, PieceStore } from '@shoal/storage';
import type { BlockSource } from './contracts.ts';

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
  badPieces: number;
}

/** Bad pieces in which a source had a share before it is banned although others had a share too. */
const STRIKES = 4;

export class Download {
  readonly #layout: Layout;
  readonly #picker: Picker;
  readonly #store: PieceStore;
  readonly #budget: ByteBudget;
  readonly #events: DownloadEvents;
  readonly #slots = new Map<PickerPeer, DownloadSlot>();
  /** Who had a share in an unfinished piece. */
  readonly #shares = new Map<number, Set<DownloadSlot>>();
  /** Unfinished pieces with blocks from before: of an earlier run, or of before a pause. */
  readonly #restored = new Set<number>();
  readonly #blocksPerPiece: number;
  readonly #stopListening: () => void;
  /** Verdicts under way. */
  readonly #verdicts = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: {
    layout: Layout;
    picker: Picker;
    store: PieceStore;
    budget: ByteBudget;
    events: DownloadEvents;
  }) {
    this.#layout = options.layout;
    this.#picker = options.picker;
    this.#store = options.store;
    this.#budget = options.budget;
    this.#events = options.events;
    this.#blocksPerPiece = Math.ceil(options.layout.pieceLength / BLOCK_LENGTH);
    this.#stopListening = options.budget.onRoom(() => this.#events.onWork());
  }

  join(source: BlockSource): DownloadSlot {
    const slot: DownloadSlot = { source, peer: this.#picker.addPeer(), requests: new Set(), badPieces: 0 };
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

  /** The pieces that were verified. */
  get have(): Bitfield {
    return this.#picker.have;
  }

  isInteresting(slot: DownloadSlot): boolean {
    return this.#picker.isInteresting(slot.peer);
  }

  /** Asks the source for up to `count` blocks more; answers how many it asked. */
  fill(slot: DownloadSlot, count: number): number {
    if (this.#stopped || count <= 0) return 0;
    if (!this.#store.hasRoom) {
      // The store keeps a block that is half here for its rest. Where its sender is gone, that would fill the budget for
      // good: to need room, even 0 bytes of it, makes half blocks go too.
      this.#budget.take(0);
      return 0;
    }
    const blocks = this.#picker.pick(slot.peer, count);
    for (const { piece, block } of blocks) {
      slot.requests.add(this.#key(piece, block));
      slot.source.request(piece, block * BLOCK_LENGTH, this.#layout.blockSize(piece, block));
    }
    return blocks.length;
  }

  /** Part of a block that this slot was asked for. Bytes of a block that is no longer open are dropped. */
  part(slot: DownloadSlot, piece: number, at: number, bytes: Uint8Array): void {
    if (this.#stopped || !slot.requests.has(this.#key(piece, Math.floor(at / BLOCK_LENGTH)))) return;
    // A part is a share already: in the end game one sender's part may stand in a block that another completes.
    this.#share(piece).add(slot);
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
    if (blocks.length > 0) this.#restored.add(piece);
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
      const inMemory = new Set(this.#shares.keys());
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

  #complete(piece: number): void {
    const acting = this.#store.complete(piece).then(
      (verdict) => {
        const from = [...this.#share(piece)];
        const isOurs = this.#forget(piece);
        if (verdict === 'ok') {
          this.#picker.pieceVerified(piece);
          if (!this.#stopped) this.#events.onPiece(piece);
        } else {
          this.#picker.pieceFailed(piece);
          if (!this.#stopped) this.#blame(piece, from, isOurs);
        }
      },
      (error: unknown) => {
        this.#forget(piece);
        this.#picker.pieceFailed(piece);
        if (!this.#stopped) this.#events.onStorageError(error);
      },
    );
    const acted = acting.finally(() => this.#verdicts.delete(acted));
    this.#verdicts.add(acted);
  }

  /** Answers whether blocks of an earlier run had a share in the piece. */
  #forget(piece: number): boolean {
    this.#shares.delete(piece);
    return this.#restored.delete(piece);
  }

  /** Nobody is blamed for a piece in which what lay on disk had a share: that may be what was bad. */
  #blame(piece: number, from: readonly DownloadSlot[], wasRestored: boolean): void {
    this.#events.onBadPiece(
      piece,
      from.map((slot) => slot.source.name),
    );
    for (const slot of wasRestored ? [] : from) {
      slot.badPieces++;
      if (from.length === 1 || slot.badPieces >= STRIKES) slot.source.ban(`sent bad data in piece ${piece}`);
    }
    this.#events.onWork();
  }

  #giveBack(slot: DownloadSlot, piece: number, block: number): void {
    if (slot.requests.delete(this.#key(piece, block))) this.#picker.release(slot.peer, piece, block);
  }

  #cancel(other: PickerPeer, piece: number, block: number): void {
    const slot = this.#slots.get(other);
    if (!slot?.requests.delete(this.#key(piece, block))) return;
    slot.source.cancel(piece, block * BLOCK_LENGTH, this.#layout.blockSize(piece, block));
  }

  #share(piece: number): Set<DownloadSlot> {
    let share = this.#shares.get(piece);
    if (!share) {
      share = new Set();
      this.#shares.set(piece, share);
    }
    return share;
  }

  #key(piece: number, block: number): number {
    return piece * this.#blocksPerPiece + block;
  }
}
