// The pieces nobody has begun, of one priority, rarest first. One array holds them, grouped into classes: class `c` is
// the pieces that `c` peers hold. `ends[c]` is the index just past class `c`, so a class is the stretch between two
// ends, and inside a class the order means nothing. That makes a HAVE one swap: the piece changes places with the last
// of its class, and the end between the two classes moves over it. Nothing is ever sorted.
//
// Invariants: positions[pieces[i]] === i; ends never fall; ends[top] === length; class `top` is not empty unless
// length is 0. `positions` and `availability` are shared by the orders of all priorities, as a piece is in one at most.

/** Pieces grouped by how many peers hold them; a move by one class is O(1), entering and leaving O(top - class). */
export class RarityOrder {
  readonly #positions: Int32Array;
  readonly #availability: Uint32Array;
  #pieces = new Uint32Array(16);
  #ends = new Uint32Array(16);
  #top = 0;
  #length = 0;

  /** `positions` is -1 for each piece that is in no order. */
  constructor(positions: Int32Array, availability: Uint32Array) {
    this.#positions = positions;
    this.#availability = availability;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#pieces[index] as number;
  }

  /** The index just past the pieces of class `availability`. */
  end(availability: number): number {
    return availability >= this.#top ? this.#length : (this.#ends[availability] as number);
  }

  /** Adds a piece, into the class that its availability says. */
  insert(piece: number): void {
    const target = this.#availability[piece] as number;
    if (this.#length === this.#pieces.length) this.#pieces = grown(this.#pieces);
    this.#reach(target);
    // The gap opens at the very end and moves down, each class giving its first piece to become its last.
    let gap = this.#length++;
    for (let above = this.#top; above > target; above--) {
      const first = this.#ends[above - 1] as number;
      if (first !== gap) this.#place(this.#pieces[first] as number, gap);
      (this.#ends[above] as number)++;
      gap = first;
    }
    this.#place(piece, gap);
    (this.#ends[target] as number)++;
  }

  /** Takes over `members`, which are in no order, instead of what was here. O(members + the highest availability). */
  rebuild(members: Uint32Array<ArrayBuffer>): void {
    this.#top = 0;
    for (const piece of members) this.#top = Math.max(this.#top, this.#availability[piece] as number);
    this.#length = members.length;
    this.#pieces = new Uint32Array(Math.max(16, members.length));
    // Counting sort: `ends` first counts each class, then is where the class begins, and at last where it ends.
    this.#ends = new Uint32Array(Math.max(16, this.#top + 1));
    for (const piece of members) (this.#ends[this.#availability[piece] as number] as number)++;
    let begin = 0;
    for (let at = 0; at <= this.#top; at++) {
      const size = this.#ends[at] as number;
      this.#ends[at] = begin;
      begin += size;
    }
    for (const piece of members) this.#place(piece, (this.#ends[this.#availability[piece] as number] as number)++);
  }

  remove(piece: number): void {
    let gap = this.#positions[piece] as number;
    for (let from = this.#availability[piece] as number; from <= this.#top; from++) {
      const last = --(this.#ends[from] as number);
      if (last !== gap) this.#place(this.#pieces[last] as number, gap);
      gap = last;
    }
    this.#length--;
    this.#positions[piece] = -1;
    this.#dropEmptyTop();
  }

  /** One peer more holds the piece. Call before the availability itself is raised. */
  raise(piece: number): void {
    const from = this.#availability[piece] as number;
    this.#reach(from + 1);
    const last = --(this.#ends[from] as number);
    this.#swap(piece, last);
  }

  /** One peer less holds the piece. Call before the availability itself is lowered. */
  lower(piece: number): void {
    const from = this.#availability[piece] as number;
    const first = (this.#ends[from - 1] as number)++;
    this.#swap(piece, first);
    this.#dropEmptyTop();
  }

  checkInvariants(): void {
    let index = 0;
    for (let at = 0; at <= this.#top; at++) {
      const end = this.#ends[at] as number;
      if (end < index) throw new Error(`class ${at} ends at ${end}, before its begin ${index}`);
      for (; index < end; index++) {
        const piece = this.#pieces[index] as number;
        if (this.#positions[piece] !== index)
          throw new Error(`piece ${piece} is at ${index}, not where its position says`);
        if (this.#availability[piece] !== at) throw new Error(`piece ${piece} is in class ${at}, not in its own`);
      }
    }
    if (index !== this.#length) throw new Error(`the classes hold ${index} pieces, the order ${this.#length}`);
    if (this.#top > 0 && this.#ends[this.#top - 1] === this.#length)
      throw new Error(`the top class ${this.#top} is empty`);
  }

  #reach(target: number): void {
    while (this.#ends.length <= target) this.#ends = grown(this.#ends);
    while (this.#top < target) this.#ends[++this.#top] = this.#length;
  }

  #dropEmptyTop(): void {
    while (this.#top > 0 && this.#ends[this.#top - 1] === this.#length) this.#top--;
  }

  #place(piece: number, index: number): void {
    this.#pieces[index] = piece;
    this.#positions[piece] = index;
  }

  #swap(piece: number, index: number): void {
    const other = this.#pieces[index] as number;
    this.#place(other, this.#positions[piece] as number);
    this.#place(piece, index);
  }
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
