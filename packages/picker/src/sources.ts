// Where a choice can come from: from all pieces, through the tables that are kept of them, or from the few that a peer
// which chokes us allows all the same, by looking at each. What is better than what is said once, in `isBetter` and in
// choice.ts; a source only finds.
import type { Effort } from './effort.ts';
import type { OpenPiece } from './open-piece.ts';
import type { Peer } from './peer.ts';
import type { Pieces } from './pieces.ts';

/** Finds the peer's best piece of one kind and priority; undefined where it has none. */
export interface Source {
  /** Bit n is not set where nothing of priority n could be found, whatever the kind. */
  levels(peer: Peer): number;
  /** A piece with missing blocks that the peer is the worker of. */
  own(peer: Peer, priority: number): OpenPiece | undefined;
  /** A begun piece that nobody is asked for blocks of. */
  idle(peer: Peer, priority: number): OpenPiece | undefined;
  /** A piece with missing blocks that others are at work on. */
  shared(peer: Peer, priority: number): OpenPiece | undefined;
  /** A piece that nobody has begun. */
  fresh(peer: Peer, priority: number): number | undefined;
}

/** For a peer that does not choke us. */
export class AllPieces implements Source {
  readonly #pieces: Pieces;
  readonly #effort: Effort;
  readonly #isBetter: (a: OpenPiece, b: OpenPiece) => boolean;

  constructor(pieces: Pieces, effort: Effort) {
    this.#pieces = pieces;
    this.#effort = effort;
    this.#isBetter = (a, b) => isBetter(pieces, a, b);
  }

  levels(): number {
    return this.#pieces.fresh.levels | this.#pieces.open.levels;
  }

  own(peer: Peer, priority: number): OpenPiece | undefined {
    let best: OpenPiece | undefined;
    for (const work of peer.works) {
      this.#effort.steps++;
      if (work.priority !== priority || !peer.has(work.piece)) continue;
      if (best === undefined || isBetter(this.#pieces, work, best)) best = work;
    }
    return best;
  }

  idle(peer: Peer, priority: number): OpenPiece | undefined {
    return this.#pieces.open.find('idle', priority, peer, this.#isBetter);
  }

  shared(peer: Peer, priority: number): OpenPiece | undefined {
    return this.#pieces.open.find('shared', priority, peer, this.#isBetter);
  }

  fresh(peer: Peer, priority: number): number | undefined {
    return this.#pieces.fresh.find(peer, priority, this.#pieces.byRarity);
  }
}

/** For a peer that chokes us: the pieces of its allowed-fast set (BEP 6). */
export class AllowedFast implements Source {
  readonly #pieces: Pieces;
  readonly #effort: Effort;

  constructor(pieces: Pieces, effort: Effort) {
    this.#pieces = pieces;
    this.#effort = effort;
  }

  levels(peer: Peer): number {
    let levels = 0;
    for (const piece of peer.allowedFast) levels |= 1 << (this.#pieces.fresh.priorities[piece] as number);
    return levels;
  }

  own(peer: Peer, priority: number): OpenPiece | undefined {
    return this.#open(peer, priority, (open) => open.owner === peer);
  }

  idle(peer: Peer, priority: number): OpenPiece | undefined {
    return this.#open(peer, priority, (open) => open.stage === 'idle' && open.isFreeFor(peer));
  }

  shared(peer: Peer, priority: number): OpenPiece | undefined {
    return this.#open(peer, priority, (open) => open.stage === 'shared');
  }

  fresh(peer: Peer, priority: number): number | undefined {
    const { fresh } = this.#pieces;
    const cost = (piece: number) => (fresh.order === 'sequential' ? piece : (fresh.availability[piece] as number));
    let best: number | undefined;
    for (const piece of peer.allowedFast) {
      this.#effort.steps++;
      if (!fresh.set.has(piece) || fresh.priorities[piece] !== priority || !peer.has(piece)) continue;
      if (best === undefined || cost(piece) < cost(best)) best = piece;
    }
    return best;
  }

  #open(peer: Peer, priority: number, fits: (open: OpenPiece) => boolean): OpenPiece | undefined {
    let best: OpenPiece | undefined;
    for (const piece of peer.allowedFast) {
      this.#effort.steps++;
      const open = this.#pieces.open.get(piece);
      if (open === undefined || open.priority !== priority || !peer.has(piece) || !fits(open)) continue;
      if (best === undefined || isBetter(this.#pieces, open, best)) best = open;
    }
    return best;
  }
}

/** Of two begun pieces of one kind: the nearer to its end, or the lower one in sequential order. */
function isBetter(pieces: Pieces, a: OpenPiece, b: OpenPiece): boolean {
  return pieces.fresh.order === 'sequential' ? a.piece < b.piece : a.missing < b.missing;
}
