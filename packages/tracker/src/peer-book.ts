// The peers of one swarm and one family, as records in an arena.
// Invariants: the records stand at positions 0 to size - 1: leeches, then partial seeds, then seeds; the chunk of a position
// is `chunks[position / 8]`; from 128 records on `index` has each position, plus one, in a slot that linear probing from its
// hash finds without meeting an empty one, and `sites` counts the records of each cell of sites (an IPv4 address, an IPv6 /64).
import { formatWords, type HostWords, mixWords, putWord, wordAt } from './host-words.ts';
import { type IdKinds, KIND_LENGTH } from './id-kinds.ts';
import { CHUNK, type PeerArena, SEGMENT_MASK, SEGMENT_SHIFT } from './peer-arena.ts';
import type { PeerRole, SwarmPeer } from './swarm-store.ts';

/** What all books of a family share. */
export interface Shelf {
  readonly arena: PeerArena;
  readonly kinds: IdKinds;
  readonly random: () => number;
  /** Secret: it keeps strangers from choosing addresses that collide. */
  readonly seed: number;
}

/** Up to here a peer is found by looking at all: 100 records are looked through in 100 ns, an index costs 4 bytes a peer. */
const LOOKED_THROUGH = 128;
/** Entries that are handed out together: neighbours lie in one or two lines of the cache. */
const RUN = 8;
/** Records looked at for the one that gives way, where a site has too many. */
const LOOKED_AT = 64;

export class PeerBook {
  size = 0;
  leeches = 0;
  partials = 0;
  #chunks: number[] = [];
  #index: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | undefined;
  #sites: Uint16Array<ArrayBuffer> | undefined;
  readonly #shelf: Shelf;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  get seeds(): number {
    return this.size - this.leeches - this.partials;
  }

  /** The position of a peer, or -1. */
  find(host: HostWords, port: number): number {
    const index = this.#index;
    if (!index) return this.#lookThrough(host, port);
    const mask = index.length - 1;
    for (let slot = this.#hash(host, 0, port) & mask; ; slot = (slot + 1) & mask) {
      const position = (index[slot] as number) - 1;
      if (position < 0) return -1;
      if (isAt(this.#words(position), this.#at(position), this.#shelf.arena.ipWords, host, port)) return position;
    }
  }

  #lookThrough(host: HostWords, port: number): number {
    const { stride, ipWords, segments } = this.#shelf.arena;
    const chunks = this.#chunks;
    const first = host[0] as number;
    for (let begin = 0; begin < this.size; begin += CHUNK) {
      const address = (chunks[begin / CHUNK] as number) * CHUNK;
      const words = segments[address >>> SEGMENT_SHIFT] as Int32Array;
      const count = Math.min(CHUNK, this.size - begin);
      for (let record = 0, at = (address & SEGMENT_MASK) * stride; record < count; record++, at += stride) {
        if (words[at] === first && isAt(words, at, ipWords, host, port)) return begin + record;
      }
    }
    return -1;
  }

  roleAt(position: number): PeerRole {
    if (position < this.leeches) return 'leech';
    return position < this.leeches + this.partials ? 'partial' : 'seed';
  }

  /** Enters a peer that is not in the book; `expiry` is a tick. */
  add(host: HostWords, port: number, peerId: Uint8Array, expiry: number, role: PeerRole): void {
    if (this.size % CHUNK === 0) this.#chunks.push(this.#shelf.arena.take());
    const hole = this.#open(role);
    const words = this.#words(hole);
    const at = this.#at(hole);
    const { ipWords } = this.#shelf.arena;
    for (let word = 0; word < ipWords; word++) words[at + word] = host[word] as number;
    words[at + ipWords] = (port << 16) | this.#shelf.kinds.hold(peerId);
    for (let word = 0; word < 3; word++) words[at + ipWords + 1 + word] = wordAt(peerId, KIND_LENGTH + 4 * word);
    words[at + ipWords + 4] = expiry;
    if (this.#index && 4 * this.size <= 3 * this.#index.length) {
      this.#put(hole);
      this.#countSite(words, at, 1);
    } else if (this.#index || this.size > LOOKED_THROUGH) {
      this.#rebuild(4 * this.size);
    }
  }

  /** A known peer announced again. Answers where it stands now. */
  refresh(position: number, peerId: Uint8Array, expiry: number, role: PeerRole): number {
    const { kinds, arena } = this.#shelf;
    const place = this.roleAt(position) === role ? position : this.#change(position, role);
    const words = this.#words(place);
    const at = this.#at(place) + arena.ipWords;
    if (!this.#hasId(words, at, peerId)) {
      kinds.release((words[at] as number) & 0xffff);
      words[at] = ((words[at] as number) & ~0xffff) | kinds.hold(peerId);
      for (let word = 0; word < 3; word++) words[at + 1 + word] = wordAt(peerId, KIND_LENGTH + 4 * word);
    }
    words[at + 4] = expiry;
    return place;
  }

  remove(position: number): void {
    const words = this.#words(position);
    const at = this.#at(position);
    this.#shelf.kinds.release((words[at + this.#shelf.arena.ipWords] as number) & 0xffff);
    if (this.#index) {
      this.#take(position);
      this.#countSite(words, at, -1);
    }
    this.#close(position);
    if (this.size % CHUNK === 0) this.#shelf.arena.give(this.#chunks.pop() as number);
    if (this.#index && 16 * this.size < this.#index.length) this.#rebuild(4 * this.size);
  }

  /** Whether a site has so many entries that one must give way to another; `makeRoom` finds it. */
  isCrowded(host: HostWords, limit: number): boolean {
    if (this.size < limit) return false;
    if (!this.#sites) return true;
    return (this.#sites[this.#site(host, 0)] as number) >= limit;
  }

  /**
   * Takes out the entry of that site which was silent for longest, of up to 64 looked at. False: the site has `limit`
   * entries or more and none of them was met. In a book without an index the count is exact.
   */
  makeRoom(host: HostWords, limit: number): boolean {
    let [oldest, expiry, count] = [-1, 0, 0];
    const looks = this.#sites ? Math.min(this.size, LOOKED_AT) : this.size;
    let position = Math.floor(this.#shelf.random() * this.size);
    for (let look = 0; look < looks; look++, position = position + 1 < this.size ? position + 1 : 0) {
      const words = this.#words(position);
      const at = this.#at(position);
      if (words[at] !== host[0] || (this.#shelf.arena.ipWords === 4 && words[at + 1] !== host[1])) continue;
      count++;
      const ends = this.#expiryAt(position);
      if (oldest < 0 || ((ends - expiry) | 0) < 0) [oldest, expiry] = [position, ends];
    }
    if (!this.#sites && count < limit) return true;
    if (oldest >= 0) this.remove(oldest);
    return oldest >= 0;
  }

  /** Takes out who is past its time. Answers the next tick at which somebody will be, or undefined in an empty book. */
  expire(tick: number): number | undefined {
    let next: number | undefined;
    // From behind: what `remove` moves has been looked at.
    for (let position = this.size - 1; position >= 0; position--) {
      const expiry = this.#expiryAt(position);
      if (((expiry - tick) | 0) <= 0) this.remove(position);
      else if (next === undefined || ((expiry - next) | 0) < 0) next = expiry;
    }
    return next;
  }

  /**
   * Writes the addresses of up to `limit` records of one role to `into` from `at` on, without the position `self`, entries
   * with the id and expired ones. Every entry has the same chance: from a random one on they make a circle of runs of eight,
   * which are taken in steps that share no factor with their number.
   */
  sample(
    role: PeerRole,
    limit: number,
    self: number,
    peerId: Uint8Array,
    tick: number,
    into: Int32Array,
    at: number,
  ): number {
    const begin = role === 'leech' ? 0 : role === 'partial' ? this.leeches : this.leeches + this.partials;
    const count = role === 'leech' ? this.leeches : role === 'partial' ? this.partials : this.seeds;
    if (count === 0 || limit <= 0) return 0;
    const { random } = this.#shelf;
    const { ipWords, stride, segments } = this.#shelf.arena;
    const chunks = this.#chunks;
    const last = wordAt(peerId, 16);
    const start = Math.floor(random() * count);
    const runs = Math.ceil(count / RUN);
    const step = count <= limit ? 1 : stepFor(runs, random);
    let taken = 0;
    for (let look = 0, run = 0; look < runs && taken < limit; look++) {
      let place = start + run * RUN;
      if (place >= count) place -= count;
      const length = run === runs - 1 ? count - run * RUN : RUN;
      for (let entry = 0; entry < length && taken < limit; entry++) {
        const position = begin + place;
        if (++place === count) place = 0;
        const address = (chunks[position >>> 3] as number) * CHUNK + (position & 7);
        const words = segments[address >>> SEGMENT_SHIFT] as Int32Array;
        const tail = (address & SEGMENT_MASK) * stride + ipWords;
        if ((((words[tail + 4] as number) - tick) | 0) <= 0 || position === self) continue;
        if (words[tail + 3] === last && this.#hasId(words, tail, peerId)) continue;
        into[at + taken++] = address;
      }
      run += step;
      if (run >= runs) run -= runs;
    }
    return taken;
  }

  /** The compact form of the records at `addresses`, 6 or 18 bytes each. */
  writeCompact(addresses: Int32Array, from: number, to: number, into: Uint8Array): void {
    const { ipWords, stride, segments } = this.#shelf.arena;
    for (let pick = from, at = 0; pick < to; pick++, at += 2) {
      const address = addresses[pick] as number;
      const words = segments[address >>> SEGMENT_SHIFT] as Int32Array;
      let word = (address & SEGMENT_MASK) * stride;
      for (const end = word + ipWords; word < end; word++, at += 4) putWord(into, at, words[word] as number);
      const port = words[word] as number;
      into[at] = port >>> 24;
      into[at + 1] = port >>> 16;
    }
  }

  /** The peer whose record is at an address. */
  peerAt(address: number, role: PeerRole): SwarmPeer {
    const { ipWords, segments, stride } = this.#shelf.arena;
    const words = segments[address >>> SEGMENT_SHIFT] as Int32Array;
    const at = (address & SEGMENT_MASK) * stride;
    const port = (words[at + ipWords] as number) >>> 16;
    return { host: formatWords(words, at, ipWords), port, peerId: this.#idAt(words, at + ipWords), role };
  }

  addressOf(position: number): number {
    return (this.#chunks[position >>> 3] as number) * CHUNK + (position & 7);
  }

  /** The tick at which the record is past its time. */
  expiryAt(position: number): number {
    return this.#expiryAt(position);
  }

  /** Gives everything back. */
  clear(): void {
    for (let position = 0; position < this.size; position++) {
      const port = this.#words(position)[this.#at(position) + this.#shelf.arena.ipWords] as number;
      this.#shelf.kinds.release(port & 0xffff);
    }
    for (const chunk of this.#chunks) this.#shelf.arena.give(chunk);
    this.#chunks = [];
    this.#index = this.#sites = undefined;
    this.size = this.leeches = this.partials = 0;
  }

  /** Throws where an invariant does not hold. */
  checkInvariants(): void {
    const fail = (what: string): never => {
      throw new Error(`peer book: ${what}`);
    };
    if (this.leeches < 0 || this.partials < 0 || this.seeds < 0) fail('a negative count');
    if (this.#chunks.length !== Math.ceil(this.size / CHUNK)) fail(`${this.#chunks.length} chunks for ${this.size}`);
    let used = this.#index ? 0 : this.size;
    for (const entry of this.#index ?? []) if (entry > 0) used++;
    if (used !== this.size) fail(`${used} slots in use for ${this.size}`);
    const host = new Int32Array(4);
    for (let position = 0; position < this.size; position++) {
      const words = this.#words(position);
      const at = this.#at(position);
      const { ipWords } = this.#shelf.arena;
      for (let word = 0; word < ipWords; word++) host[word] = words[at + word] as number;
      const found = this.find(host, (words[at + ipWords] as number) >>> 16);
      if (found !== position) fail(`the record at ${position} is found at ${found}`);
    }
  }

  #words(position: number): Int32Array<ArrayBuffer> {
    return this.#shelf.arena.segments[this.addressOf(position) >>> SEGMENT_SHIFT] as Int32Array<ArrayBuffer>;
  }

  #at(position: number): number {
    return (this.addressOf(position) & SEGMENT_MASK) * this.#shelf.arena.stride;
  }

  #expiryAt(position: number): number {
    return this.#words(position)[this.#at(position) + this.#shelf.arena.ipWords + 4] as number;
  }

  /** `at` is where port and kind stand. */
  #hasId(words: Int32Array, at: number, peerId: Uint8Array): boolean {
    for (let word = 0; word < 3; word++) {
      if (words[at + 1 + word] !== wordAt(peerId, KIND_LENGTH + 4 * word)) return false;
    }
    return this.#shelf.kinds.matches((words[at] as number) & 0xffff, peerId);
  }

  #idAt(words: Int32Array, at: number): Uint8Array {
    const kind = this.#shelf.kinds.textOf((words[at] as number) & 0xffff);
    if (kind === undefined) return new Uint8Array(0);
    const peerId = new Uint8Array(20);
    for (let byte = 0; byte < KIND_LENGTH; byte++) peerId[byte] = kind.charCodeAt(byte);
    for (let word = 0; word < 3; word++) putWord(peerId, KIND_LENGTH + 4 * word, words[at + 1 + word] as number);
    return peerId;
  }

  /** Makes a hole for one more of a role, behind the others of it. */
  #open(role: PeerRole): number {
    let hole = this.size++;
    if (role === 'seed') return hole;
    const firstSeed = this.leeches + this.partials;
    this.#move(firstSeed, hole);
    hole = firstSeed;
    if (role === 'partial') {
      this.partials++;
      return hole;
    }
    this.#move(this.leeches, hole);
    return this.leeches++;
  }

  /** Closes a hole: the last of each role moves up to where the next role began. */
  #close(position: number): void {
    let hole = position;
    if (hole < this.leeches) {
      this.#move(--this.leeches, hole);
      hole = this.leeches;
      this.#move(hole + this.partials, hole);
      hole += this.partials;
    } else if (hole < this.leeches + this.partials) {
      const last = this.leeches + --this.partials;
      this.#move(last, hole);
      hole = last;
    }
    this.#move(--this.size, hole);
  }

  #change(position: number, role: PeerRole): number {
    const { stride } = this.#shelf.arena;
    const at = this.#at(position);
    const record = this.#words(position).slice(at, at + stride);
    if (this.#index) this.#take(position);
    this.#close(position);
    const hole = this.#open(role);
    this.#words(hole).set(record, this.#at(hole));
    if (this.#index) this.#put(hole);
    return hole;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    const source = this.#words(from);
    const target = this.#words(to);
    const [begin, at] = [this.#at(from), this.#at(to)];
    if (this.#index) this.#index[this.#slotOf(from)] = to + 1;
    for (let word = 0; word < this.#shelf.arena.stride; word++) target[at + word] = source[begin + word] as number;
  }

  #hash(words: ArrayLike<number>, at: number, port: number): number {
    const { arena, seed } = this.#shelf;
    if (arena.ipWords === 1) return mixWords(words[at] as number, port, 0, 0, seed);
    const site = mixWords(words[at] as number, words[at + 1] as number, 0, 0, seed);
    return mixWords(site, words[at + 2] as number, words[at + 3] as number, port, seed);
  }

  #hashAt(position: number): number {
    const words = this.#words(position);
    const at = this.#at(position);
    return this.#hash(words, at, (words[at + this.#shelf.arena.ipWords] as number) >>> 16);
  }

  /** The slot that holds a position. */
  #slotOf(position: number): number {
    const index = this.#index as Uint32Array;
    const mask = index.length - 1;
    let slot = this.#hashAt(position) & mask;
    while (index[slot] !== position + 1) slot = (slot + 1) & mask;
    return slot;
  }

  #put(position: number): void {
    const index = this.#index as Uint32Array;
    const mask = index.length - 1;
    let slot = this.#hashAt(position) & mask;
    while (index[slot] !== 0) slot = (slot + 1) & mask;
    index[slot] = position + 1;
  }

  /** Frees the slot of a position; those behind it move up, so that probing meets no gap. */
  #take(position: number): void {
    const index = this.#index as Uint32Array;
    const mask = index.length - 1;
    let gap = this.#slotOf(position);
    for (let slot = (gap + 1) & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashAt((index[slot] as number) - 1) & mask;
      // It may move unless its home lies behind the gap.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      index[gap] = index[slot] as number;
      gap = slot;
    }
    index[gap] = 0;
  }

  /** A new index with at least `wanted` slots' room, or none where the book is small again. */
  #rebuild(wanted: number): void {
    this.#index = this.#sites = undefined;
    if (this.size <= LOOKED_THROUGH / 2) return;
    let slots = 2 * LOOKED_THROUGH;
    while (2 * slots < wanted) slots *= 2;
    // A position plus one fits 16 bits while at most three quarters of 65,536 slots are used.
    this.#index = slots <= 0x1_0000 ? new Uint16Array(slots) : new Uint32Array(slots);
    this.#sites = new Uint16Array(slots / 2);
    for (let position = 0; position < this.size; position++) {
      this.#put(position);
      this.#countSite(this.#words(position), this.#at(position), 1);
    }
  }

  #site(words: ArrayLike<number>, at: number): number {
    const { arena, seed } = this.#shelf;
    const hash = mixWords(words[at] as number, arena.ipWords === 4 ? (words[at + 1] as number) : 0, 0, 0, ~seed);
    return hash & ((this.#sites as Uint16Array).length - 1);
  }

  #countSite(words: Int32Array, at: number, by: 1 | -1): void {
    const sites = this.#sites as Uint16Array;
    const site = this.#site(words, at);
    // A cell that once was full says nothing any more; it stays.
    if (sites[site] !== 0xffff) sites[site] = (sites[site] as number) + by;
  }
}

function isAt(words: Int32Array, at: number, ipWords: 1 | 4, host: HostWords, port: number): boolean {
  for (let word = 0; word < ipWords; word++) if (words[at + word] !== host[word]) return false;
  return (words[at + ipWords] as number) >>> 16 === port;
}

/** A step below `count` that shares no factor with it. */
function stepFor(count: number, random: () => number): number {
  if (count < 3) return 1;
  let step = 1 + Math.floor(random() * (count - 1));
  while (!isCoprime(step, count)) step = step > 1 ? step - 1 : count - 1;
  return step;
}

function isCoprime(a: number, b: number): boolean {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x === 1;
}
