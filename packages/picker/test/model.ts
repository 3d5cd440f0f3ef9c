// The picker as it would be written for ten pieces: every question answered by looking at everything. It knows what may
// be picked, not which of several good choices is made; `acceptPick` says what is wrong with a choice.
import { Bitfield } from '@shoal/primitives';
import { type BlockRef, DEFAULT_PRIORITY } from '../src/index.ts';

export interface ModelPeer {
  has: boolean[];
}

interface ModelBlock {
  received: boolean;
  requesters: ModelPeer[];
}

export class Model {
  readonly blocks: ModelBlock[][];
  readonly priorities: number[];
  readonly verified: boolean[];
  readonly peers: ModelPeer[] = [];

  constructor(blockCounts: readonly number[]) {
    this.blocks = blockCounts.map((count) =>
      Array.from({ length: count }, () => ({ received: false, requesters: [] })),
    );
    this.priorities = blockCounts.map(() => DEFAULT_PRIORITY);
    this.verified = blockCounts.map(() => false);
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

  isFresh(piece: number): boolean {
    return this.isWanted(piece) && this.of(piece).every((block) => !block.received && block.requesters.length === 0);
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
    return onTheirWay && obtainable.every((piece) => this.missingBlocks(piece).length === 0);
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

  /** Takes over what was picked, block by block; answers the first thing that is wrong with it. */
  acceptPick(peer: ModelPeer, count: number, picked: readonly BlockRef[], exactRarity: boolean): string | undefined {
    for (const { piece, block } of picked) {
      const name = `${piece}.${block}`;
      const wanted = this.of(piece)[block];
      if (wanted === undefined || !this.isWanted(piece) || !peer.has[piece]) return `${name} cannot be picked`;
      if (wanted.received) return `${name} is here already`;
      if (wanted.requesters.length > 0) {
        if (!this.endGame) return `${name} is on its way, and it is not the end game`;
        if (wanted.requesters.includes(peer)) return `${name} was asked of this peer already`;
        if (wanted.requesters.length > 1) return `${name} was asked of two peers already`;
      } else {
        if (block !== this.missingBlocks(piece)[0]) return `${name} is not the first missing block of its piece`;
        const fault = this.#faultOfChoice(peer, piece, exactRarity);
        if (fault !== undefined) return `${name}: ${fault}`;
      }
      wanted.requesters.push(peer);
    }
    if (picked.length > count) return `${picked.length} picked, not ${count}`;
    if (picked.length === count) return undefined;
    const left = this.pieces.find(
      (piece) => this.isWanted(piece) && peer.has[piece] && this.missingBlocks(piece).length > 0,
    );
    if (left !== undefined) return `nothing more picked, though piece ${left} has missing blocks`;
    if (!this.endGame) return undefined;
    const single = this.pieces.find(
      (piece) =>
        this.isWanted(piece) &&
        peer.has[piece] &&
        this.of(piece).some(({ requesters }) => requesters.length === 1 && requesters[0] !== peer),
    );
    return single === undefined ? undefined : `nothing more picked, though piece ${single} was asked of one peer only`;
  }

  #faultOfChoice(peer: ModelPeer, piece: number, exactRarity: boolean): string | undefined {
    const mine = this.pieces.filter(
      (other) => this.isWanted(other) && peer.has[other] && this.missingBlocks(other).length > 0,
    );
    const priority = (of: number) => this.priorities[of] as number;
    const higher = mine.find((other) => priority(other) > priority(piece));
    if (higher !== undefined) return `piece ${higher} has a higher priority`;
    if (!this.isFresh(piece)) return undefined;
    const equals = mine.filter((other) => priority(other) === priority(piece));
    const idle = equals.find(
      (other) => !this.isFresh(other) && this.of(other).every((block) => block.requesters.length === 0),
    );
    if (idle !== undefined) return `piece ${idle} is partial and nobody is at work on it`;
    const rarer = equals.find((other) => this.isFresh(other) && this.availability(other) < this.availability(piece));
    return exactRarity && rarer !== undefined ? `piece ${rarer} is rarer` : undefined;
  }
}

export function fieldOf(has: readonly boolean[]): Bitfield {
  const field = new Bitfield(has.length);
  for (const [piece, there] of has.entries()) if (there) field.set(piece);
  return field;
}
