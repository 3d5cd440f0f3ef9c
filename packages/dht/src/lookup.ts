// One iterative lookup (BEP 5): asks ever nearer nodes until the k nearest that live have answered. Knows nothing of
// datagrams and clocks: it is told what came of each question.
// A node tells of the k nearest that it knows, dead ones among them: where these crowd out the living, all tell of the same
// and nobody of the next. So where candidates have failed at the end, the nearest nodes are asked once more, for targets
// beside ours, around which the missing ones lie.
// Invariants: candidates are in the order of their distance; one candidate an address and one an id; of a subnet at most
// one that a stranger told of; what a node said about others counts only until most of it has turned out wrong.
import { formatEndpoint } from '@shoal/primitives';
import { crowdOf, isDialable, isLocalAddress } from './addresses.ts';
import type { Contact } from './contacts.ts';
import { commonPrefix, compareDistance, isNodeIdFor } from './node-id.ts';

export interface LookupRules {
  /** Nodes to find. */
  readonly k: number;
  /** Questions under way at once, those that are late not counted. */
  readonly alpha: number;
  /** At most one candidate of a /24 (IPv6: /64). */
  readonly restrictSubnets: boolean;
  /** Leave out nodes whose id is not their address's (BEP 42). */
  readonly enforceIds: boolean;
}

/** `late`: not answered for as long as most nodes take, so another is asked; its answer still counts. */
type CandidateState = 'fresh' | 'asked' | 'late' | 'answered' | 'failed';

export interface Candidate {
  id: Uint8Array;
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** Its id is what it or a trusted source said. */
  hasId: boolean;
  state: CandidateState;
  /** What it gave for a later write. */
  token: Uint8Array | undefined;
  /** Who told of it first; none for those we knew ourselves. */
  readonly tellers: Candidate[];
  /** Of those that it told of, how many have answered and how many have not. */
  right: number;
  wrong: number;
  /** Nodes away from our own table. */
  readonly depth: number;
}

/** A question for another target, to one that has answered. */
export interface Probe {
  readonly candidate: Candidate;
  readonly target: Uint8Array;
}

/** Targets beside ours: one in each of the subtrees that the farthest of the nearest nodes, and nearer ones, lie in. */
const PROBED_SUBTREES = 4;
const NODES_PER_PROBE = 2;
const MAX_PROBES = 16;

/** Candidates kept; those farther away than so many others are of no use. */
const MAX_CANDIDATES = 200;
/** Questions in one lookup, whatever is still told. */
const MAX_QUESTIONS = 300;
/** Of one answer, the nearest count. */
const MAX_TOLD = 8;
const MAX_TELLERS = 4;
/** Of those without an id, so many are tried. */
const MAX_UNNAMED = 16;
/** Wrong ones after which a node is believed no more, unless as many were right. */
const MAX_WRONG = 3;

export class Lookup {
  readonly target: Uint8Array;
  readonly #rules: LookupRules;
  #candidates: Candidate[] = [];
  readonly #byName: Map<string, Candidate> = new Map();
  readonly #crowds: Set<string> = new Set();
  readonly #probedBits: Set<number> = new Set();
  #probing = 0;
  #unnamed = 0;
  #isStopped = false;
  asked = 0;
  answered = 0;
  failed = 0;

  constructor(target: Uint8Array, rules: LookupRules) {
    this.target = Uint8Array.from(target);
    this.#rules = rules;
  }

  /** Nodes that we knew ourselves. Without an id it is not known how near they are: they are asked first. */
  begin(contacts: readonly { readonly host: string; readonly port: number; readonly id?: Uint8Array }[]): void {
    for (const contact of contacts) {
      if (this.#byName.has(formatEndpoint(contact))) continue;
      const hasId = contact.id !== undefined;
      if (!hasId && this.#unnamed++ >= MAX_UNNAMED) continue;
      this.#add(contact, contact.id ?? this.target, hasId, [], 0);
    }
  }

  /** The next to ask; undefined while enough are under way, or nobody is left. Counts as asked. */
  next(): Candidate | undefined {
    if (this.#isStopped || this.asked >= MAX_QUESTIONS) return undefined;
    let [answered, underWay] = [0, 0];
    for (const candidate of this.#candidates) {
      if (answered >= this.#rules.k || underWay >= this.#rules.alpha) return undefined;
      switch (candidate.state) {
        case 'answered':
          answered++;
          break;
        case 'asked':
          underWay++;
          break;
        case 'fresh':
          if (this.#isDiscredited(candidate)) break;
          candidate.state = 'asked';
          this.asked++;
          return candidate;
        case 'late':
        case 'failed':
          break;
      }
    }
    return undefined;
  }

  /**
   * A candidate has answered under `id`, telling of `contacts`. Where that is another id than it was told of under, it takes
   * the place that its own id has.
   */
  receive(candidate: Candidate, id: Uint8Array, contacts: readonly Contact[], token: Uint8Array | undefined): void {
    if (candidate.state === 'failed' || candidate.state === 'answered') return;
    this.answered++;
    const isAsTold = !candidate.hasId || compareDistance(this.target, candidate.id, id) === 0;
    this.#credit(candidate, isAsTold);
    candidate.state = 'answered';
    candidate.token = token;
    if (!candidate.hasId || !isAsTold) this.#move(candidate, id);
    if (this.#rules.enforceIds && !isNodeIdFor(id, candidate.host)) {
      this.#drop(candidate);
      return;
    }
    const isLocal = isLocalAddress(candidate.host);
    const nearest = [...contacts].sort((a, b) => compareDistance(this.target, a.id, b.id)).slice(0, MAX_TOLD);
    for (const contact of nearest) this.#hear(contact, candidate, isLocal);
  }

  /** A candidate is late. */
  late(candidate: Candidate): void {
    if (candidate.state === 'asked') candidate.state = 'late';
  }

  /** A candidate will not answer. */
  fail(candidate: Candidate): void {
    if (candidate.state === 'failed' || candidate.state === 'answered') return;
    this.failed++;
    this.#credit(candidate, false);
    candidate.state = 'failed';
  }

  /** Asks nobody any more: what was looked for has been found. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Questions beside, once nobody nearer is left to ask. Count as asked; each is to be ended by `endProbe`. */
  probes(): Probe[] {
    if (this.#isStopped || !this.#isSettled) return [];
    const closest = this.closest();
    const farthest = closest.at(-1);
    if (!farthest || !this.#isCrowded(farthest)) return [];
    const edge = commonPrefix(this.target, farthest.id);
    const probes: Probe[] = [];
    for (let bit = edge; bit < Math.min(edge + PROBED_SUBTREES, 160); bit++) {
      if (this.#probedBits.has(bit) || this.#probedBits.size * NODES_PER_PROBE >= MAX_PROBES) continue;
      this.#probedBits.add(bit);
      const target = Uint8Array.from(this.target);
      (target[bit >> 3] as number) ^= 0x80 >> (bit & 7);
      const nearest = [...closest].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, NODES_PER_PROBE);
      probes.push(...nearest.map((candidate) => ({ candidate, target })));
    }
    this.#probing += probes.length;
    this.asked += probes.length;
    return probes;
  }

  /** A probe was answered, with these contacts, or not. */
  endProbe(candidate: Candidate, contacts: readonly Contact[] | undefined): void {
    this.#probing--;
    if (!contacts) return;
    this.answered++;
    const isLocal = isLocalAddress(candidate.host);
    for (const contact of contacts.slice(0, MAX_TOLD)) this.#hear(contact, candidate, isLocal);
  }

  /** Nobody who may be nearer is still to be heard. Call after `next` and `probes` have run dry. */
  get isDone(): boolean {
    return this.#isStopped || (this.#isSettled && this.#probing === 0);
  }

  /** The k nearest that have answered, nearest first. */
  closest(): Candidate[] {
    return this.#candidates.filter(({ state }) => state === 'answered').slice(0, this.#rules.k);
  }

  /** Hops from our own table to the nearest node. */
  get hops(): number {
    return this.closest()[0]?.depth ?? 0;
  }

  /** The k nearest have answered, or all there are. */
  get #isSettled(): boolean {
    let answered = 0;
    for (const candidate of this.#candidates) {
      if (answered >= this.#rules.k) return true;
      if (candidate.state === 'answered') answered++;
      if (candidate.state === 'asked' || candidate.state === 'late') return false;
    }
    return true;
  }

  #isCrowded(farthest: Candidate): boolean {
    const nearer = this.#candidates.slice(0, this.#candidates.indexOf(farthest));
    return nearer.some(({ state, hasId }) => state === 'failed' && hasId);
  }

  #hear(contact: Contact, teller: Candidate, isTellerLocal: boolean): void {
    const known = this.#byName.get(formatEndpoint(contact));
    if (known) {
      const isSame = !known.hasId || compareDistance(this.target, known.id, contact.id) === 0;
      if (known.state === 'answered' && isSame) teller.right++;
      else if (known.state === 'answered' || known.state === 'failed') teller.wrong++;
      else if (known.tellers.length < MAX_TELLERS && !known.tellers.includes(teller)) known.tellers.push(teller);
      return;
    }
    if (!isDialable(contact)) return;
    // From outside nobody can know our own network; datagrams to it would be sent on a stranger's word.
    if (!isTellerLocal && isLocalAddress(contact.host)) return;
    if (this.#rules.enforceIds && !isNodeIdFor(contact.id, contact.host)) return;
    if (this.#candidates.some((other) => other.hasId && compareDistance(this.target, other.id, contact.id) === 0))
      return;
    if (this.#rules.restrictSubnets) {
      const crowd = crowdOf(contact);
      if (this.#crowds.has(crowd)) return;
      this.#crowds.add(crowd);
    }
    this.#add(contact, contact.id, true, [teller], teller.depth + 1);
  }

  #add(
    { host, port }: { readonly host: string; readonly port: number },
    id: Uint8Array,
    hasId: boolean,
    tellers: Candidate[],
    depth: number,
  ): void {
    const name = formatEndpoint({ host, port });
    const candidate: Candidate = {
      id,
      host,
      port,
      name,
      hasId,
      state: 'fresh',
      token: undefined,
      tellers,
      right: 0,
      wrong: 0,
      depth,
    };
    this.#byName.set(name, candidate);
    this.#place(candidate);
    const dropped = this.#candidates[MAX_CANDIDATES];
    if (dropped?.state === 'fresh') this.#drop(dropped);
  }

  #place(candidate: Candidate): void {
    let [low, high] = [0, this.#candidates.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#candidates[middle] as Candidate;
      if (compareDistance(this.target, other.id, candidate.id) <= 0) low = middle + 1;
      else high = middle;
    }
    this.#candidates.splice(low, 0, candidate);
  }

  #move(candidate: Candidate, id: Uint8Array): void {
    this.#drop(candidate);
    candidate.id = Uint8Array.from(id);
    candidate.hasId = true;
    // Two addresses with one id: the first one keeps it.
    if (this.#candidates.some((other) => other.hasId && compareDistance(this.target, other.id, id) === 0)) return;
    this.#place(candidate);
  }

  #drop(candidate: Candidate): void {
    this.#candidates = this.#candidates.filter((other) => other !== candidate);
  }

  #credit(candidate: Candidate, isRight: boolean): void {
    for (const teller of candidate.tellers) {
      if (isRight) teller.right++;
      else teller.wrong++;
    }
  }

  #isDiscredited({ tellers }: Candidate): boolean {
    return tellers.length > 0 && tellers.every(({ right, wrong }) => wrong >= MAX_WRONG && wrong > right);
  }
}
