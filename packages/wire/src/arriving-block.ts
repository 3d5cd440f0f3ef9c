// The block that is arriving, and the three events that tell of it: one reused object each, so that bytes on the hot path
// cost no allocation.
import { type BlockEvent, BlockPartEvent } from './event.ts';
import type { FrameDecoder } from './frame-decoder.ts';

/** At most one block arrives at a time. */
export class ArrivingBlock {
  readonly #begin: { readonly type: 'blockBegin' } & BlockEvent = event('blockBegin');
  readonly #part: BlockPartEvent = new BlockPartEvent();
  readonly #end: { readonly type: 'blockEnd' } & BlockEvent = event('blockEnd');
  #arrives = false;

  /** Whether a block is arriving that somebody waits for. */
  get isWanted(): boolean {
    return this.#arrives && this.#part.wanted;
  }

  get piece(): number {
    return this.#part.piece;
  }

  get begin(): number {
    return this.#part.begin;
  }

  get length(): number {
    return this.#part.length;
  }

  /** Whether this is the range that is arriving and wanted. */
  is(piece: number, begin: number, length: number): boolean {
    const part = this.#part;
    return this.isWanted && part.piece === piece && part.begin === begin && part.length === length;
  }

  /** Its remaining parts come as not wanted. */
  disown(): void {
    this.#part.wanted = false;
  }

  start({ piece, begin, length }: FrameDecoder, wanted: boolean): { readonly type: 'blockBegin' } & BlockEvent {
    this.#arrives = true;
    copy(this.#part, piece, begin, length, wanted);
    return copy(this.#begin, piece, begin, length, wanted);
  }

  /** Shows the decoder's present part. */
  part(decoder: FrameDecoder): BlockPartEvent {
    const part = this.#part;
    part.offset = decoder.offset;
    part.chunk = decoder.chunk;
    part.start = decoder.start;
    part.end = decoder.end;
    return part;
  }

  end(): { readonly type: 'blockEnd' } & BlockEvent {
    this.#arrives = false;
    const { piece, begin, length, wanted } = this.#part;
    return copy(this.#end, piece, begin, length, wanted);
  }
}

function event<T extends string>(type: T): { readonly type: T } & BlockEvent {
  return { type, piece: 0, begin: 0, length: 0, wanted: false };
}

function copy<T extends BlockEvent>(into: T, piece: number, begin: number, length: number, wanted: boolean): T {
  into.piece = piece;
  into.begin = begin;
  into.length = length;
  into.wanted = wanted;
  return into;
}
