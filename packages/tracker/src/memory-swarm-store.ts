// Swarms in memory, some 30 bytes a peer. An announce costs the peers it hands out and a bounded share of looking for expired
// ones, however large the swarm is.
// Invariants: `#order[swarm.place] === swarm`; the counts are the sums over all books; no peer of a swarm is past its time at
// `nextExpiry` or before, unless the swarm has saved too little credit to be looked through.
import { keyBytes, keyFromBytes } from '@shoal/bencode';
import type { ScrapeCounts } from './announce.ts';
import { Carver } from './carver.ts';
import { TrackerError } from './errors.ts';
import { type HostWords, newHostWords, readHost } from './host-words.ts';
import { IdKinds } from './id-kinds.ts';
import { PeerArena } from './peer-arena.ts';
import { PeerBook, type Shelf } from './peer-book.ts';
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

interface Swarm {
  /** One character a byte. */
  readonly infoHash: string;
  four: PeerBook | undefined;
  six: PeerBook | undefined;
  completed: number;
  /** The newest announce, in minutes of the times that `announce` is told. */
  announcedAt: number;
  /** A tick. */
  nextExpiry: number;
  /** How many peers may be looked at for expired ones. */
  credit: number;
  /** Index in `#order`. */
  place: number;
}

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

export class MemorySwarmStore implements SwarmStore {
  readonly #random: () => number;
  readonly #maxPeers: number;
  readonly #maxSwarms: number;
  readonly #maxPeersPerHost: number;
  readonly #shelf4: Shelf;
  readonly #shelf6: Shelf;
  readonly #swarms: Map<string, Swarm> = new Map();
  readonly #order: Swarm[] = [];
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
  readonly #carver = new Carver();

  constructor(options: MemorySwarmStoreOptions) {
    this.#random = options.random;
    this.#maxPeers = options.maxPeers ?? 1_000_000;
    this.#maxSwarms = options.maxSwarms ?? 100_000;
    this.#maxPeersPerHost = options.maxPeersPerHost ?? 1_000;
    const shared = { kinds: new IdKinds(), random: options.random, seed: Math.floor(options.random() * 2 ** 32) | 0 };
    this.#shelf4 = { ...shared, arena: new PeerArena(4) };
    this.#shelf6 = { ...shared, arena: new PeerArena(6) };
  }

  announce(announce: SwarmAnnounce): SwarmAnswer {
    const { swarm, own, others } = this.#run(announce);
    const [near, far] = announce.family === 4 ? [swarm?.four, swarm?.six] : [swarm?.six, swarm?.four];
    const peers: SwarmPeer[] = [];
    for (let pick = 0; pick < own + others; pick++) {
      const book = (pick < own ? near : far) as PeerBook;
      peers.push(book.peerAt(this.#chosen[pick] as number, this.#chosenRoles[pick] as PeerRole));
    }
    return { ...countsOf(swarm), peers };
  }

  announceCompact(announce: SwarmAnnounce): CompactSwarmAnswer {
    const { swarm, own, others } = this.#run(announce);
    const [n4, n6] = announce.family === 4 ? [own, others] : [others, own];
    const peers4 = n4 > 0 ? this.#write(swarm?.four as PeerBook, announce.family === 4 ? 0 : own, n4, 6) : NO_PEERS;
    const peers6 = n6 > 0 ? this.#write(swarm?.six as PeerBook, announce.family === 6 ? 0 : own, n6, 18) : NO_PEERS;
    const seeders = seedersOf(swarm);
    const downloaders = downloadersOf(swarm);
    const leechers = sizeOf(swarm) - seeders;
    return { seeders, leechers, completed: swarm?.completed ?? 0, downloaders, peers4, peers6 };
  }

  scrape(infoHash: Uint8Array, now: number): ScrapeCounts | null {
    const swarm = this.#swarms.get(keyFromBytes(infoHash));
    if (!swarm) return null;
    this.#expire(swarm, this.#tickAt(now));
    return countsOf(swarm);
  }

  *scrapeAll(now: number): Generator<readonly [Uint8Array, ScrapeCounts], void> {
    const tick = this.#tickAt(now);
    for (let place = 0; place < this.#order.length; place++) {
      const swarm = this.#order[place] as Swarm;
      this.#expire(swarm, tick);
      yield [keyBytes(swarm.infoHash), countsOf(swarm)];
    }
  }

  totals(now: number): SwarmTotals {
    const tick = this.#tickAt(now);
    for (let looked = 0, left = this.#order.length; left > 0 && looked < SWEPT_FOR_TOTALS; left--) {
      if (this.#cursor >= this.#order.length) this.#cursor = 0;
      const swarm = this.#order[this.#cursor] as Swarm;
      looked += 1 + sizeOf(swarm);
      this.#expire(swarm, tick, SWEPT_FOR_TOTALS);
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
    for (let place = 0; place < this.#order.length; place++) {
      const swarm = this.#order[place] as Swarm;
      writer.swarm(swarm.infoHash, swarm.completed);
      for (const book of [swarm.four, swarm.six]) {
        for (let position = 0; book && position < book.size; position++) {
          const lives = (book.expiryAt(position) - tick) | 0;
          if (lives > 0) writer.peer(book.peerAt(book.addressOf(position), book.roleAt(position)), lives);
          if (writer.isFull) yield writer.take();
        }
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
    let swarm: Swarm | undefined;
    readSnapshot(bytes, {
      swarm: (infoHash, completed) => {
        swarm = this.#swarms.get(infoHash);
        if (!swarm && this.#order.length < this.#maxSwarms) swarm = this.#open(infoHash, now);
        if (swarm) swarm.completed = completed;
      },
      peer: (peer, livesMs) => {
        const lives = Math.min(livesMs - agoMs, maxLifeMs, MAX_LIFE_MS);
        if (!swarm || lives < 1 || this.#peerCount >= this.#maxPeers) return;
        this.#enter(swarm, peer, peer.role, null, (tick + Math.floor(lives)) | 0);
      },
    });
    return this.#peerCount;
  }

  /** Throws where an invariant does not hold: for tests. */
  checkInvariants(): void {
    let [peers, seeds, busy] = [0, 0, 0];
    for (const [place, swarm] of this.#order.entries()) {
      if (swarm.place !== place || this.#swarms.get(swarm.infoHash) !== swarm)
        throw new Error(`swarm ${place} is lost`);
      swarm.four?.checkInvariants();
      swarm.six?.checkInvariants();
      peers += sizeOf(swarm);
      seeds += seedersOf(swarm);
      if (sizeOf(swarm) > 0) busy++;
    }
    const told = [this.#order.length, this.#peerCount, this.#seedCount, this.#busy].join();
    const counted = [this.#swarms.size, peers, seeds, busy].join();
    if (told !== counted) throw new Error(`swarms, peers, seeds, busy: ${told} told, ${counted} counted`);
  }

  #run(announce: SwarmAnnounce): { swarm: Swarm | undefined; own: number; others: number } {
    const { now, peer, event } = announce;
    const tick = this.#tickAt(now);
    this.#sweep(now, tick);
    const name = keyFromBytes(announce.infoHash);
    let swarm = this.#swarms.get(name);
    if (swarm) this.#expire(swarm, tick);
    if (event === 'stopped') {
      if (peer && swarm) this.#leave(swarm, peer);
      return { swarm, own: 0, others: 0 };
    }
    let self = -1;
    if (peer) {
      swarm ??= this.#open(name, now);
      swarm.announcedAt = Math.floor(now / 60_000);
      const lives = Math.ceil(Math.min(announce.expiresAt - now, MAX_LIFE_MS));
      self = this.#enter(swarm, peer, peer.role, event, (tick + lives) | 0);
    }
    if (!swarm) return { swarm, own: 0, others: 0 };
    const numwant = Math.min(announce.numwant, MAX_CHOSEN);
    const isNear = peer !== null && self >= 0 && (peer.host.includes(':') ? 6 : 4) === announce.family;
    const [near, far] = announce.family === 4 ? [swarm.four, swarm.six] : [swarm.six, swarm.four];
    const own = this.#choose(near, announce, isNear ? self : -1, tick, 0, numwant);
    const others =
      announce.onlyFamily === true ? 0 : this.#choose(far, announce, isNear ? -1 : self, tick, own, numwant - own);
    return { swarm, own, others };
  }

  /** Leeches and seeds in proportion, so that no kind is starved. A seed needs leeches only. */
  #choose(
    book: PeerBook | undefined,
    announce: SwarmAnnounce,
    self: number,
    tick: number,
    at: number,
    numwant: number,
  ): number {
    if (!book || book.size === 0 || numwant <= 0) return 0;
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
  #enter(swarm: Swarm, peer: SwarmPeer, role: PeerRole, event: SwarmAnnounce['event'], expiry: number): number {
    const family = readHost(peer.host, this.#host);
    if (family === 0) throw new RangeError(`${peer.host} is no IP address`);
    const book = this.#bookOf(swarm, family);
    const known = book.find(this.#host, peer.port);
    const before = sizeOf(swarm);
    if (before === 0 || ((expiry - swarm.nextExpiry) | 0) < 0) swarm.nextExpiry = expiry;
    if (known >= 0) {
      const was = book.roleAt(known);
      // Only who was seen downloading has completed a download; a repeated event counts once.
      if (event === 'completed' && was !== 'seed') swarm.completed++;
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

  #bookOf(swarm: Swarm, family: 4 | 6): PeerBook {
    if (family === 4) {
      swarm.four ??= new PeerBook(this.#shelf4);
      return swarm.four;
    }
    swarm.six ??= new PeerBook(this.#shelf6);
    return swarm.six;
  }

  #leave(swarm: Swarm, peer: SwarmPeer): void {
    const family = readHost(peer.host, this.#host);
    const book = family === 4 ? swarm.four : swarm.six;
    const position = book?.find(this.#host, peer.port) ?? -1;
    if (!book || position < 0) return;
    if (book.roleAt(position) === 'seed') this.#seedCount--;
    book.remove(position);
    this.#peerCount--;
    if (sizeOf(swarm) === 0) this.#busy--;
  }

  #open(infoHash: string, now: number): Swarm {
    if (this.#order.length >= this.#maxSwarms && !this.#forgetEmpty()) {
      throw new TrackerError('ERR_TRACKER_FULL', `this tracker serves ${this.#maxSwarms} torrents already`);
    }
    const swarm: Swarm = {
      infoHash,
      four: undefined,
      six: undefined,
      completed: 0,
      announcedAt: Math.floor(now / 60_000),
      nextExpiry: 0,
      credit: 0,
      place: this.#order.length,
    };
    this.#order.push(swarm);
    this.#swarms.set(infoHash, swarm);
    return swarm;
  }

  #forget(swarm: Swarm): void {
    this.#swarms.delete(swarm.infoHash);
    const last = this.#order.pop() as Swarm;
    if (last === swarm) return;
    last.place = swarm.place;
    this.#order[swarm.place] = last;
  }

  /** Takes out who is past its time, if the swarm can pay for the looking; false where it cannot yet. */
  #expire(swarm: Swarm, tick: number, credit: number = CREDIT): boolean {
    const size = sizeOf(swarm);
    if (size === 0 || ((swarm.nextExpiry - tick) | 0) > 0) return true;
    swarm.credit += credit;
    if (swarm.credit < size) return false;
    swarm.credit = 0;
    const seeds = seedersOf(swarm);
    const four = swarm.four?.expire(tick);
    const six = swarm.six?.expire(tick);
    const isFirst = six === undefined || (four !== undefined && ((four - six) | 0) < 0);
    swarm.nextExpiry = (isFirst ? four : six) ?? 0;
    this.#peerCount += sizeOf(swarm) - size;
    this.#seedCount += seedersOf(swarm) - seeds;
    if (sizeOf(swarm) === 0) this.#busy--;
    return true;
  }

  /** Looks at the next swarms in turn; forgets those that nobody is in, with completed downloads only after a day. */
  #sweep(now: number, tick: number): void {
    for (let look = 0; look < SWEPT_PER_ANNOUNCE && this.#order.length > 0; look++) {
      if (this.#cursor >= this.#order.length) this.#cursor = 0;
      const swarm = this.#order[this.#cursor] as Swarm;
      if (!this.#expire(swarm, tick)) return;
      const isKept = swarm.completed > 0 && Math.floor(now / 60_000) - swarm.announcedAt < COMPLETED_KEPT_MINUTES;
      if (sizeOf(swarm) > 0 || isKept) this.#cursor++;
      else this.#forget(swarm);
    }
  }

  /** Makes room for a torrent where one that nobody is in stands among the next; answers whether it did. */
  #forgetEmpty(): boolean {
    if (this.#busy === this.#order.length) return false;
    for (let look = 0; look < Math.min(LOOKED_AT_WHEN_FULL, this.#order.length); look++, this.#cursor++) {
      if (this.#cursor >= this.#order.length) this.#cursor = 0;
      const swarm = this.#order[this.#cursor] as Swarm;
      if (sizeOf(swarm) > 0) continue;
      this.#forget(swarm);
      return true;
    }
    return false;
  }

  /** Nobody who was listed before a silence of more than 12 days can still be; ticks could not tell. */
  #tickAt(now: number): number {
    if (now - this.#lastCall > MAX_LIFE_MS) {
      for (const swarm of this.#order) {
        swarm.four?.clear();
        swarm.six?.clear();
      }
      this.#peerCount = this.#seedCount = this.#busy = 0;
    }
    this.#lastCall = now;
    return Math.floor(now) | 0;
  }

  #write(book: PeerBook, from: number, count: number, size: number): Uint8Array {
    const bytes = this.#carver.cut(count * size);
    book.writeCompact(this.#chosen, from, from + count, bytes);
    return bytes;
  }
}

function sizeOf(swarm: Swarm | undefined): number {
  return (swarm?.four?.size ?? 0) + (swarm?.six?.size ?? 0);
}

function seedersOf(swarm: Swarm | undefined): number {
  return (swarm?.four?.seeds ?? 0) + (swarm?.six?.seeds ?? 0);
}

function downloadersOf(swarm: Swarm | undefined): number {
  return (swarm?.four?.leeches ?? 0) + (swarm?.six?.leeches ?? 0);
}

function countsOf(swarm: Swarm | undefined): ScrapeCounts {
  const seeders = seedersOf(swarm);
  const leechers = sizeOf(swarm) - seeders;
  return { seeders, leechers, completed: swarm?.completed ?? 0, downloaders: downloadersOf(swarm) };
}
