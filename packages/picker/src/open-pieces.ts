// All open pieces, kept by what they have to give: one list per stage and priority, so that a search meets nothing it
// could not use but for what the peer lacks.
//
// Invariants: a listed piece stands at `slot` of the list of its `stage` and `priority`, which are what its blocks and
// the picker say since `place` was last called; `#partial` is the idle and shared pieces; a piece is in the `works` of
// its worker while blocks are missing.
import type { Effort } from './effort.ts';
import { MAX_PRIORITY } from './fresh-pieces.ts';
import { OpenPiece, type Stage } from './open-piece.ts';
import type { Peer } from './peer.ts';
import { PieceSet } from './piece-set.ts';

type Listed = Exclude<Stage, 'unlisted'>;
/** Whether the first is the better piece to go on with. */
export type Better = (a: OpenPiece, b: OpenPiece) => boolean;

/** The pieces that have been begun and are not verified. */
export class OpenPieces {
  readonly #byPiece = new Map<number, OpenPiece>();
  readonly #lists: Readonly<Record<Listed, readonly OpenPiece[][]>>;
  readonly #partial: PieceSet;
  readonly #probes: number;
  readonly #effort: Effort;
  /** Bit n is set where pieces of priority n have missing blocks. */
  levels = 0;
  /** Where the next cut search begins. */
  #turn = 0;

  constructor(pieceCount: number, probes: number, effort: Effort) {
    const lists = () => Array.from({ length: MAX_PRIORITY + 1 }, (): OpenPiece[] => []);
    this.#lists = { idle: lists(), shared: lists(), held: lists(), asked: lists() };
    this.#partial = new PieceSet(pieceCount);
    this.#probes = probes;
    this.#effort = effort;
  }

  get size(): number {
    return this.#byPiece.size;
  }

  get(piece: number): OpenPiece | undefined {
    return this.#byPiece.get(piece);
  }

  values(): IterableIterator<OpenPiece> {
    return this.#byPiece.values();
  }

  /** The pieces of one stage and priority. Do not change them meanwhile. */
  list(stage: Listed, priority: number): readonly OpenPiece[] {
    return this.#lists[stage][priority] as OpenPiece[];
  }

  /** How many wanted pieces have missing blocks that any peer could be asked for. */
  get partialCount(): number {
    let count = 0;
    for (let priority = 1; priority <= MAX_PRIORITY; priority++) {
      count += this.list('idle', priority).length + this.list('shared', priority).length;
    }
    return count;
  }

  /** Whether anything is on its way. */
  get anyRequested(): boolean {
    const { shared, held, asked } = this.#lists;
    return [shared, held, asked].some((lists) => lists.some((list) => list.length > 0));
  }

  begin(piece: number, blockCount: number, parole: boolean): OpenPiece {
    const open = new OpenPiece(piece, blockCount, parole);
    this.#byPiece.set(piece, open);
    return open;
  }

  /** Ends its requests and takes it out. */
  close(open: OpenPiece): void {
    open.close();
    this.#byPiece.delete(open.piece);
    this.#unlist(open);
    this.#own(open, undefined);
  }

  /** Puts a piece where its blocks, its worker and its priority say after one of them changed. */
  place(open: OpenPiece, priority: number): void {
    this.#own(open, open.missing > 0 && open.worker?.owner !== undefined ? open.worker : undefined);
    const stage = open.dueStage;
    if (stage === open.stage && priority === open.priority) return;
    this.#unlist(open);
    open.stage = stage;
    open.priority = priority;
    if (stage === 'unlisted') return;
    const list = this.#lists[stage][priority] as OpenPiece[];
    open.slot = list.length;
    list.push(open);
    if (stage !== 'asked') this.levels |= 1 << priority;
    if (stage === 'idle' || stage === 'shared') this.#partial.add(open.piece);
  }

  /**
   * The best piece of one stage and priority for the peer. Of more than `probes` only that many are looked at, others each
   * time; where the peer has none of these, the next it has does, or the lowest where comparing sets is cheaper.
   */
  find(stage: 'idle' | 'shared', priority: number, peer: Peer, better: Better): OpenPiece | undefined {
    const list = this.list(stage, priority);
    if (list.length === 0) return undefined;
    const longest = Math.max(this.#probes, this.#partial.length / 32);
    let index = list.length > this.#probes ? this.#turn++ % list.length : 0;
    let best: OpenPiece | undefined;
    for (let looked = 0; looked < list.length; looked++) {
      if (looked >= this.#probes && best !== undefined) break;
      if (looked >= this.#probes && list.length > longest) return this.#lowest(stage, priority, peer);
      this.#effort.steps++;
      const open = list[index] as OpenPiece;
      if (peer.has(open.piece) && open.isFreeFor(peer) && (best === undefined || better(open, best))) best = open;
      if (++index === list.length) index = 0;
    }
    return best;
  }

  /** Throws where the tables contradict each other. Adds all requests to `requests`. */
  checkInvariants(requests: Map<Peer, Map<OpenPiece, number>>): void {
    let [partial, levels] = [0, 0];
    for (const open of this.#byPiece.values()) {
      if (open.missing > 0) levels |= 1 << open.priority;
      if (open.isClosed) throw new Error(`piece ${open.piece} is open and closed`);
      const name = `piece ${open.piece}`;
      open.checkInvariants(requests);
      if (open.missing === open.blockCount) throw new Error(`${name} is open without a reason`);
      if (open.stage !== open.dueStage) throw new Error(`${name} is ${open.stage}, not ${open.dueStage}`);
      if (open.stage === 'unlisted' ? open.slot !== -1 : this.list(open.stage, open.priority)[open.slot] !== open)
        throw new Error(`${name} is not in its slot`);
      const isPartial = open.stage === 'idle' || open.stage === 'shared';
      if (isPartial) partial++;
      if (this.#partial.has(open.piece) !== isPartial) throw new Error(`${name} is wrongly (not) partial`);
      const owner = open.missing > 0 && open.worker?.owner !== undefined ? open.worker : undefined;
      if (open.owner !== owner) throw new Error(`${name} is not its worker's`);
      if (owner !== undefined && owner.works.filter((work) => work === open).length !== 1)
        throw new Error(`${name} is not once among what its worker works at`);
    }
    if (levels !== this.levels) throw new Error(`the priorities of open pieces are ${levels}, not ${this.levels}`);
    if (partial !== this.#partial.count) throw new Error(`${this.#partial.count} pieces are partial, not ${partial}`);
  }

  #lowest(stage: Stage, priority: number, peer: Peer): OpenPiece | undefined {
    const has = peer.seed ? this.#partial : peer.pieces;
    let from = 0;
    for (;;) {
      const piece = this.#partial.nextCommon(has, from);
      this.#effort.steps += 1 + (piece < 0 ? this.#partial.length - from : piece - from) / 32;
      if (piece < 0) return undefined;
      const open = this.#byPiece.get(piece) as OpenPiece;
      if (open.stage === stage && open.priority === priority && open.isFreeFor(peer)) return open;
      from = piece + 1;
    }
  }

  #own(open: OpenPiece, owner: Peer | undefined): void {
    if (open.owner === owner) return;
    const works = open.owner?.works;
    if (works !== undefined) {
      const last = works.pop() as OpenPiece;
      if (last !== open) works[works.indexOf(open)] = last;
    }
    owner?.works.push(open);
    open.owner = owner;
  }

  #unlist(open: OpenPiece): void {
    if (open.stage === 'unlisted') return;
    const list = this.#lists[open.stage][open.priority] as OpenPiece[];
    const last = list.pop() as OpenPiece;
    if (last !== open) {
      list[open.slot] = last;
      last.slot = open.slot;
    }
    open.slot = -1;
    open.stage = 'unlisted';
    this.#partial.delete(open.piece);
    const { idle, shared, held } = this.#lists;
    for (const lists of [idle, shared, held]) if (lists[open.priority]?.length !== 0) return;
    this.levels &= ~(1 << open.priority);
  }
}
