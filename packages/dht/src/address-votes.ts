// What others say our address is (BEP 42, `ip`). One who lies has one voice: votes are counted by the voter's subnet.
// Invariant: a fixed number of voters is remembered, and only their last word.

const MAX_VOTERS = 40;
/** Voters that must agree, and be the majority. */
const QUORUM = 4;

export class AddressVotes {
  readonly #votes: Map<string, string> = new Map();

  /** Takes a vote; answers the address that the majority names, if there is one. */
  vote(voter: string, host: string): string | undefined {
    this.#votes.delete(voter);
    this.#votes.set(voter, host);
    if (this.#votes.size > MAX_VOTERS) {
      const [oldest] = this.#votes.keys();
      if (oldest !== undefined) this.#votes.delete(oldest);
    }
    let agreeing = 0;
    for (const other of this.#votes.values()) if (other === host) agreeing++;
    return agreeing >= QUORUM && agreeing * 2 > this.#votes.size ? host : undefined;
  }
}
