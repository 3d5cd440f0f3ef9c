// Peers of one swarm that are alike (family and role), for a random choice of k in O(k).
// Invariant: `#peers[peer.place] === peer` for every member.

/** What a pool keeps on its members. */
export interface Pooled {
  /** Index in the pool. */
  place: number;
}

export class PeerPool<T extends Pooled> {
  readonly #peers: T[] = [];

  get size(): number {
    return this.#peers.length;
  }

  add(peer: T): void {
    peer.place = this.#peers.length;
    this.#peers.push(peer);
  }

  remove(peer: T): void {
    const last = this.#peers.pop() as T;
    if (last === peer) return;
    this.#put(last, peer.place);
  }

  /** Moves up to `limit` members that `isWanted` into `into`, each with the same chance (a partial Fisher-Yates). */
  sample(limit: number, random: () => number, isWanted: (peer: T) => boolean, into: T[]): void {
    const peers = this.#peers;
    let taken = 0;
    for (let place = 0; place < peers.length && taken < limit; place++) {
      const other = place + Math.floor(random() * (peers.length - place));
      const chosen = peers[other] as T;
      this.#put(peers[place] as T, other);
      this.#put(chosen, place);
      if (!isWanted(chosen)) continue;
      into.push(chosen);
      taken++;
    }
  }

  #put(peer: T, place: number): void {
    this.#peers[place] = peer;
    peer.place = place;
  }
}
