// The wanted pieces that nobody has begun, and the search for the best of them that one peer has.
//
// Rarest first: they stand in one `RarityOrder` per priority. A search looks at `probes` of them in order; a peer that has
// none of these gets a `Shortlist`, so that a search never goes through all pieces one by one.
// Sequential: each peer has one cursor per priority, which only goes forward but for a piece that comes in below it. What
// lies between the cursor and the next piece is passed over 32 pieces at a time.
//
// Invariants: a piece is in `set`, in the set of its priority (never 0) and in the order of its priority, or in none of
// these; a peer's shortlist that is complete holds every piece of `set` that the peer has; a peer has no piece of a
// priority's set below its cursor; `#followed` is the peers with a shortlist or cursors.
import type { Effort } from './effort.ts';
import type { Peer } from './peer.ts';
import { PieceSet } from './piece-set.ts';
import { RarityOrder } from './rarity-order.ts';
import { Shortlist } from './shortlist.ts';

/** The priority of a piece that none was set for. */
export const DEFAULT_PRIORITY = 4;
/** The highest priority. 0 means: not wanted. */
export const MAX_PRIORITY = 7;

/** In which order pieces of one priority are begun. */
export type PickOrder = 'rarest' | 'sequential';

/** What nobody has begun. Indices and priorities are not checked here. */
export class FreshPieces {
  /** By piece: how many peers have it, seeds not counted. Kept for pieces that are not fresh, too. */
  readonly availability: Uint32Array;
  readonly priorities: Uint8Array;
  readonly set: PieceSet;
  /** Bit n is set where there are pieces of priority n. */
  levels = 0;
  readonly #sets: readonly PieceSet[];
  readonly #positions: Int32Array;
  readonly #orders: readonly RarityOrder[];
  readonly #followed = new Set<Peer>();
  readonly #random: () => number;
  readonly #limits: { readonly probes: number; readonly shortlist: number };
  readonly #effort: Effort;
  #order: PickOrder = 'rarest';

  constructor(
    pieceCount: number,
    random: () => number,
    limits: { readonly probes: number; readonly shortlist: number },
    effort: Effort,
  ) {
    this.availability = new Uint32Array(pieceCount);
    this.priorities = new Uint8Array(pieceCount).fill(DEFAULT_PRIORITY);
    this.set = new PieceSet(pieceCount);
    this.#sets = Array.from({ length: MAX_PRIORITY + 1 }, () => new PieceSet(pieceCount));
    this.#positions = new Int32Array(pieceCount).fill(-1);
    this.#orders = this.#sets.map(() => new RarityOrder(this.#positions, this.availability));
    this.#random = random;
    this.#limits = limits;
    this.#effort = effort;
  }

  get order(): PickOrder {
    return this.#order;
  }

  set order(order: PickOrder) {
    if (order === this.#order) return;
    this.#order = order;
    this.#forgetAll();
  }

  /** Adds a piece that is neither begun nor verified, unless its priority is 0. */
  enter(piece: number): void {
    const priority = this.priorities[piece] as number;
    if (priority === 0 || !this.set.add(piece)) return;
    this.#setOf(priority).add(piece);
    this.levels |= 1 << priority;
    this.#orderOf(priority).insert(piece);
    for (const peer of this.#followed) this.enlist(peer, piece);
  }

  /** Takes the piece out, if it is there. */
  leave(piece: number): void {
    if (!this.set.delete(piece)) return;
    const priority = this.priorities[piece] as number;
    this.#setOf(priority).delete(piece);
    if (this.isEmpty(priority)) this.levels &= ~(1 << priority);
    this.#orderOf(priority).remove(piece);
  }

  /** Changes the priority of a piece, and takes it out: `enter` it again where it is not begun. */
  setPriority(piece: number, priority: number): void {
    this.leave(piece);
    this.priorities[piece] = priority;
    for (const peer of this.#followed) peer.shortlist = undefined;
  }

  /** Takes over all priorities; `isFree` says what is neither begun nor verified. O(pieces). */
  setPriorities(priorities: Uint8Array, isFree: (piece: number) => boolean): void {
    this.#forgetAll();
    this.priorities.set(priorities);
    this.set.clear();
    this.#positions.fill(-1);
    for (const set of this.#sets) set.clear();
    for (let piece = 0; piece < priorities.length; piece++) {
      const priority = priorities[piece] as number;
      if (priority > 0 && isFree(piece) && this.set.add(piece)) this.#setOf(priority).add(piece);
    }
    this.levels = 0;
    for (const [priority, order] of this.#orders.entries()) {
      const set = this.#setOf(priority);
      if (set.count > 0) this.levels |= 1 << priority;
      const members = new Uint32Array(set.count);
      let count = 0;
      set.visitCommon(set, 0, (piece) => {
        members[count++] = piece;
      });
      order.rebuild(members);
    }
  }

  /** One peer more, not a seed, has the piece. */
  raise(piece: number): void {
    if (this.set.has(piece)) this.#orderOf(this.priorities[piece] as number).raise(piece);
    (this.availability[piece] as number)++;
  }

  /** One peer less, not a seed, has the piece. */
  lower(piece: number): void {
    if (this.set.has(piece)) this.#orderOf(this.priorities[piece] as number).lower(piece);
    (this.availability[piece] as number)--;
  }

  /** Tells of a piece that the peer could not begin before: either has just changed. */
  enlist(peer: Peer, piece: number): void {
    if (!this.#followed.has(peer) || !peer.has(piece) || !this.set.has(piece)) return;
    if (peer.cursors !== undefined) {
      const priority = this.priorities[piece] as number;
      if ((peer.cursors[priority] as number) > piece) peer.cursors[priority] = piece;
    }
    if (peer.shortlist === undefined) return;
    if (peer.shortlist.length < this.#limits.shortlist * 2)
      peer.shortlist.add(piece, (listed) => this.#rank(listed, true));
    else peer.shortlist = undefined;
  }

  /** The peer has the piece no more. */
  strike(peer: Peer, piece: number): void {
    peer.shortlist?.remove(piece);
  }

  /** The peer left, or its pieces changed altogether. */
  forget(peer: Peer): void {
    peer.shortlist = undefined;
    peer.cursors = undefined;
    this.#followed.delete(peer);
  }

  /** Whether there is no piece of this priority. */
  isEmpty(priority: number): boolean {
    return this.#setOf(priority).count === 0;
  }

  /** Whether no piece is left that any peer has. */
  isExhausted(seeds: number): boolean {
    return this.#orders.every((order) => order.length === (seeds > 0 ? 0 : order.end(0)));
  }

  /** The best piece of this priority that the peer has. Without `byRarity` any is as good, unless the order is sequential. */
  find(peer: Peer, priority: number, byRarity: boolean): number | undefined {
    if (this.isEmpty(priority)) return undefined;
    if (this.#order === 'sequential') return this.#next(peer, priority);
    return this.#suggested(peer, priority) ?? this.#common(peer, priority, byRarity);
  }

  /** Throws where the tables contradict each other. */
  checkInvariants(): void {
    let ordered = 0;
    for (const [priority, order] of this.#orders.entries()) {
      order.checkInvariants();
      ordered += order.length;
      if (((this.levels >> priority) & 1) !== (order.length > 0 ? 1 : 0))
        throw new Error(`priority ${priority} is wrongly (not) in use`);
      if (order.length !== this.#setOf(priority).count) throw new Error(`priority ${priority}: set and order differ`);
      for (let index = 0; index < order.length; index++) {
        const piece = order.at(index);
        if (this.priorities[piece] !== priority || !this.set.has(piece)) throw new Error(`piece ${piece}: wrong order`);
        if (!this.#setOf(priority).has(piece)) throw new Error(`piece ${piece}: not in the set of its priority`);
      }
    }
    if (ordered !== this.set.count) throw new Error(`${ordered} pieces are in an order, ${this.set.count} are fresh`);
    for (const peer of this.#followed) this.#checkFollowed(peer);
  }

  #checkFollowed(peer: Peer): void {
    const { shortlist, cursors } = peer;
    if (peer.owner === undefined) throw new Error('a peer that left is followed');
    (peer.seed ? this.set : peer.pieces).visitCommon(this.set, 0, (piece) => {
      if (cursors !== undefined && (cursors[this.priorities[piece] as number] as number) > piece)
        throw new Error(`piece ${piece} is below a cursor`);
      if (shortlist?.complete === true && !shortlist.includes(piece))
        throw new Error(`piece ${piece} is not in a complete shortlist`);
    });
  }

  #next(peer: Peer, priority: number): number | undefined {
    if (peer.cursors === undefined) {
      peer.cursors = new Uint32Array(MAX_PRIORITY + 1);
      this.#followed.add(peer);
    }
    const set = this.#setOf(priority);
    const from = peer.cursors[priority] as number;
    const found = set.nextCommon(peer.seed ? set : peer.pieces, from);
    const cursor = found < 0 ? this.priorities.length : found;
    peer.cursors[priority] = cursor;
    this.#effort.steps += 1 + (cursor >> 5) - (from >> 5);
    return found < 0 ? undefined : found;
  }

  /** BEP 6: what the peer suggests it has at hand. A suggestion is used up when its piece is begun, by whomever. */
  #suggested(peer: Peer, priority: number): number | undefined {
    for (const piece of peer.suggested) {
      this.#effort.steps++;
      if (!this.set.has(piece)) peer.suggested.delete(piece);
      else if (this.priorities[piece] === priority && peer.has(piece)) return piece;
    }
    return undefined;
  }

  #common(peer: Peer, priority: number, byRarity: boolean): number | undefined {
    let listed = this.#listed(peer, priority, byRarity);
    if (listed !== 'no list') return listed;
    const found = this.#probe(peer, priority, byRarity);
    if (found !== 'gave up') return found;
    const from = Math.floor(this.#random() * this.priorities.length);
    const rank = (piece: number) => this.#rank(piece, true);
    peer.shortlist = Shortlist.build(peer.pieces, this.set, this.#limits.shortlist, from, rank);
    this.#followed.add(peer);
    this.#effort.steps += (this.priorities.length >> 5) + peer.shortlist.length;
    listed = this.#listed(peer, priority, byRarity);
    return listed === 'no list' ? undefined : listed;
  }

  #listed(peer: Peer, priority: number, byRarity: boolean): number | undefined | 'no list' {
    const list = peer.shortlist;
    if (list === undefined) return 'no list';
    this.#effort.steps += list.complete ? list.length : 1;
    const best = list.best(this.set, this.#random(), (piece) => this.#rank(piece, byRarity));
    if (best !== undefined) return this.priorities[best] === priority ? best : undefined;
    if (list.complete) return undefined;
    peer.shortlist = undefined;
    return 'no list';
  }

  #probe(peer: Peer, priority: number, byRarity: boolean): number | undefined | 'gave up' {
    const order = this.#orderOf(priority);
    let left = this.#limits.probes;
    // Class 0 is what at most seeds have.
    let begin = peer.seed ? 0 : order.end(0);
    while (begin < order.length) {
      const end = byRarity ? order.end(this.availability[order.at(begin)] as number) : order.length;
      let index = begin + Math.floor(this.#random() * (end - begin));
      for (let rest = end - begin; rest > 0; rest--) {
        // What a seed looks at first, it has.
        if (left-- <= 0 && !peer.seed) return 'gave up';
        this.#effort.steps++;
        const piece = order.at(index);
        if (peer.has(piece)) return piece;
        if (++index === end) index = begin;
      }
      begin = end;
    }
    return undefined;
  }

  #forgetAll(): void {
    for (const peer of this.#followed) this.forget(peer);
  }

  /** Lower is better: what the orders and their classes say, in one number. */
  #rank(piece: number, byRarity: boolean): number {
    const rarity = byRarity ? (this.availability[piece] as number) : 0;
    return (MAX_PRIORITY - (this.priorities[piece] as number)) * 2 ** 32 + rarity;
  }

  #setOf(priority: number): PieceSet {
    return this.#sets[priority] as PieceSet;
  }

  #orderOf(priority: number): RarityOrder {
    return this.#orders[priority] as RarityOrder;
  }
}
