// The preference order. `pick` is its outer half, `#next` its inner one, both top to bottom:
//   1. pieces with a deadline, the earliest first;
//   2. of those that are late and wholly asked for: blocks that one other peer is asked for;
//   3. the higher priority, and in it
//      a. a partial piece this peer is the worker of, so that it delivers consecutive blocks of one piece;
//      b. a partial piece nobody is asked for blocks of;
//      c. a fresh piece, for a peer whose queue holds a whole one, while few pieces are partial;
//      d. a partial piece that others are at work on;
//      e. a fresh piece;
//   4. in the end game: blocks that one other peer is asked for, higher priorities first.
// Which of several fresh pieces is for `FreshPieces` to say, which of several partial ones for `isBetter`. A peer gets
// the blocks of a piece in ascending order. Rules 2 and 4 ask a second peer for a block and never a third.
import type { Deadlines } from './deadlines.ts';
import type { Effort } from './effort.ts';
import { MAX_PRIORITY } from './fresh-pieces.ts';
import type { OpenPiece } from './open-piece.ts';
import type { Peer } from './peer.ts';
import type { Pieces } from './pieces.ts';
import { AllowedFast, AllPieces, type Source } from './sources.ts';

/** A block: the `block`-th 16 KiB of a piece. */
export interface BlockRef {
  readonly piece: number;
  readonly block: number;
}

/** What a peer is picked for. */
export interface Wish {
  readonly peer: Peer;
  readonly count: number;
  /** It chokes us: only its allowed-fast pieces. */
  readonly choked: boolean;
  /** ms */
  readonly now: number | undefined;
}

/** Fewer partial pieces than this are never too many; with more peers, one a peer is allowed. */
const FEW_PARTIALS = 4;

/** Chooses blocks and marks them as asked for. */
export class Choice {
  readonly #pieces: Pieces;
  readonly #deadlines: Deadlines;
  readonly #late: number;
  readonly #effort: Effort;
  readonly #all: Source;
  readonly #allowed: Source;

  constructor(pieces: Pieces, deadlines: Deadlines, late: number, effort: Effort) {
    this.#pieces = pieces;
    this.#deadlines = deadlines;
    this.#late = late;
    this.#effort = effort;
    this.#all = new AllPieces(pieces, effort);
    this.#allowed = new AllowedFast(pieces, effort);
  }

  /** `seeds` and `peers` are how many there are, for what only numbers of peers can tell. */
  pick(wish: Wish, seeds: number, peers: number): BlockRef[] {
    const picked: BlockRef[] = [];
    const { count, now } = wish;
    for (const { piece } of this.#deadlines.all) {
      if (picked.length >= count) return picked;
      this.#effort.steps++;
      if (this.#isTakeable(wish, piece)) this.#ask(wish, this.#pieces.opened(piece), picked);
    }
    for (const { piece, at } of this.#deadlines.all) {
      if (picked.length >= count || now === undefined || at - this.#late > now) break;
      const open = this.#pieces.open.get(piece);
      if (open !== undefined && open.missing === 0) this.#askAgain(wish, open, picked);
    }
    while (picked.length < count) {
      const open = this.#next(wish, count - picked.length, peers);
      if (open === undefined) break;
      this.#ask(wish, open, picked);
    }
    if (picked.length >= count || !this.isEndGame(seeds)) return picked;
    for (let priority = MAX_PRIORITY; priority > 0 && picked.length < count; priority--) {
      for (const open of this.#onTheirWay(priority)) this.#askAgain(wish, open, picked);
    }
    return picked;
  }

  /** Whether blocks are on their way and every other missing block that some peer could be asked for was asked for. */
  isEndGame(seeds: number): boolean {
    const { fresh, open } = this.#pieces;
    if (!fresh.isExhausted(seeds)) return false;
    for (let priority = 1; priority <= MAX_PRIORITY; priority++) {
      for (const stage of ['shared', 'idle'] as const) {
        for (const { piece } of open.list(stage, priority)) {
          this.#effort.steps++;
          if (seeds > 0 || (fresh.availability[piece] as number) > 0) return false;
        }
      }
    }
    return open.anyRequested;
  }

  /** The piece to ask the peer for next where no deadline presses. */
  #next({ peer, choked }: Wish, count: number, peers: number): OpenPiece | undefined {
    const source = choked ? this.#allowed : this.#all;
    const levels = source.levels(peer);
    for (let priority = MAX_PRIORITY; priority > 0; priority--) {
      if ((levels & (1 << priority)) === 0) continue;
      const mine = source.own(peer, priority) ?? source.idle(peer, priority);
      if (mine !== undefined) return mine;
      const shared = source.shared(peer, priority);
      if (shared === undefined || this.#takesWhole(peer, shared, count, peers)) {
        const fresh = source.fresh(peer, priority);
        if (fresh !== undefined) return this.#pieces.opened(fresh);
      }
      if (shared !== undefined) return shared;
    }
    return undefined;
  }

  /** Whether the peer is fast enough for a piece of its own. */
  #takesWhole(peer: Peer, shared: OpenPiece, count: number, peers: number): boolean {
    return (
      peer.outstanding + count >= shared.blockCount && this.#pieces.open.partialCount < Math.max(FEW_PARTIALS, peers)
    );
  }

  /** Whether the peer can be asked for missing blocks of the piece. */
  #isTakeable({ peer, choked }: Wish, piece: number): boolean {
    if (!this.#pieces.wanted.has(piece) || !peer.serves(piece, choked)) return false;
    const open = this.#pieces.open.get(piece);
    return open === undefined || (open.missing > 0 && open.isFreeFor(peer));
  }

  #ask({ peer, count }: Wish, open: OpenPiece, picked: BlockRef[]): void {
    if (open.requested === 0 || open.worker?.owner === undefined) open.worker = peer;
    open.enlist(peer);
    while (picked.length < count) {
      const block = open.requestNext(peer);
      if (block === undefined) break;
      picked.push({ piece: open.piece, block });
    }
    this.#pieces.settle(open);
  }

  #askAgain({ peer, count, choked }: Wish, open: OpenPiece, picked: BlockRef[]): void {
    if (open.askedOnce === 0 || open.parole) return;
    if (!this.#pieces.wanted.has(open.piece) || !peer.serves(open.piece, choked)) return;
    open.enlist(peer);
    for (let from = 0; picked.length < count; ) {
      const block = open.duplicateNext(peer, from);
      if (block === undefined) break;
      picked.push({ piece: open.piece, block });
      from = block + 1;
    }
  }

  /** Pieces of which a second peer may be asked for blocks, those with the fewest first. */
  #onTheirWay(priority: number): OpenPiece[] {
    const { open } = this.#pieces;
    const found: OpenPiece[] = [];
    for (const stage of ['shared', 'asked'] as const) {
      const list = open.list(stage, priority);
      this.#effort.steps += list.length;
      for (const piece of list) if (piece.askedOnce > 0) found.push(piece);
    }
    return found.sort((a, b) => a.requested - b.requested);
  }
}
