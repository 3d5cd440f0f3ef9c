// The wanted pieces that nobody has begun, and the search for the best of them that one peer has: highest priority, then
// rarest, at random among equals. They stand in one `RarityOrder` per priority. A search looks at `probes` of them in
// order; a peer that has none of these gets a `Shortlist`, so that a search never goes through all pieces one by one.
//
// Invariants: a piece is in `set` exactly while it is in the order of its priority (never 0); a peer's shortlist that is
// complete holds every piece of `set` that the peer has; `#listed` is the peers with a shortlist.
import type { Peer } from './peer.ts';
import { PieceSet } from './piece-set.ts';
import { RarityOrder } from './rarity-order.ts';
import { Shortlist } from './shortlist.ts';

/** The priority of a piece that none was set for. */
export const DEFAULT_PRIORITY = 4;
/** The highest priority. 0 means: not wanted. */
export const MAX_PRIORITY = 7;

/** What nobody has begun. Indices and priorities are not checked here. */
export class FreshPieces {
  /** By piece: how many peers have it, seeds not counted. Kept for pieces that are not fresh, too. */
  readonly availability: Uint32Array;
  readonly priorities: Uint8Array;
  readonly set: PieceSet;
  readonly #orders: readonly RarityOrder[];
  readonly #listed = new Set<Peer>();
  readonly #random: () => number;
  readonly #limits: { readonly probes: number; readonly shortlist: number };

  constructor(
    pieceCount: number,
    random: () => number,
    limits: { readonly probes: number; readonly shortlist: number },
  ) {
    this.availability = new Uint32Array(pieceCount);
    this.priorities = new Uint8Array(pieceCount).fill(DEFAULT_PRIORITY);
    this.set = new PieceSet(pieceCount);
    const positions = new Int32Array(pieceCount).fill(-1);
    this.#orders = Array.from({ length: MAX_PRIORITY + 1 }, () => new RarityOrder(positions, this.availability));
    this.#random = random;
    this.#limits = limits;
  }

  /** Adds a piece that is neither begun nor verified, unless its priority is 0. */
  enter(piece: number): void {
    const priority = this.priorities[piece] as number;
    if (priority === 0 || !this.set.add(piece)) return;
    this.#order(priority).insert(piece);
    for (const peer of this.#listed) this.enlist(peer, piece);
  }

  /** Takes the piece out, if it is there. */
  leave(piece: number): void {
    if (this.set.delete(piece)) this.#order(this.priorities[piece] as number).remove(piece);
  }

  /** Changes the priority of a piece, and takes it out: `enter` it again where it is not begun. */
  setPriority(piece: number, priority: number): void {
    this.leave(piece);
    this.priorities[piece] = priority;
    for (const peer of this.#listed) this.forget(peer);
  }

  /** One peer more, not a seed, has the piece. */
  raise(piece: number): void {
    if (this.set.has(piece)) this.#order(this.priorities[piece] as number).raise(piece);
    (this.availability[piece] as number)++;
  }

  /** One peer less, not a seed, has the piece. */
  lower(piece: number): void {
    if (this.set.has(piece)) this.#order(this.priorities[piece] as number).lower(piece);
    (this.availability[piece] as number)--;
  }

  /** Tells of a piece that the peer could not begin before: either has just changed. */
  enlist(peer: Peer, piece: number): void {
    if (peer.shortlist === undefined || !peer.pieces.has(piece) || !this.set.has(piece)) return;
    if (peer.shortlist.length < this.#limits.shortlist * 2)
      peer.shortlist.add(piece, (listed) => this.#rank(listed, true));
    else this.forget(peer);
  }

  /** The peer left, or its pieces changed altogether. */
  forget(peer: Peer): void {
    peer.shortlist = undefined;
    this.#listed.delete(peer);
  }

  /** Whether no piece is left that any peer has. */
  isExhausted(seeds: number): boolean {
    return this.#orders.every((order) => order.length === (seeds > 0 ? 0 : order.end(0)));
  }

  /** The best piece that the peer has, of this priority or a higher one. Without `byRarity` any of the priority is as good. */
  find(peer: Peer, lowestPriority: number, byRarity: boolean): number | undefined {
    if (lowestPriority > MAX_PRIORITY) return undefined;
    if (peer.shortlist !== undefined) {
      const best = this.#bestListed(peer.shortlist, byRarity);
      if (best !== undefined) return (this.priorities[best] as number) >= lowestPriority ? best : undefined;
      if (peer.shortlist.complete) return undefined;
      this.forget(peer);
    }
    const found = this.#probe(peer, lowestPriority, byRarity);
    if (found !== 'gave up') return found;
    const from = Math.floor(this.#random() * this.priorities.length);
    const rank = (piece: number) => this.#rank(piece, true);
    peer.shortlist = Shortlist.build(peer.pieces, this.set, this.#limits.shortlist, from, rank);
    this.#listed.add(peer);
    const best = this.#bestListed(peer.shortlist, byRarity);
    return best !== undefined && (this.priorities[best] as number) >= lowestPriority ? best : undefined;
  }

  /** Throws where the tables contradict each other. */
  checkInvariants(): void {
    let ordered = 0;
    for (const [priority, order] of this.#orders.entries()) {
      order.checkInvariants();
      ordered += order.length;
      for (let index = 0; index < order.length; index++) {
        const piece = order.at(index);
        if (this.priorities[piece] !== priority || !this.set.has(piece)) throw new Error(`piece ${piece}: wrong order`);
      }
    }
    if (ordered !== this.set.count) throw new Error(`${ordered} pieces are in an order, ${this.set.count} are fresh`);
    for (const peer of this.#listed) {
      const list = peer.shortlist;
      if (list === undefined) throw new Error('a listed peer has no shortlist');
      if (!list.complete) continue;
      peer.pieces.visitCommon(this.set, 0, (piece) => {
        if (!list.includes(piece)) throw new Error(`piece ${piece} is not in a complete shortlist`);
      });
    }
  }

  #probe(peer: Peer, lowestPriority: number, byRarity: boolean): number | undefined | 'gave up' {
    let left = this.#limits.probes;
    for (let priority = MAX_PRIORITY; priority >= lowestPriority; priority--) {
      const order = this.#order(priority);
      // Class 0 is what at most seeds have.
      let begin = peer.seed ? 0 : order.end(0);
      while (begin < order.length) {
        const end = byRarity ? order.end(this.availability[order.at(begin)] as number) : order.length;
        let index = begin + Math.floor(this.#random() * (end - begin));
        for (let rest = end - begin; rest > 0; rest--) {
          // What a seed looks at first, it has.
          if (left-- <= 0 && !peer.seed) return 'gave up';
          const piece = order.at(index);
          if (peer.has(piece)) return piece;
          if (++index === end) index = begin;
        }
        begin = end;
      }
    }
    return undefined;
  }

  #bestListed(list: Shortlist, byRarity: boolean): number | undefined {
    return list.best(this.set, this.#random(), (piece) => this.#rank(piece, byRarity));
  }

  /** Lower is better: what the orders and their classes say, in one number. */
  #rank(piece: number, byRarity: boolean): number {
    const rarity = byRarity ? (this.availability[piece] as number) : 0;
    return (MAX_PRIORITY - (this.priorities[piece] as number)) * 2 ** 32 + rarity;
  }

  #order(priority: number): RarityOrder {
    return this.#orders[priority] as RarityOrder;
  }
}
