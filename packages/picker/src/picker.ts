// Decides which block to ask which peer for. This file is the outside: it checks what comes in, and keeps the peers, how
// many have each piece, and whose pieces we want. `Pieces` knows what stage each piece is in, `Choice` what goes first.
// Whether a peer is of interest is told by one witness, a wanted piece that it has: only when that one is verified another
// is looked for, behind it, so that a verdict costs nothing per peer.
//
// Invariant: a piece's availability is how many peers have it, where a seed is only counted in `#seeds`.
import { Bitfield } from '@shoal/primitives';
import { type BlockRef, Choice } from './choice.ts';
import { Deadlines } from './deadlines.ts';
import type { Effort } from './effort.ts';
import { MAX_PRIORITY, type PickOrder } from './fresh-pieces.ts';
import type { OpenPiece } from './open-piece.ts';
import { Peer, type PickerPeer } from './peer.ts';
import { PieceSet } from './piece-set.ts';
import { type PickerGeometry, type PickerLimits, Pieces } from './pieces.ts';

/** What a picker picks from. */
export interface PickerOptions {
  readonly geometry: PickerGeometry;
  /** Pieces that are verified already. Copied. */
  readonly have?: Bitfield;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
  readonly limits?: Partial<PickerLimits>;
}

/** What holds for the peer that is asked, at this moment. */
export interface PickOptions {
  /** The peer chokes us: only pieces that it allowed by `allowFast` (BEP 6). */
  readonly choked?: boolean;
  /** ms, on the clock of `setDeadline`. Without it no piece is late. */
  readonly now?: number;
}

/** What became of a received block. */
export interface Received {
  /** False: the block was here already, throw it away. */
  readonly fresh: boolean;
  /** All blocks of the piece are here now: verify it, then call `pieceVerified` or `pieceFailed`. */
  readonly pieceComplete: boolean;
  /** Other peers that were asked for the block: send them CANCEL. Their requests are over for the picker. */
  readonly cancel: PickerPeer[];
}

const DEFAULT_LIMITS: PickerLimits = { randomFirst: 4, probes: 128, shortlist: 512, late: 2_000 };
const NOTHING_NEW: Received = { fresh: false, pieceComplete: false, cancel: [] };

/** One torrent's choice of blocks. */
export class Picker {
  /** The verified pieces. Live: read it, do not change it. */
  readonly have: Bitfield;
  readonly #geometry: PickerGeometry;
  readonly #pieces: Pieces;
  readonly #deadlines = new Deadlines();
  readonly #choice: Choice;
  readonly #effort: Effort = { steps: 0 };
  readonly #peers = new Set<Peer>();
  /** Peers that hold every piece since their first bitfield, and so are not in its availability per piece. */
  #seeds = 0;
  readonly #none: PieceSet;
  /** Moves on when something may be wanted that was not: peers without a witness look again when next asked. */
  #interestEpoch = 0;

  constructor(options: PickerOptions) {
    const { geometry, have, random } = options;
    const count = geometry.pieceCount;
    if (have !== undefined) checkLength(have, count);
    this.have = have === undefined ? new Bitfield(count) : have.clone();
    this.#geometry = geometry;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#pieces = new Pieces(geometry, this.have, random, limits, this.#effort);
    this.#choice = new Choice(this.#pieces, this.#deadlines, limits.late, this.#effort);
    this.#none = new PieceSet(count);
  }

  /** Wanted pieces that are not verified yet. */
  get missing(): number {
    return this.#pieces.wanted.count;
  }

  /** Whether every wanted piece is verified. */
  get isComplete(): boolean {
    return this.missing === 0;
  }

  /** Whether blocks are on their way and every other missing block that some peer could be asked for was asked for. */
  get endGame(): boolean {
    return this.#choice.isEndGame(this.#seeds);
  }

  /** How much all picks looked at so far: pieces one by one, and words of 32 pieces. For figures and tests of scale. */
  get effort(): number {
    return Math.ceil(this.#effort.steps);
  }

  /** The order in which pieces of one priority are begun. May change at any time; what is begun goes on. */
  get order(): PickOrder {
    return this.#pieces.fresh.order;
  }

  set order(order: PickOrder) {
    if (order !== 'rarest' && order !== 'sequential') throw new RangeError(`no order of pieces: ${String(order)}`);
    this.#pieces.fresh.order = order;
  }

  /** How many peers have the piece. */
  availability(piece: number): number {
    this.#checkPiece(piece);
    return this.#seeds + (this.#pieces.fresh.availability[piece] as number);
  }

  /** A peer of which nothing is known yet, which means: it has no piece. */
  addPeer(): PickerPeer {
    const peer = new Peer(this, this.#interestEpoch, this.have.length, this.#none);
    this.#peers.add(peer);
    return peer;
  }

  /** Its requests are free for others, its pieces count no more. A second call does nothing. */
  removePeer(peer: PickerPeer): void {
    if (!(peer instanceof Peer) || peer.owner !== this) return;
    this.#forgetPieces(peer);
    this.#peers.delete(peer);
    peer.owner = undefined;
    for (const open of peer.asked) {
      if (open.isClosed) continue;
      open.dismiss(peer);
      this.#pieces.settle(open);
    }
  }

  /** A whole have-map arrived: BITFIELD, HAVE ALL or HAVE NONE. Copied. O(1) for a seed. */
  setHave(peer: PickerPeer, have: Bitfield): void {
    const known = this.#known(peer);
    checkLength(have, this.have.length);
    this.#forgetPieces(known);
    known.assign(have);
    if (known.seed) this.#seeds++;
    known.pieces.visitCommon(known.pieces, 0, (piece) => this.#pieces.fresh.raise(piece));
    this.#findWitness(known, 0);
  }

  /** A HAVE arrived. Amortised O(1); a piece known already changes nothing. */
  addHave(peer: PickerPeer, piece: number): void {
    const known = this.#known(peer);
    this.#checkPiece(piece);
    if (!known.add(piece)) return;
    this.#pieces.fresh.raise(piece);
    if (known.witness < 0 && this.#pieces.wanted.has(piece)) known.witness = piece;
    this.#pieces.fresh.enlist(known, piece);
  }

  /**
   * The peer has the piece no more (lt_donthave, BEP 54). What it was asked for in it stays asked for until released.
   * O(pieces) the first time for a peer that had every piece from the start, else O(1).
   */
  removeHave(peer: PickerPeer, piece: number): void {
    const known = this.#known(peer);
    this.#checkPiece(piece);
    if (!known.has(piece)) return;
    const { fresh, open } = this.#pieces;
    if (known.seed) {
      known.unseed();
      this.#seeds--;
      for (let each = 0; each < this.have.length; each++) fresh.raise(each);
      this.#findWitness(known, 0);
    }
    known.remove(piece);
    fresh.lower(piece);
    fresh.strike(known, piece);
    const left = open.get(piece);
    if (left?.worker === known) this.#pieces.resign(left);
  }

  /** ALLOWED FAST (BEP 6): the peer answers for this piece while it chokes us. The latest 64 of a peer are kept. */
  allowFast(peer: PickerPeer, piece: number): void {
    this.#checkPiece(piece);
    this.#known(peer).allow(piece);
  }

  /** SUGGEST PIECE (BEP 6): of fresh pieces that are else equal it goes first. The latest 16 of a peer are kept. */
  suggest(peer: PickerPeer, piece: number): void {
    this.#checkPiece(piece);
    this.#known(peer).suggest(piece);
  }

  /** Whether the peer has a wanted piece that we lack among those it allows while it chokes us. */
  hasAllowedFast(peer: PickerPeer): boolean {
    const known = this.#known(peer);
    for (const piece of known.allowedFast) if (this.#pieces.wanted.has(piece) && known.has(piece)) return true;
    return false;
  }

  /** Whether the peer has a wanted piece that we lack. Amortised O(1), but once after priorities changed what is wanted. */
  isInteresting(peer: PickerPeer): boolean {
    return this.#wantsOf(this.#known(peer));
  }

  /** Chooses up to `count` blocks to ask the peer for now and marks them as asked for. */
  pick(peer: PickerPeer, count: number, options: PickOptions = {}): BlockRef[] {
    const known = this.#known(peer);
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`not a number of blocks: ${count}`);
    const { choked = false, now } = options;
    if (choked) this.#pieces.leaveParole(known);
    if (!this.#wantsOf(known)) return [];
    return this.#choice.pick({ peer: known, count, choked, now }, this.#seeds, this.#peers.size);
  }

  /** The request ended without its block: rejected, dropped by a choke, timed out. Nothing happens if it is over already. */
  release(peer: PickerPeer, piece: number, block: number): void {
    this.#checkBlock(piece, block);
    const open = this.#pieces.open.get(piece);
    if (open === undefined || !(peer instanceof Peer) || peer.owner !== this) return;
    if (!open.release(peer, block)) return;
    if (open.parole) this.#pieces.resign(open);
    else this.#pieces.settle(open);
  }

  /** A block arrived, asked for or not. */
  receive(peer: PickerPeer, piece: number, block: number): Received {
    const known = this.#known(peer);
    this.#checkBlock(piece, block);
    if (this.have.has(piece)) return NOTHING_NEW;
    const open = this.#pieces.opened(piece);
    const cancel = open.receive(block, known);
    if (cancel === undefined) return NOTHING_NEW;
    this.#pieces.settle(open);
    return { fresh: true, pieceComplete: open.isComplete, cancel };
  }

  /** The piece is good, and stored or about to be. Requests that are open in it are over, and so is its deadline. */
  pieceVerified(piece: number): void {
    this.#checkPiece(piece);
    this.#deadlines.delete(piece);
    this.#pieces.verify(piece);
  }

  /**
   * The piece is bad, or a verified one was lost: all its blocks are missing again. Requests that are open in it are over.
   * On parole, until it is verified, its blocks are asked of one peer at a time and of none twice. Without `parole` a
   * piece that was verified is not put on parole, any other is; what is on parole stays there.
   */
  pieceFailed(piece: number, options: { readonly parole?: boolean } = {}): void {
    this.#checkPiece(piece);
    if (this.#pieces.fail(piece, options.parole ?? !this.have.has(piece))) this.#interestEpoch++;
  }

  /** Whether the piece failed and was not verified since. */
  onParole(piece: number): boolean {
    this.#checkPiece(piece);
    return this.#pieces.parole.has(piece);
  }

  /** 0: not wanted; else 1 to 7. What was asked for already stays asked for. */
  setPriority(piece: number, priority: number): void {
    this.#checkPiece(piece);
    checkPriority(priority);
    if (this.#pieces.setPriority(piece, priority)) this.#interestEpoch++;
  }

  /** One priority, 0 to 7, for each piece. O(pieces); cheaper than one by one from a few hundred on. */
  setPriorities(priorities: Uint8Array): void {
    if (priorities.length !== this.have.length) {
      throw new RangeError(`${priorities.length} priorities for ${this.have.length} pieces`);
    }
    for (const priority of priorities) checkPriority(priority);
    this.#pieces.setPriorities(priorities);
    this.#interestEpoch++;
  }

  /** The piece's priority, 0 to 7. */
  priority(piece: number): number {
    this.#checkPiece(piece);
    return this.#pieces.fresh.priorities[piece] as number;
  }

  /**
   * The piece is wanted by then (ms): it goes before all that has a later deadline or none, whatever the priorities, unless
   * its own is 0. `undefined` takes the deadline back. A verified piece has none. O(deadlines).
   */
  setDeadline(piece: number, at: number | undefined): void {
    this.#checkPiece(piece);
    if (at !== undefined && !Number.isFinite(at)) throw new RangeError(`not a time: ${at}`);
    if (at === undefined) this.#deadlines.delete(piece);
    else if (!this.have.has(piece)) this.#deadlines.set(piece, at);
  }

  /** The time given by `setDeadline`. */
  deadline(piece: number): number | undefined {
    this.#checkPiece(piece);
    return this.#deadlines.get(piece);
  }

  clearDeadlines(): void {
    this.#deadlines.clear();
  }

  /** Blocks of an unfinished piece that a former run left behind. A verified piece stays as it is. */
  restore(piece: number, blocks: readonly number[]): void {
    this.#checkPiece(piece);
    for (const block of blocks) this.#checkBlock(piece, block);
    if (this.have.has(piece) || blocks.length === 0) return;
    const open = this.#pieces.opened(piece);
    for (const block of blocks) open.receive(block, undefined);
    this.#pieces.settle(open);
  }

  /** The pieces of which some blocks are received and that are not verified. Do not change the picker meanwhile. */
  *partial(): IterableIterator<{ piece: number; received: number[] }> {
    for (const open of this.#pieces.open.values()) {
      if (open.received > 0) yield { piece: open.piece, received: open.receivedBlocks() };
    }
  }

  /** Throws where the tables contradict each other. O(pieces x peers): for tests. */
  checkInvariants(): void {
    const requests = new Map<Peer, Map<OpenPiece, number>>();
    this.#pieces.checkInvariants(requests);
    this.#deadlines.checkInvariants();
    for (const { piece } of this.#deadlines.all)
      if (this.have.has(piece)) throw new Error(`piece ${piece} is verified and has a deadline`);
    const availability = new Uint32Array(this.have.length);
    let seeds = 0;
    for (const peer of this.#peers) {
      if (peer.seed) seeds++;
      peer.checkInvariants(requests.get(peer) ?? new Map());
      peer.pieces.visitCommon(peer.pieces, 0, (piece) => {
        (availability[piece] as number)++;
      });
      const witness = peer.pieces.nextCommon(this.#pieces.wanted, 0);
      if (peer.witness < 0 && peer.interestEpoch === this.#interestEpoch && witness >= 0)
        throw new Error(`a peer of no interest has the wanted piece ${witness}`);
    }
    if (seeds !== this.#seeds) throw new Error(`${seeds} peers are seeds, not ${this.#seeds}`);
    for (const peer of requests.keys())
      if (!this.#peers.has(peer)) throw new Error('a peer that left is asked for blocks');
    const wrong = availability.findIndex((count, piece) => count !== this.#pieces.fresh.availability[piece]);
    if (wrong >= 0) throw new Error(`the availability of ${wrong} is wrong`);
  }

  #forgetPieces(peer: Peer): void {
    this.#pieces.fresh.forget(peer);
    if (peer.seed) this.#seeds--;
    peer.pieces.visitCommon(peer.pieces, 0, (piece) => this.#pieces.fresh.lower(piece));
  }

  #wantsOf(peer: Peer): boolean {
    if (peer.seed) return this.missing > 0;
    const { witness } = peer;
    if (witness >= 0 && this.#pieces.wanted.has(witness) && peer.pieces.has(witness)) return true;
    if (witness < 0 && peer.interestEpoch === this.#interestEpoch) return false;
    return this.#findWitness(peer, Math.max(0, witness));
  }

  /** Looks for a piece that the peer has and that is wanted, from `from` on and round. */
  #findWitness(peer: Peer, from: number): boolean {
    const { wanted } = this.#pieces;
    const ahead = peer.pieces.nextCommon(wanted, from);
    peer.witness = ahead < 0 && from > 0 ? peer.pieces.nextCommon(wanted, 0) : ahead;
    peer.interestEpoch = this.#interestEpoch;
    const end = peer.witness < from ? this.have.length + peer.witness : peer.witness;
    this.#effort.steps += 1 + (end - from) / 32;
    return peer.witness >= 0;
  }

  #known(peer: PickerPeer): Peer {
    if (!(peer instanceof Peer) || peer.owner !== this) throw new TypeError('not a peer of this picker, or removed');
    return peer;
  }

  #checkPiece(piece: number): void {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.have.length) {
      throw new RangeError(`piece ${piece} is outside [0, ${this.have.length})`);
    }
  }

  #checkBlock(piece: number, block: number): void {
    this.#checkPiece(piece);
    const count = this.#geometry.blockCount(piece);
    if (!Number.isInteger(block) || block < 0 || block >= count) {
      throw new RangeError(`block ${block} of piece ${piece} is outside [0, ${count})`);
    }
  }
}

function checkLength(have: Bitfield, pieceCount: number): void {
  if (have.length !== pieceCount) {
    throw new RangeError(`the have-map is of ${have.length} pieces, the torrent has ${pieceCount}`);
  }
}

function checkPriority(priority: number): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY) {
    throw new RangeError(`a priority is a whole number from 0 to ${MAX_PRIORITY}, not ${priority}`);
  }
}
