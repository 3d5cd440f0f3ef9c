// A set of byte ranges [start, end), kept sorted, disjoint and never touching. Small: a piece in arrival has as many
// ranges as peers that send it, so a linear walk beats a tree.

export class Ranges {
  /** start, end, start, end, ... ascending. */
  #edges: number[] = [];

  get isEmpty(): boolean {
    return this.#edges.length === 0;
  }

  /** Where the range that begins at 0 ends; 0 where there is none. */
  get prefix(): number {
    return this.#edges[0] === 0 ? (this.#edges[1] as number) : 0;
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const edges = this.#edges;
    // The common case: it continues, or lies behind, the last range.
    const last = edges.length - 1;
    if (last < 0 || start > (edges[last] as number)) {
      edges.push(start, end);
      return;
    }
    let first = 0;
    while ((edges[first + 1] as number) < start) first += 2;
    let after = first;
    let from = start;
    let to = end;
    while (after < edges.length && (edges[after] as number) <= to) {
      from = Math.min(from, edges[after] as number);
      to = Math.max(to, edges[after + 1] as number);
      after += 2;
    }
    edges.splice(first, after - first, from, to);
  }

  addAll(other: Ranges): void {
    for (const [start, end] of other) this.add(start, end);
  }

  remove(start: number, end: number): void {
    if (!this.overlaps(start, end)) return;
    const kept: number[] = [];
    for (const [from, to] of this) {
      if (from < start) kept.push(from, Math.min(to, start));
      if (to > end) kept.push(Math.max(from, end), to);
    }
    this.#edges = kept;
  }

  overlaps(start: number, end: number): boolean {
    if (start >= end) return false;
    for (const [from, to] of this) if (from < end && to > start) return true;
    return false;
  }

  covers(start: number, end: number): boolean {
    if (start >= end) return true;
    const edges = this.#edges;
    for (let i = 0; i < edges.length; i += 2) {
      if (end <= (edges[i + 1] as number)) return start >= (edges[i] as number);
    }
    return false;
  }

  /** What of [0, size) is not in the set. */
  gaps(size: number): [start: number, end: number][] {
    const gaps: [number, number][] = [];
    let at = 0;
    for (const [start, end] of this) {
      if (start > at) gaps.push([at, start]);
      at = end;
    }
    if (at < size) gaps.push([at, size]);
    return gaps;
  }

  *[Symbol.iterator](): IterableIterator<[start: number, end: number]> {
    const edges = this.#edges;
    for (let i = 0; i < edges.length; i += 2) yield [edges[i] as number, edges[i + 1] as number];
  }
}
