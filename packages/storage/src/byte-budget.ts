// How many bytes may wait in memory, over all torrents of a session, and who gives way first when they are too many:
// spare memory (caches, idle buffers; least recently used first) at once, then unfinished pieces (least recently
// touched first), which go to disk and give their bytes back when they are there.
// Invariants: spare <= spareLimit; firm + spare > limit only when nothing is spare; offered + leaving <= firm. After
// `take` and `offer`, firm - leaving >= limit only when nothing can be unloaded.

/** Memory that can be let go at any moment. */
export interface Spare {
  readonly bytes: number;
  /** The budget no longer counts it; forget it. */
  drop(): void;
}

/** Memory that can be given back after some work. */
export interface Unloadable {
  readonly bytes: number;
  /** Starts the work, and ends it with `left` or `stayed` (later, never within this call). */
  unload(): void;
}

/** Counts the memory that all torrents of a session hold, against one limit. */
export class ByteBudget {
  /** Bytes. */
  readonly limit: number;
  /** Bytes of spare memory at most. */
  readonly spareLimit: number;
  #firm = 0;
  #spareBytes = 0;
  /** Bytes of `#firm` that will be given back without further pressure. */
  #leaving = 0;
  /** In order of use, least recent first. */
  readonly #spares = new Set<Spare>();
  readonly #unloadables = new Set<Unloadable>();
  readonly #waiting = new Set<() => void>();
  #announcing = false;

  /**
   * `spareLimit`: less than `limit` where the process's whole memory counts. What is dropped is garbage for a while, some
   * 64 MiB of it until V8 looks: caches of a whole budget of 64 MiB made a seed's process peak at 203 MiB.
   */
  constructor(limit: number, spareLimit: number = limit) {
    if (!(limit >= 0)) throw new RangeError(`a byte budget is not negative: ${limit}`);
    if (!(spareLimit >= 0)) throw new RangeError(`a byte budget is not negative: ${spareLimit}`);
    this.limit = limit;
    this.spareLimit = spareLimit;
  }

  /** All bytes in memory, those that can go at any moment included. */
  get held(): number {
    return this.#firm + this.#spareBytes;
  }

  /** Bytes that cannot go at once. */
  get firm(): number {
    return this.#firm;
  }

  /** Nobody should ask for more: what must stay for now fills the budget. */
  get isFull(): boolean {
    return this.#firm >= this.limit;
  }

  /**
   * Full and a quarter more: blocks that were asked for earlier still come in, and the disk does not keep up. Stop
   * reading from peers until `onRoom`; whatever is over is on its way to the disk.
   */
  get isOverdrawn(): boolean {
    return this.#firm >= this.limit * 1.25;
  }

  /** Counts `n` bytes that must stay until `give`. Never refuses: the bytes are there already. */
  take(n: number): void {
    this.#firm += n;
    this.relieve();
  }

  give(n: number): void {
    if (n > this.#firm) throw new RangeError(`${n} bytes given back of ${this.#firm} taken`);
    const wasFull = this.isFull;
    this.#firm -= n;
    if (wasFull && !this.isFull) this.#announceRoom();
  }

  /** Calls back (in a microtask, never inside `give`) whenever the budget stops being full. Returns how to end that. */
  onRoom(callback: () => void): () => void {
    const entry = (): void => callback();
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  /** Counts spare memory as just used; it may be dropped within this very call where nothing fits. */
  lend(spare: Spare): void {
    this.#spares.add(spare);
    this.#spareBytes += spare.bytes;
    while (this.#spareBytes > this.spareLimit && this.dropOldest());
    this.relieve();
  }

  /** Marks spare memory as just used. */
  touch(spare: Spare): void {
    if (this.#spares.delete(spare)) this.#spares.add(spare);
  }

  /** Stops counting spare memory, without `drop`; answers whether it was counted. */
  withdraw(spare: Spare): boolean {
    if (!this.#spares.delete(spare)) return false;
    this.#spareBytes -= spare.bytes;
    return true;
  }

  /** Drops the least recently used spare memory; false where there is none. */
  dropOldest(): boolean {
    for (const spare of this.#spares) {
      this.withdraw(spare);
      spare.drop();
      return true;
    }
    return false;
  }

  /** Offers bytes that were taken for unloading, or marks them as just touched; they go at once where the budget is full. */
  offer(unloadable: Unloadable): void {
    this.enlist(unloadable);
    this.relieve();
  }

  /** As `offer`, but they go when somebody next needs room, or at the next `relieve`. */
  enlist(unloadable: Unloadable): void {
    this.#unloadables.delete(unloadable);
    this.#unloadables.add(unloadable);
  }

  /** Takes the offer back; no-op where it does not stand. */
  retract(unloadable: Unloadable): void {
    this.#unloadables.delete(unloadable);
  }

  /** Announces that `n` taken bytes will be given back by themselves, so that nobody else is unloaded for them. */
  leave(n: number): void {
    this.#leaving += n;
  }

  /** The bytes of `leave` or `unload` were given back (`left`) or are needed after all (`stayed`). */
  left(n: number): void {
    this.#leaving -= n;
    this.give(n);
  }

  stayed(n: number): void {
    this.#leaving -= n;
    this.relieve();
  }

  checkInvariants(): void {
    let spare = 0;
    for (const { bytes } of this.#spares) spare += bytes;
    let offered = 0;
    for (const { bytes } of this.#unloadables) offered += bytes;
    const wrong = (what: string): Error =>
      new Error(
        `${what}: limit ${this.limit}, firm ${this.#firm}, leaving ${this.#leaving}, spare ${this.#spareBytes}`,
      );
    if (spare !== this.#spareBytes) throw wrong(`spare entries hold ${spare} bytes`);
    if (spare > this.spareLimit) throw wrong(`spare entries hold ${spare} bytes, more than their share`);
    if (this.#firm < 0 || this.#leaving < 0 || this.#leaving > this.#firm) throw wrong('a count is impossible');
    if (offered + this.#leaving > this.#firm) throw wrong(`${offered} bytes offered, more than stay`);
    if (this.held > this.limit && this.#spares.size > 0) throw wrong('spare memory kept over the limit');
  }

  /** Lets go of what can go until the budget is no longer full: also of what was merely enlisted. */
  relieve(): void {
    while (this.held > this.limit && this.dropOldest());
    for (const unloadable of this.#unloadables) {
      if (this.#firm - this.#leaving < this.limit) break;
      this.#unloadables.delete(unloadable);
      this.#leaving += unloadable.bytes;
      unloadable.unload();
    }
  }

  #announceRoom(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      for (const callback of [...this.#waiting]) {
        if (this.isFull) break;
        if (this.#waiting.has(callback)) callback();
      }
    });
  }
}
