// The order in which trackers are asked (BEP 12): tiers one after the other, each shuffled once, and within its tier a
// tracker that answered moves to the front.

export class TierList<T> {
  readonly #tiers: T[][];

  /** `random` answers in [0, 1). Empty tiers are left out. */
  constructor(tiers: readonly (readonly T[])[], random: () => number) {
    this.#tiers = tiers.filter((tier) => tier.length > 0).map((tier) => shuffle([...tier], random));
  }

  /** All, in the order to ask them. */
  order(): T[] {
    return this.#tiers.flat();
  }

  /** Moves one to the front of its tier; the others keep their order. */
  promote(item: T): void {
    for (const tier of this.#tiers) {
      const place = tier.indexOf(item);
      if (place > 0) tier.unshift(...tier.splice(place, 1));
    }
  }
}

/** Fisher-Yates, in place. */
function shuffle<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}
