// Which torrents may exchange data where only so many may at once: the first ones in the order they were added, downloads
// and seeds counted apart. Invariant: in each line the first `limit` members are let go, and the others held. A change costs
// a binary search, not a walk through all torrents.

export interface QueueLimits {
  /** Torrents that download at once. */
  readonly downloads: number;
  /** Torrents that seed at once. */
  readonly seeds: number;
}

export interface Queueable {
  /** True: it must wait. Called again with what holds already, which changes nothing. */
  hold(isHeld: boolean): void;
}

/** Undefined: it takes no place, and nothing holds it. */
export type Place = keyof QueueLimits | undefined;

interface Entry<Member> {
  readonly member: Member;
  readonly order: number;
  place: Place;
}

export class Queue<Member extends Queueable> {
  readonly #limits: QueueLimits;
  readonly #entries = new Map<Member, Entry<Member>>();
  /** In order. */
  readonly #lines: { readonly [place in keyof QueueLimits]: Entry<Member>[] } = { downloads: [], seeds: [] };
  #added = 0;
  /** Changes that came while one was being told: told after it. */
  readonly #changes: (() => void)[] = [];

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Which line it stands in from now on; a newcomer goes to the end. */
  put(member: Member, place: Place): void {
    this.#inTurn(() => {
      let entry = this.#entries.get(member);
      if (!entry) {
        entry = { member, order: this.#added++, place: undefined };
        this.#entries.set(member, entry);
      }
      if (entry.place === place) return;
      this.#move(entry, place);
    });
  }

  /** It is no more. */
  remove(member: Member): void {
    this.#inTurn(() => {
      const entry = this.#entries.get(member);
      if (!entry) return;
      this.#entries.delete(member);
      this.#move(entry, undefined);
    });
  }

  #move(entry: Entry<Member>, to: Place): void {
    const from = entry.place;
    entry.place = to;
    if (from) {
      const line = this.#lines[from];
      line.splice(indexIn(line, entry.order), 1);
    }
    if (to) {
      const line = this.#lines[to];
      line.splice(indexIn(line, entry.order), 0, entry);
    }
    // Who loses a place first, so that there are never too many.
    if (to) this.#lines[to][this.#limits[to]]?.member.hold(true);
    entry.member.hold(to !== undefined && indexIn(this.#lines[to], entry.order) >= this.#limits[to]);
    if (from) this.#lines[from][this.#limits[from] - 1]?.member.hold(false);
  }

  #inTurn(change: () => void): void {
    this.#changes.push(change);
    if (this.#changes.length > 1) return;
    for (let next: (() => void) | undefined = change; next; next = this.#changes[0]) {
      try {
        next();
      } finally {
        this.#changes.shift();
      }
    }
  }
}

/** Where an entry of this order stands, or would. */
function indexIn(line: readonly { readonly order: number }[], order: number): number {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((line[middle] as { order: number }).order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}
