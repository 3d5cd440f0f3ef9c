// Swarms in memory, some 30 bytes a peer. An announce costs the peers it hands out and a bounded share of looking for expired
// ones, however large the swarm is.
// A swarm is a row of a table and as good as no object: of 10,000 swarms and a million peers the collector sees nothing.
// Invariants: the counts are the sums over all books; no peer of a swarm is past its time at `nextExpiry` or before, unless the
// swarm has saved too little credit to be looked through. A row is good until a swarm is forgotten.
import type { ScrapeCounts } from './announce.ts';
import { BookIndexes } from './book-index.ts';
import { Carver } from './carver.ts';
import { TrackerError } from './errors.ts';
import { type HostWords, newHostWords, readHost } from './host-words.ts';
import { IdKinds } from './id-kinds.ts';
import { NumberLists } from './number-lists.ts';
import { PeerArena } from './peer-arena.ts';
import { BOOK, PeerBook, type Shelf } from './peer-book.ts';
import { sipKey } from './sip-hash.ts';
import { readSnapshot, SnapshotWriter } from './swarm-snapshot.ts';
import type {
  CompactSwarmAnswer,
  PeerRole,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmPeer,
  SwarmStore,
  SwarmTotals,
} from './swarm-store.ts';
import { SWARM, SwarmTable } from './swarm-table.ts';

/** How much a store in memory may hold. */
export interface MemorySwarmStoreOptions {
  /** In [0, 1). */
  readonly random: () => number;
  /** Peers of all swarms together. Default 1,000,000. */
  readonly maxPeers?: number;
  /** Default 100,000. */
  readonly maxSwarms?: number;
  /** Entries of one IPv4 address or IPv6 /64 in one swarm; the one silent for longest gives way. Default 1,000. */
  readonly maxPeersPerHost?: number;
}

/** Swarms looked at for expired peers with each announce, besides its own. */
const SWEPT_PER_ANNOUNCE = 2;
/** Peers an announce pays for: a swarm of up to so many is always exact, one of 64,000 lags by 1,000 announces. */
const CREDIT = 64;
/** What the totals look at before they are told. */
const SWEPT_FOR_TOTALS = 20_000;
/** How long a swarm that nobody is in keeps its count of completed downloads. */
const COMPLETED_KEPT_MINUTES = 24 * 60;
const LOOKED_AT_WHEN_FULL = 1_000;
/** Ticks are milliseconds, compared modulo 2^32: no entry may live for longer than a quarter of that, 12 days. */
const MAX_LIFE_MS = 2 ** 30;
const MAX_CHOSEN = 2_000;
const ROLES: readonly PeerRole[] = ['leech', 'partial', 'seed'];
const LEECHES: readonly PeerRole[] = ['leech'];
const NO_PEERS = new Uint8Array(0);
const NOBODY: ScrapeCounts = { seeders: 0, leechers: 0, completed: 0, downloaders: 0 };

export class MemorySwarmStore implements SwarmStore {
  readonly #random: () => number;
  readonly #maxPeers: number;
  readonly #maxSwarms: number;
  readonly #maxPeersPerHost: number;
  readonly #swarms: SwarmTable;
  /** Opened at one swarm's book after the other. */
  readonly #four: PeerBook;
  readonly #six: PeerBook;
  #cursor = 0;
  #peerCount = 0;
  #seedCount = 0;
  /** Swarms that somebody is in. */
  #busy = 0;
  #lastCall = Number.NEGATIVE_INFINITY;
  readonly #host: HostWords = newHostWords();
  /** Addresses of the records chosen for an answer: the family's own first, then the other's; and their roles. */
  readonly #chosen = new Int32Array(MAX_CHOSEN);
  readonly #chosenRoles: PeerRole[] = [];
  #own = 0;
  #others = 0;
  readonly #carver = new Carver();

  constructor(options: MemorySwarmStoreOptions) {
    this.#random = options.random;
    this.#maxPeers = options.maxPeers ?? 1_000_000;
    this.#maxSwarms = options.maxSwarms ?? 100_000;
    this.#maxPeersPerHost = options.maxPeersPerHost ?? 1_000;
    const { random } = options;
    const shared = { kinds: new IdKinds(), random, seed: Math.floor(random() * 2 ** 32) | 0 };
    const shelfFor = (family: 4 | 6): Shelf => {
      return { ...shared, arena: new PeerArena(family), lists: new NumberLists(), indexes: new BookIndexes() };
    };
    this.#four = new PeerBook(shelfFor(4));
    this.#six = new PeerBook(shelfFor(6));
    this.#swarms = new SwarmTable(sipKey(Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256))));
  }

  announce(announce: SwarmAnnounce): SwarmAnswer {
    const row = this.#run(announce);
    const [near, far] = announce.family === 4 ? [this.#four, this.#six] : [this.#six, this.#four];
    const peers: SwarmPeer[] = [];
    for (let pick = 0; pick < this.#own + this.#others; pick++) {
      const book = pick < this.#own ? near : far;
      peers.push(book.peerAt(this.#chosen[pick] as number, this.#chosenRoles[pick] as PeerRole));
    }
    return { ...this.#countsOf(row), peers };
  }

  announceCompact(announce: SwarmAnnounce): CompactSwarmAnswer {
    const row = this.#run(announce);
    const isFour = announce.family === 4;
    const [n4, n6] = isFour ? [this.#own, this.#others] : [this.#others, this.#own];
    const peers4 = n4 > 0 ? this.#write(this.#four, isFour ? 0 : this.#own, n4, 6) : NO_PEERS;
    const peers6 = n6 > 0 ? this.#write(this.#six, isFour ? this.#own : 0, n6, 18) : NO_PEERS;
    const { seeders, leechers, completed, downloaders } = this.#countsOf(row);
    return { seeders, leechers, completed, downloaders, peers4, peers6 };
  }

  scrape(infoHash: Uint8Array, now: number): ScrapeCounts | null {
    const row = this.#swarms.find(infoHash);
    if (row < 0) return null;
    this.#expire(row, this.#tickAt(now));
    return this.#countsOf(row);
  }

  *scrapeAll(now: number): Generator<readonly [Uint8Array, ScrapeCounts], void> {
    const tick = this.#tickAt(now);
    for (let row = 0; row < this.#swarms.size; row++) {
      this.#expire(row, tick);
      yield [this.#swarms.infoHash(row), this.#countsOf(row)];
    }
  }

  totals(now: number): SwarmTotals {
    const tick = this.#tickAt(now);
    for (let looked = 0, left = this.#swarms.size; left > 0 && looked < SWEPT_FOR_TOTALS; left--) {
      if (this.#cursor >= this.#swarms.size) this.#cursor = 0;
      looked += 1 + this.#sizeOf(this.#cursor);
      this.#expire(this.#cursor, tick, SWEPT_FOR_TOTALS);
      this.#cursor++;
    }
    return { torrents: this.#busy, seeders: this.#seedCount, leechers: this.#peerCount - this.#seedCount };
  }

  /**
   * What stands in the store, for `restore` in another run: pieces of some 64 KiB, to be written one behind the other. It
   * may be drained slowly, between announces: what changes meanwhile is in it or is not.
   */
  *snapshot(now: number): Generator<Uint8Array, void> {
    const tick = this.#tickAt(now);
    yield SnapshotWriter.begin();
    const writer = new SnapshotWriter();
    for (let row = 0; row < this.#swarms.size; row++) {
      const infoHash = this.#swarms.infoHash(row);
      writer.swarm(infoHash, this.#swarms.words(row)[this.#swarms.at(row) + SWARM.completed] as number);
      for (const family of [4, 6] as const) {
        let book = this.#open(row, family);
        for (let position = 0; position < book.size; position++) {
          const lives = (book.expiryAt(position) - tick) | 0;
          if (lives > 0) writer.peer(book.peerAt(book.addressOf(position), book.roleAt(position)), lives);
          if (!writer.isFull) continue;
          yield writer.take();
          // Meanwhile the swarm may be forgotten and another stand in its place, which must not be told under its name.
          if (!this.#swarms.isOf(row, infoHash)) break;
          book = this.#open(row, family);
        }
        if (!this.#swarms.isOf(row, infoHash)) break;
      }
      if (writer.isFull) yield writer.take();
    }
    const last = writer.take();
    yield last;
    // A piece of nothing is the end; the last may have been that already.
    if (last.length > 8) yield writer.take();
  }

  /**
   * Enters what another run left `agoMs` milliseconds ago, into a store that is empty: who is past its time by now is left
   * out, nobody lives longer than `maxLifeMs`, and the store's limits hold. Answers how many peers were entered. Throws
   * TrackerError ERR_TRACKER_SNAPSHOT, with nothing entered, for bytes that are no whole snapshot.
   */
  restore(bytes: Uint8Array, now: number, agoMs: number, maxLifeMs: number = MAX_LIFE_MS): number {
    const tick = this.#tickAt(now);
    let row = -1;
    readSnapshot(bytes, {
      swarm: (infoHash, completed) => {
        row = this.#swarms.find(infoHash);
        if (row < 0 && this.#swarms.size < this.#maxSwarms) row = this.#add(infoHash, now);
        if (row >= 0) this.#swarms.words(row)[this.#swarms.at(row) + SWARM.completed] = completed;
      },
      peer: (peer, livesMs) => {
        const lives = Math.min(livesMs - agoMs, maxLifeMs, MAX_LIFE_MS);
        if (row < 0 || lives < 1 || this.#peerCount >= this.#maxPeers) return;
        this.#enter(row, peer, peer.role, null, (tick + Math.floor(lives)) | 0);
      },
    });
    return this.#peerCount;
  }

  /** Throws where an invariant does not hold: for tests. */
  checkInvariants(): void {
    let [peers, seeds, busy] = [0, 0, 0];
    this.#swarms.checkInvariants();
    for (let row = 0; row < this.#swarms.size; row++) {
      this.#open(row, 4).checkInvariants();
      this.#open(row, 6).checkInvariants();
      peers += this.#sizeOf(row);
      seeds += this.#four.seeds + this.#six.seeds;
      if (this.#sizeOf(row) > 0) busy++;
    }
    const told = [this.#peerCount, this.#seedCount, this.#busy].join();
    const counted = [peers, seeds, busy].join();
    if (told !== counted) throw new Error(`peers, seeds, busy: ${told} told, ${counted} counted`);
  }

  /**
   * What an announce does. Answers its row, or -1, with the books of it opened; the peers chosen for it are `#own` of its
   * family and then `#others` in `#chosen`.
   */
  #run(announce: SwarmAnnounce): number {
    const { now, peer, event } = announce;
    const tick = this.#tickAt(now);
    this.#own = this.#others = 0;
    this.#sweep(now, tick);
    let row = this.#swarms.find(announce.infoHash);
    if (row >= 0) this.#expire(row, tick);
    if (event === 'stopped') {
      if (peer && row >= 0) this.#leave(row, peer);
      return row;
    }
    let self = -1;
    let selfFamily: 0 | 4 | 6 = 0;
    if (peer) {
      if (row < 0) row = this.#add(announce.infoHash, now);
      this.#swarms.words(row)[this.#swarms.at(row) + SWARM.announcedAt] = Math.floor(now / 60_000);
      const lives = Math.ceil(Math.min(announce.expiresAt - now, MAX_LIFE_MS));
      selfFamily = peer.host.includes(':') ? 6 : 4;
      self = this.#enter(row, peer, peer.role, event, (tick + lives) | 0);
    }
    if (row < 0) return row;
    const numwant = Math.min(announce.numwant, MAX_CHOSEN);
    const four = this.#open(row, 4);
    const six = this.#open(row, 6);
    const [near, far] = announce.family === 4 ? [four, six] : [six, four];
    const isNear = selfFamily === announce.family;
    this.#own = this.#choose(near, announce, isNear ? self : -1, tick, 0, numwant);
    if (announce.onlyFamily !== true) {
      this.#others = this.#choose(far, announce, isNear ? -1 : self, tick, this.#own, numwant - this.#own);
    }
    return row;
  }

  /** Leeches and seeds in proportion, so that no kind is starved. A seed needs leeches only. */
  #choose(book: PeerBook, announce: SwarmAnnounce, self: number, tick: number, at: number, numwant: number): number {
    if (book.size === 0 || numwant <= 0) return 0;
    const roles = announce.role === 'leech' ? ROLES : LEECHES;
    let rest = announce.role === 'leech' ? book.size : book.leeches;
    let taken = 0;
    for (const role of roles) {
      const size = role === 'leech' ? book.leeches : role === 'partial' ? book.partials : book.seeds;
      const room = numwant - taken;
      const share = rest <= room ? size : Math.ceil((room * size) / rest);
      rest -= size;
      const more = book.sample(role, Math.min(room, share), self, announce.peerId, tick, this.#chosen, at + taken);
      for (let pick = at + taken; pick < at + taken + more; pick++) this.#chosenRoles[pick] = role;
      taken += more;
    }
    return taken;
  }

  /** Enters or refreshes. Answers the position in its family's book; -1 where a crowded host gets no entry. */
  #enter(row: number, peer: SwarmPeer, role: PeerRole, event: SwarmAnnounce['event'], expiry: number): number {
    const family = readHost(peer.host, this.#host);
    if (family === 0) throw new RangeError(`${peer.host} is no IP address`);
    const book = this.#open(row, family);
    const known = book.find(this.#host, peer.port);
    const before = this.#sizeOf(row);
    const words = this.#swarms.words(row);
    const at = this.#swarms.at(row);
    if (before === 0 || ((expiry - (words[at + SWARM.nextExpiry] as number)) | 0) < 0) {
      words[at + SWARM.nextExpiry] = expiry;
    }
    if (known >= 0) {
      const was = book.roleAt(known);
      // Only who was seen downloading has completed a download; a repeated event counts once.
      if (event === 'completed' && was !== 'seed')
        words[at + SWARM.completed] = 1 + (words[at + SWARM.completed] as number);
      this.#seedCount += (role === 'seed' ? 1 : 0) - (was === 'seed' ? 1 : 0);
      return book.refresh(known, peer.peerId, expiry, role);
    }
    if (this.#peerCount >= this.#maxPeers) {
      throw new TrackerError('ERR_TRACKER_FULL', `this tracker lists ${this.#maxPeers} peers already`);
    }
    if (book.isCrowded(this.#host, this.#maxPeersPerHost)) {
      const [size, seeds] = [book.size, book.seeds];
      if (!book.makeRoom(this.#host, this.#maxPeersPerHost)) return -1;
      this.#peerCount += book.size - size;
      this.#seedCount += book.seeds - seeds;
    }
    book.add(this.#host, peer.port, peer.peerId, expiry, role);
    if (before === 0) this.#busy++;
    this.#peerCount++;
    if (role === 'seed') this.#seedCount++;
    return role === 'leech' ? book.leeches - 1 : role === 'partial' ? book.leeches + book.partials - 1 : book.size - 1;
  }

  /** A swarm's book of a family, until another one of that family is opened. */
  #open(row: number, family: 4 | 6): PeerBook {
    const at = this.#swarms.at(row);
    return family === 4
      ? this.#four.open(this.#swarms.words(row), at + SWARM.four)
      : this.#six.open(this.#swarms.words(row), at + SWARM.six);
  }

  #leave(row: number, peer: SwarmPeer): void {
    const family = readHost(peer.host, this.#host);
    if (family === 0) return;
    const book = this.#open(row, family);
    const position = book.find(this.#host, peer.port);
    if (position < 0) return;
    if (book.roleAt(position) === 'seed') this.#seedCount--;
    book.remove(position);
    this.#peerCount--;
    if (this.#sizeOf(row) === 0) this.#busy--;
  }

  #add(infoHash: Uint8Array, now: number): number {
    if (this.#swarms.size >= this.#maxSwarms && !this.#forgetEmpty()) {
      throw new TrackerError('ERR_TRACKER_FULL', `this tracker serves ${this.#maxSwarms} torrents already`);
    }
    const row = this.#swarms.add(infoHash);
    this.#swarms.words(row)[this.#swarms.at(row) + SWARM.announcedAt] = Math.floor(now / 60_000);
    return row;
  }

  /** Takes out who is past its time, if the swarm can pay for the looking; false where it cannot yet. */
  #expire(row: number, tick: number, credit: number = CREDIT): boolean {
    const size = this.#sizeOf(row);
    const words = this.#swarms.words(row);
    const at = this.#swarms.at(row);
    if (size === 0 || (((words[at + SWARM.nextExpiry] as number) - tick) | 0) > 0) return true;
    const saved = (words[at + SWARM.credit] as number) + credit;
    words[at + SWARM.credit] = saved < size ? saved : 0;
    if (saved < size) return false;
    const book4 = this.#open(row, 4);
    const book6 = this.#open(row, 6);
    const seeds = book4.seeds + book6.seeds;
    const four = book4.expire(tick);
    const six = book6.expire(tick);
    const isFirst = six === undefined || (four !== undefined && ((four - six) | 0) < 0);
    words[at + SWARM.nextExpiry] = (isFirst ? four : six) ?? 0;
    this.#peerCount += this.#sizeOf(row) - size;
    this.#seedCount += book4.seeds + book6.seeds - seeds;
    if (this.#sizeOf(row) === 0) this.#busy--;
    return true;
  }

  /** Looks at the next swarms in turn; forgets those that nobody is in, with completed downloads only after a day. */
  #sweep(now: number, tick: number): void {
    for (let look = 0; look < SWEPT_PER_ANNOUNCE && this.#swarms.size > 0; look++) {
      if (this.#cursor >= this.#swarms.size) this.#cursor = 0;
      const row = this.#cursor;
      if (!this.#expire(row, tick)) return;
      if (this.#sizeOf(row) > 0 || this.#isKept(row, now)) this.#cursor++;
      else this.#swarms.remove(row);
    }
  }

  #isKept(row: number, now: number): boolean {
    const words = this.#swarms.words(row);
    const at = this.#swarms.at(row);
    const silent = Math.floor(now / 60_000) - (words[at + SWARM.announcedAt] as number);
    return words[at + SWARM.completed] !== 0 && silent < COMPLETED_KEPT_MINUTES;
  }

  /** Makes room for a torrent where one that nobody is in stands among the next; answers whether it did. */
  #forgetEmpty(): boolean {
    if (this.#busy === this.#swarms.size) return false;
    for (let look = 0; look < Math.min(LOOKED_AT_WHEN_FULL, this.#swarms.size); look++, this.#cursor++) {
      if (this.#cursor >= this.#swarms.size) this.#cursor = 0;
      if (this.#sizeOf(this.#cursor) > 0) continue;
      this.#swarms.remove(this.#cursor);
      return true;
    }
    return false;
  }

  /** Nobody who was listed before a silence of more than 12 days can still be; ticks could not tell. */
  #tickAt(now: number): number {
    if (now - this.#lastCall > MAX_LIFE_MS) {
      for (let row = 0; row < this.#swarms.size; row++) {
        this.#open(row, 4).clear();
        this.#open(row, 6).clear();
      }
      this.#peerCount = this.#seedCount = this.#busy = 0;
    }
    this.#lastCall = now;
    return Math.floor(now) | 0;
  }

  #sizeOf(row: number): number {
    const words = this.#swarms.words(row);
    const at = this.#swarms.at(row);
    return (words[at + SWARM.four + BOOK.size] as number) + (words[at + SWARM.six + BOOK.size] as number);
  }

  /** Of a row, or of -1. */
  #countsOf(row: number): ScrapeCounts {
    if (row < 0) return NOBODY;
    const four = this.#open(row, 4);
    const six = this.#open(row, 6);
    const seeders = four.seeds + six.seeds;
    const completed = (this.#swarms.words(row)[this.#swarms.at(row) + SWARM.completed] as number) >>> 0;
    return {
      seeders,
      leechers: four.size + six.size - seeders,
      completed,
      downloaders: four.leeches + six.leeches,
    };
  }

  #write(book: PeerBook, from: number, count: number, size: number): Uint8Array {
    const bytes = this.#carver.cut(count * size);
    book.writeCompact(this.#chosen, from, from + count, bytes);
    return bytes;
  }
}
