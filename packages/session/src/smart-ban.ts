// Finds out who sent the bad block of a bad piece. Remembers whose bytes each block of an unfinished piece is, and, after a
// bad verdict, the block's checksums. When the piece is good at last, whoever's block differs from the good one lied; nobody
// else is blamed. A piece that one source sent alone needs no second attempt.
// Invariant: what is remembered is bounded by MOST_PIECES failed pieces of MOST_ATTEMPTS attempts each.

/** Failed pieces that are remembered; the oldest give way. */
const MOST_PIECES = 128;
const MOST_ATTEMPTS = 4;

/** Whose bytes a block is: one source's, of several (the end game), or of nobody here (it lay on disk). */
type Author<Source> = Source | 'several' | undefined;

interface Attempt<Source> {
  readonly authors: readonly Author<Source>[];
  readonly checksums: Uint32Array;
}

export class SmartBan<Source extends object> {
  /** Of the unfinished pieces, by block. */
  readonly #authors = new Map<number, Author<Source>[]>();
  /** Everyone who had a share in an unfinished piece. */
  readonly #sharers = new Map<number, Set<Source>>();
  /** Unfinished pieces with blocks from before: of an earlier run, or of before a pause. */
  readonly #restored = new Set<number>();
  readonly #failed = new Map<number, Attempt<Source>[]>();

  /** Bytes of a block came from this source. */
  wrote(piece: number, block: number, source: Source): void {
    let authors = this.#authors.get(piece);
    if (!authors) {
      authors = [];
      this.#authors.set(piece, authors);
      this.#sharers.set(piece, new Set());
    }
    const known = authors[block];
    if (known === source) return;
    authors[block] = known === undefined ? source : 'several';
    this.#sharers.get(piece)?.add(source);
  }

  /** Blocks of the piece lay on disk, and whose they were is forgotten. */
  restored(piece: number): void {
    this.#restored.add(piece);
  }

  /** Everyone who had a share in an unfinished piece. */
  sharers(piece: number): Source[] {
    return [...(this.#sharers.get(piece) ?? [])];
  }

  /** Unfinished pieces that somebody here had a share in. */
  pieces(): Iterable<number> {
    return this.#authors.keys();
  }

  /** The piece is bad. Answers whom that convicts already: its sole author. */
  failed(piece: number, checksums: Uint32Array | undefined): Source[] {
    const sharers = this.sharers(piece);
    const authors = this.#authors.get(piece);
    const wasRestored = this.#restored.has(piece);
    this.forget(piece);
    if (sharers.length === 1 && !wasRestored) return sharers;
    if (authors && checksums) this.#remember(piece, { authors, checksums });
    return [];
  }

  /** The piece is good, and `checksums` are of its blocks (absent where it never failed). Answers whom that convicts. */
  verified(piece: number, checksums: Uint32Array | undefined): Source[] {
    this.forget(piece);
    const attempts = this.#failed.get(piece);
    this.#failed.delete(piece);
    const liars = new Set<Source>();
    for (const attempt of checksums ? (attempts ?? []) : []) {
      for (const [block, author] of attempt.authors.entries()) {
        if (author === undefined || author === 'several') continue;
        if (attempt.checksums[block] !== checksums?.[block]) liars.add(author);
      }
    }
    return [...liars];
  }

  /** Whose blocks these are matters no more: the piece begins anew, or is done. */
  forget(piece: number): void {
    this.#authors.delete(piece);
    this.#sharers.delete(piece);
    this.#restored.delete(piece);
  }

  #remember(piece: number, attempt: Attempt<Source>): void {
    const attempts = this.#failed.get(piece) ?? [];
    this.#failed.delete(piece);
    this.#failed.set(piece, [...attempts, attempt].slice(-MOST_ATTEMPTS));
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > MOST_PIECES && oldest !== undefined) this.#failed.delete(oldest);
  }
}
