// The picker as it would be written for ten pieces: every question answered by looking at everything. It knows what may
// be picked, not which of several good choices is made; `acceptPick` says what is wrong with a choice.
import { Bitfield } from '@shoal/primitives';
import { type BlockRef, DEFAULT_PRIORITY, type PickOptions, type PickOrder } from '../src/index.ts';

export interface ModelPeer {
  has: boolean[];
  readonly allowed: Set<number>;
  readonly suggested: Set<number>;
}

interface ModelBlock {
  received: boolean;
  requesters: ModelPeer[];
}

/** A piece is late so long before its deadline. */
export const LATE = 2_000;

export class Model {
  readonly blocks: ModelBlock[][];
  priorities: number[];
  readonly verified: boolean[];
  readonly parole: boolean[];
  /** Who has a piece on parole to itself. */
  readonly holders: (ModelPeer | undefined)[];
  readonly deadlines = new Map<number, number>();
  readonly peers: ModelPeer[] = [];
  order: PickOrder = 'rarest';

  constructor(blockCounts: readonly number[]) {
    this.blocks = blockCounts.map((count) =>
      Array.from({ length: count }, () => ({ received: false, requesters: [] })),
    );
    this.priorities = blockCounts.map(() => DEFAULT_PRIORITY);
    this.verified = blockCounts.map(() => false);
    this.parole = blockCounts.map(() => false);
    this.holders = blockCounts.map(() => undefined);
  }

  get pieces(): number[] {
    return this.verified.map((_, piece) => piece);
  }

  availability(piece: number): number {
    return this.peers.filter((peer) => peer.has[piece]).length;
  }

  isWanted(piece: number): boolean {
    return !this.verified[piece] && this.priorities[piece] !== 0;
  }

  isInteresting(peer: ModelPeer): boolean {
    return this.pieces.some((piece) => this.isWanted(piece) && peer.has[piece]);
  }

  hasAllowedFast(peer: ModelPeer): boolean {
    return this.pieces.some((piece) => this.isWanted(piece) && peer.has[piece] && peer.allowed.has(piece));
  }

  isFresh(piece: number): boolean {
    return this.isWanted(piece) && this.isUntouched(piece);
  }

  isUntouched(piece: number): boolean {
    return this.of(piece).every((block) => !block.received && block.requesters.length === 0);
  }

  isRequested(piece: number): boolean {
    return this.of(piece).some((block) => block.requesters.length > 0);
  }

  of(piece: number): ModelBlock[] {
    return this.blocks[piece] as ModelBlock[];
  }

  missingBlocks(piece: number): number[] {
    return [...this.of(piece).keys()].filter((block) => {
      const { received, requesters } = this.of(piece)[block] as ModelBlock;
      return !received && requesters.length === 0;
    });
  }

  get endGame(): boolean {
    const obtainable = this.pieces.filter((piece) => this.isWanted(piece) && this.availability(piece) > 0);
    const onTheirWay = this.blocks.flat().some((block) => block.requesters.length > 0);
    const isAsked = (piece: number) =>
      this.missingBlocks(piece).length === 0 || (this.parole[piece] === true && this.isRequested(piece));
    return onTheirWay && obtainable.every(isAsked);
  }

  outstanding(peer: ModelPeer): number {
    return this.blocks.flat().filter((block) => block.requesters.includes(peer)).length;
  }

  partial(): { piece: number; received: number[] }[] {
    return this.pieces
      .filter((piece) => !this.verified[piece])
      .map((piece) => ({
        piece,
        received: [...this.of(piece).keys()].filter((block) => this.of(piece)[block]?.received),
      }))
      .filter(({ received }) => received.length > 0);
  }

  clearRequests(piece: number): void {
    for (const block of this.of(piece)) block.requesters = [];
  }

  release(peer: ModelPeer, piece: number, block: number): void {
    const state = this.of(piece)[block] as ModelBlock;
    if (!state.requesters.includes(peer)) return;
    state.requesters = state.requesters.filter((one) => one !== peer);
    if (!this.isRequested(piece)) this.holders[piece] = undefined;
  }

  /** It left, or it has the piece no more. */
  leave(peer: ModelPeer, piece: number): void {
    if (!this.isRequested(piece) && this.holders[piece] === peer) this.holders[piece] = undefined;
  }

  /** Takes over what was picked, block by block; answers the first thing that is wrong with it. */
  acceptPick(
    peer: ModelPeer,
    count: number,
    options: PickOptions,
    picked: readonly BlockRef[],
    exactRarity: boolean,
  ): string | undefined {
    const serves = (piece: number) =>
      this.isWanted(piece) && peer.has[piece] === true && (options.choked !== true || peer.allowed.has(piece));
    if (options.choked === true)
      for (const piece of this.pieces)
        if (this.missingBlocks(piece).length > 0 && !(peer.has[piece] && peer.allowed.has(piece)))
          this.leave(peer, piece);
    const takeable = () =>
      this.pieces.filter((piece) => serves(piece) && this.missingBlocks(piece).length > 0 && this.#isFree(piece, peer));
    const isLate = (piece: number) => {
      const at = this.deadlines.get(piece);
      return at !== undefined && options.now !== undefined && at - LATE <= options.now;
    };
    const second = () => this.pieces.filter((piece) => serves(piece) && this.#hasSecond(piece, peer));
    const late = () => second().filter((piece) => isLate(piece) && this.missingBlocks(piece).length === 0);
    for (const { piece, block } of picked) {
      const name = `${piece}.${block}`;
      const wanted = this.of(piece)[block];
      if (wanted === undefined || !serves(piece)) return `${name} cannot be picked`;
      if (wanted.received) return `${name} is here already`;
      const pressing = takeable()
        .filter((other) => this.deadlines.has(other))
        .sort((a, b) => (this.deadlines.get(a) as number) - (this.deadlines.get(b) as number) || a - b)[0];
      if (pressing !== undefined && pressing !== piece) return `${name}: the deadline of ${pressing} is earlier`;
      if (wanted.requesters.length > 0) {
        if (this.parole[piece]) return `${name} is on parole`;
        if (pressing !== undefined) return `${name}: missing blocks of ${pressing} go first`;
        if (!late().includes(piece) && (late().length > 0 || !this.endGame))
          return `${name} is on its way, and it is neither late nor the end game`;
        if (wanted.requesters.includes(peer)) return `${name} was asked of this peer already`;
        if (wanted.requesters.length > 1) return `${name} was asked of two peers already`;
      } else {
        if (block !== this.missingBlocks(piece)[0]) return `${name} is not the first missing block of its piece`;
        if (!this.#isFree(piece, peer)) return `${name} is on parole with another peer`;
        if (pressing === undefined && late().length > 0) return `${name}: piece ${late()[0]} is late`;
        const fault = pressing === undefined ? this.#faultOfChoice(peer, piece, takeable(), exactRarity) : undefined;
        if (fault !== undefined) return `${name}: ${fault}`;
        if (!this.isRequested(piece)) this.holders[piece] = peer;
      }
      wanted.requesters.push(peer);
    }
    if (picked.length > count) return `${picked.length} picked, not ${count}`;
    if (picked.length === count) return undefined;
    const left = [...takeable(), ...late(), ...(this.endGame ? second() : [])][0];
    return left === undefined ? undefined : `nothing more picked, though there is something in piece ${left}`;
  }

  #isFree(piece: number, peer: ModelPeer): boolean {
    const holder = this.isUntouched(piece) ? undefined : this.holders[piece];
    if (!this.parole[piece] || holder === peer) return true;
    if (this.isRequested(piece)) return false;
    return holder === undefined || !holder.has[piece] || this.outstanding(holder) === 0;
  }

  #hasSecond(piece: number, peer: ModelPeer): boolean {
    if (this.parole[piece]) return false;
    return this.of(piece).some(({ requesters }) => requesters.length === 1 && requesters[0] !== peer);
  }

  #faultOfChoice(peer: ModelPeer, piece: number, mine: number[], exactRarity: boolean): string | undefined {
    const priority = (of: number) => this.priorities[of] as number;
    const higher = mine.find((other) => priority(other) > priority(piece));
    if (higher !== undefined) return `piece ${higher} has a higher priority`;
    if (!this.isFresh(piece)) return undefined;
    const equals = mine.filter((other) => priority(other) === priority(piece));
    const idle = equals.find((other) => !this.isFresh(other) && !this.isRequested(other));
    if (idle !== undefined) return `piece ${idle} is partial and nobody is at work on it`;
    const fresh = equals.filter((other) => this.isFresh(other));
    if (this.order === 'sequential') {
      return fresh[0] === piece ? undefined : `piece ${fresh[0]} is earlier in the torrent`;
    }
    if (peer.suggested.has(piece) || !exactRarity) return undefined;
    const rarer = fresh.find((other) => this.availability(other) < this.availability(piece));
    return rarer !== undefined ? `piece ${rarer} is rarer` : undefined;
  }
}

export function fieldOf(has: readonly boolean[]): Bitfield {
  const field = new Bitfield(has.length);
  for (const [piece, there] of has.entries()) if (there) field.set(piece);
  return field;
}
