// The tests' language, one character a piece. A swarm is written as how many peers have each piece, e.g. "2223333"; what
// one peer has, what is verified or what is on parole, as a `*` where it is so, e.g. "* * *  "; priorities as digits, e.g.
// "4470"; deadlines as digits, seconds, and a blank where there is none, e.g. "  21".
import { Bitfield } from '@shoal/primitives';
import { Picker, type PickerLimits, type PickerPeer, type PickOptions, type PickOrder } from '../src/index.ts';

export function bits(pieces: string): Bitfield {
  const field = new Bitfield(pieces.length);
  for (const [index, character] of [...pieces].entries()) if (character === '*') field.set(index);
  return field;
}

/** Numbers in [0, 1) that only look random. */
export function sequence(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A blank takes the deadline back. */
export function setDeadlines(picker: Picker, seconds: string): void {
  for (const [piece, character] of [...seconds].entries())
    picker.setDeadline(piece, character === ' ' ? undefined : Number(character) * 1000);
}

export interface Bench {
  readonly picker: Picker;
  /** Another peer, which has the pieces given. */
  join(pieces: string): PickerPeer;
  /** What is picked for the peer, e.g. "3 3 1.2": piece, or piece.block from block 1 on. */
  pick(peer: PickerPeer, count?: number, options?: PickOptions): string;
  /** Receives all blocks of the piece and calls it good. */
  finish(peer: PickerPeer, piece: number): void;
}

/** A picker in a swarm where the n-th character of `availability` says how many peers have piece n. */
export function picker(
  availability: string,
  have: string = ' '.repeat(availability.length),
  options: {
    blocks?: number;
    random?: () => number;
    limits?: Partial<PickerLimits>;
    order?: PickOrder;
    priorities?: string;
    deadlines?: string;
    parole?: string;
  } = {},
): Bench {
  const blocks = options.blocks ?? 1;
  const made = new Picker({
    geometry: { pieceCount: availability.length, blockCount: () => blocks },
    have: bits(have),
    random: options.random ?? sequence(),
    limits: { randomFirst: 0, ...options.limits },
  });
  const counts = [...availability].map(Number);
  // Each peer is one whole piece short at least (a blank is added), so that none counts as a seed by accident.
  for (let level = 0; level < Math.max(...counts); level++) {
    const others = made.addPeer();
    for (const [piece, count] of counts.entries()) if (count > level) made.addHave(others, piece);
  }
  made.order = options.order ?? 'rarest';
  if (options.priorities !== undefined) made.setPriorities(Uint8Array.from(options.priorities, Number));
  setDeadlines(made, options.deadlines ?? '');
  for (const piece of bits(options.parole ?? '')) made.pieceFailed(piece, { parole: true });
  const spell = ({ piece, block }: { piece: number; block: number }) =>
    block === 0 ? `${piece}` : `${piece}.${block}`;
  return {
    picker: made,
    join(pieces) {
      const peer = made.addPeer();
      made.setHave(peer, bits(pieces));
      return peer;
    },
    pick: (peer, count = 1, how = {}) => made.pick(peer, count, how).map(spell).join(' '),
    finish(peer, piece) {
      for (let block = 0; block < blocks; block++) made.receive(peer, piece, block);
      made.pieceVerified(piece);
    },
  };
}
