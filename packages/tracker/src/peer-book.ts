// The peers of one swarm and one family, as records in an arena. A book is a head of six words in somebody else's array and
// no object: there is one `PeerBook` for all of a family, opened at one head after the other.
// Invariants: the records stand at positions 0 to size - 1: leeches, then partial seeds, then seeds; the chunk of a position
// is number `position / 8` of the book's list; from 128 records on an index has each position, and counts each site's records.
import { BookIndex, type BookIndexes } from './book-index.ts';
import { formatWords, type HostWords, mixWords, putWord, wordAt } from './host-words.ts';
import { type IdKinds, KIND_LENGTH } from './id-kinds.ts';
import type { NumberLists } from './number-lists.ts';
import { CHUNK, type PeerArena, SEGMENT_MASK, SEGMENT_SHIFT } from './peer-arena.ts';
import type { PeerRole, SwarmPeer } from './swarm-store.ts';

/** What all books of a family share. */
export interface Shelf {
  readonly arena: PeerArena;
  /** The chunks of each book. */
  readonly lists: NumberLists;
  readonly indexes: BookIndexes;
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

/** Words of a head; all of them zero: a book that nobody is in. */
export const BOOK_WORDS = 6;
/** What stands where in a head. */
export const BOOK = { size: 0, leeches: 1, partials: 2, list: 3, room: 4, index: 5 } as const;

export class PeerBook {
  /** Where the head of the opened book is. */
  #head: Int32Array<ArrayBuffer> = new Int32Array(BOOK_WORDS);
  #begin = 0;
  #index: BookIndex | undefined;
  readonly #shelf: Shelf;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** From now on this is the book whose head is there; good until that head is moved. */
  open(head: Int32Array<ArrayBuffer>, begin: number): this {
    this.#head = head;
    this.#begin = begin;
    const number = head[begin + BOOK.index] as number;
    this.#index = number === 0 ? undefined : this.#shelf.indexes.at(number);
    return this;
  }

  get size(): number {
    return this.#head[this.#begin + BOOK.size] as number;
  }

  get leeches(): number {
    return this.#head[this.#begin + BOOK.leeches] as number;
  }

  get partials(): number {
    return this.#head[this.#begin + BOOK.partials] as number;
  }

  get seeds(): number {
    return this.size - this.leeches - this.partials;
  }

  /** The position of a peer, or -1. */
  find(host: HostWords, port: number): number {
    const slots = this.#index?.slots;
    if (!slots) return this.#lookThrough(host, port);
    const mask = slots.length - 1;
    for (let slot = this.#hash(host, 0, port) & mask; ; slot = (slot + 1) & mask) {
      const position = (slots[slot] as number) - 1;
      if (position < 0) return -1;
      if (isAt(this.#words(position), this.#at(position), this.#shelf.arena.ipWords, host, port)) return position;
    }
  }

  #lookThrough(host: HostWords, port: number): number {
    const { stride, ipWords, segments } = this.#shelf.arena;
    const chunks = this.#shelf.lists.words;
    const list = this.#head[this.#begin + BOOK.list] as number;
    const size = this.size;
    const first = host[0] as number;
    for (let begin = 0; begin < size; begin += CHUNK) {
      const address = (chunks[list + begin / CHUNK] as number) * CHUNK;
      const words = segments[address >>> SEGMENT_SHIFT] as Int32Array;
      const count = Math.min(CHUNK, size - begin);
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
    if (this.size % CHUNK === 0) this.#pushChunk(this.#shelf.arena.take());
    const hole = this.#open(role);
    const words = this.#words(hole);
    const at = this.#at(hole);
    const { ipWords } = this.#shelf.arena;
    for (let word = 0; word < ipWords; word++) words[at + word] = host[word] as number;
    words[at + ipWords] = (port << 16) | this.#shelf.kinds.hold(peerId);
    for (let word = 0; word < 3; word++) words[at + ipWords + 1 + word] = wordAt(peerId, KIND_LENGTH + 4 * word);
    words[at + ipWords + 4] = expiry;
    if (this.#index && 4 * this.size <= 3 * this.#index.slots.length) {
      this.#index.put(hole, this.#hashAt(hole));
      this.#index.countSite(this.#siteHash(words, at), 1);
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
      this.#index.take(position, this.#hashAt);
      this.#index.countSite(this.#siteHash(words, at), -1);
    }
    this.#close(position);
    if (this.size % CHUNK === 0) this.#shelf.arena.give(this.#popChunk());
    if (this.#index && 16 * this.size < this.#index.slots.length) this.#rebuild(4 * this.size);
  }

  /** Whether a site has so many entries that one must give way to another; `makeRoom` finds it. */
  isCrowded(host: HostWords, limit: number): boolean {
    if (this.size < limit) return false;
    return !this.#index || this.#index.siteCount(this.#siteHash(host, 0)) >= limit;
  }

  /**
   * Takes out the entry of that site which was silent for longest, of up to 64 looked at. False: the site has `limit`
   * entries or more and none of them was met. In a book without an index the count is exact.
   */
  makeRoom(host: HostWords, limit: number): boolean {
    let [oldest, expiry, count] = [-1, 0, 0];
    const looks = this.#index ? Math.min(this.size, LOOKED_AT) : this.size;
    let position = Math.floor(this.#shelf.random() * this.size);
    for (let look = 0; look < looks; look++, position = position + 1 < this.size ? position + 1 : 0) {
      const words = this.#words(position);
      const at = this.#at(position);
      if (words[at] !== host[0] || (this.#shelf.arena.ipWords === 4 && words[at + 1] !== host[1])) continue;
      count++;
      const ends = this.#expiryAt(position);
      if (oldest < 0 || ((ends - expiry) | 0) < 0) [oldest, expiry] = [position, ends];
    }
    if (!this.#index && count < limit) return true;
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
    const chunks = this.#shelf.lists.words;
    const list = this.#head[this.#begin + BOOK.list] as number;
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
        const address = (chunks[list + (position >>> 3)] as number) * CHUNK + (position & 7);
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
    const list = this.#head[this.#begin + BOOK.list] as number;
    return (this.#shelf.lists.words[list + (position >>> 3)] as number) * CHUNK + (position & 7);
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
    const head = this.#head;
    const begin = this.#begin;
    const chunks = Math.ceil(this.size / CHUNK);
    for (let chunk = 0; chunk < chunks; chunk++) this.#shelf.arena.give(this.addressOf(chunk * CHUNK) / CHUNK);
    const room = head[begin + BOOK.room] as number;
    if (room > 0) this.#shelf.lists.give(head[begin + BOOK.list] as number, Math.log2(room));
    this.#dropIndex();
    head.fill(0, begin, begin + BOOK_WORDS);
  }

  /** Throws where an invariant does not hold. */
  checkInvariants(): void {
    const fail = (what: string): never => {
      throw new Error(`peer book: ${what}`);
    };
    if (this.leeches < 0 || this.partials < 0 || this.seeds < 0) fail('a negative count');
    const room = this.#head[this.#begin + BOOK.room] as number;
    const chunks = Math.ceil(this.size / CHUNK);
    if (room < chunks || (chunks === 0) !== (room === 0)) fail(`room for ${room} chunks where there are ${chunks}`);
    let used = this.#index ? 0 : this.size;
    for (const entry of this.#index?.slots ?? []) if (entry > 0) used++;
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
    let hole = this.#count(BOOK.size, 1) - 1;
    if (role === 'seed') return hole;
    const firstSeed = this.leeches + this.partials;
    this.#move(firstSeed, hole);
    hole = firstSeed;
    if (role === 'partial') {
      this.#count(BOOK.partials, 1);
      return hole;
    }
    this.#move(this.leeches, hole);
    return this.#count(BOOK.leeches, 1) - 1;
  }

  /** Closes a hole: the last of each role moves up to where the next role began. */
  #close(position: number): void {
    let hole = position;
    if (hole < this.leeches) {
      this.#move(this.#count(BOOK.leeches, -1), hole);
      hole = this.leeches;
      this.#move(hole + this.partials, hole);
      hole += this.partials;
    } else if (hole < this.leeches + this.partials) {
      const last = this.leeches + this.#count(BOOK.partials, -1);
      this.#move(last, hole);
      hole = last;
    }
    this.#move(this.#count(BOOK.size, -1), hole);
  }

  /** Changes one of the counts in the head; answers what it is then. */
  #count(field: number, by: 1 | -1): number {
    const count = (this.#head[this.#begin + field] as number) + by;
    this.#head[this.#begin + field] = count;
    return count;
  }

  /** Puts a chunk behind the others; `size` does not count its records yet. */
  #pushChunk(chunk: number): void {
    const head = this.#head;
    const begin = this.#begin;
    const room = head[begin + BOOK.room] as number;
    const count = this.size / CHUNK;
    if (count === room) this.#setRoom(count, room === 0 ? 1 : 2 * room);
    this.#shelf.lists.words[(head[begin + BOOK.list] as number) + count] = chunk;
  }

  /** Takes the last chunk; `size` does not count its records any more. */
  #popChunk(): number {
    const count = this.size / CHUNK;
    const room = this.#head[this.#begin + BOOK.room] as number;
    const chunk = this.#shelf.lists.words[(this.#head[this.#begin + BOOK.list] as number) + count] as number;
    // At a quarter, not at half: a peer that comes and goes would move the list each time.
    if (count === 0) this.#setRoom(0, 0);
    else if (4 * count <= room) this.#setRoom(count, room / 2);
    return chunk;
  }

  /** Moves the list of chunks to where it has `room`, 0 or a power of two. */
  #setRoom(count: number, room: number): void {
    const { lists } = this.#shelf;
    const head = this.#head;
    const begin = this.#begin;
    const old = head[begin + BOOK.room] as number;
    const from = head[begin + BOOK.list] as number;
    const to = room === 0 ? 0 : lists.take(Math.log2(room));
    if (room > 0) lists.words.copyWithin(to, from, from + count);
    if (old > 0) lists.give(from, Math.log2(old));
    head[begin + BOOK.list] = to;
    head[begin + BOOK.room] = room;
  }

  #change(position: number, role: PeerRole): number {
    const { stride } = this.#shelf.arena;
    const at = this.#at(position);
    const record = this.#words(position).slice(at, at + stride);
    this.#index?.take(position, this.#hashAt);
    this.#close(position);
    const hole = this.#open(role);
    this.#words(hole).set(record, this.#at(hole));
    this.#index?.put(hole, this.#hashAt(hole));
    return hole;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    const source = this.#words(from);
    const target = this.#words(to);
    const [begin, at] = [this.#at(from), this.#at(to)];
    this.#index?.move(from, to, this.#hashAt(from));
    for (let word = 0; word < this.#shelf.arena.stride; word++) target[at + word] = source[begin + word] as number;
  }

  #hash(words: ArrayLike<number>, at: number, port: number): number {
    const { arena, seed } = this.#shelf;
    if (arena.ipWords === 1) return mixWords(words[at] as number, port, 0, 0, seed);
    const site = mixWords(words[at] as number, words[at + 1] as number, 0, 0, seed);
    return mixWords(site, words[at + 2] as number, words[at + 3] as number, port, seed);
  }

  /** A field, because an index asks it back. */
  readonly #hashAt = (position: number): number => {
    const words = this.#words(position);
    const at = this.#at(position);
    return this.#hash(words, at, (words[at + this.#shelf.arena.ipWords] as number) >>> 16);
  };

  /** A new index with at least `wanted` slots' room, or none where the book is small again. */
  #rebuild(wanted: number): void {
    this.#dropIndex();
    if (this.size <= LOOKED_THROUGH / 2) return;
    let slots = 2 * LOOKED_THROUGH;
    while (2 * slots < wanted) slots *= 2;
    const index = new BookIndex(slots);
    this.#index = index;
    this.#head[this.#begin + BOOK.index] = this.#shelf.indexes.add(index);
    for (let position = 0; position < this.size; position++) {
      index.put(position, this.#hashAt(position));
      index.countSite(this.#siteHash(this.#words(position), this.#at(position)), 1);
    }
  }

  #dropIndex(): void {
    const number = this.#head[this.#begin + BOOK.index] as number;
    if (number === 0) return;
    this.#shelf.indexes.remove(number);
    this.#head[this.#begin + BOOK.index] = 0;
    this.#index = undefined;
  }

  #siteHash(words: ArrayLike<number>, at: number): number {
    const { arena, seed } = this.#shelf;
    return mixWords(words[at] as number, arena.ipWords === 4 ? (words[at + 1] as number) : 0, 0, 0, ~seed);
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
