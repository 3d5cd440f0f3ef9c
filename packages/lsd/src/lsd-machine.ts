// When which torrents are announced, and which announcements of others count (BEP 14). A state machine without sockets:
// datagrams and the time go in, datagrams and peers come out. Invariants: a torrent is announced at most once a minute and, while its
// port is known, at least every five; no more than `BURST` datagrams a second leave for each group; what one source, all sources, or all peers of one torrent may cost a
// minute is bounded; our own announcements, known by their cookie, are not heard.
import { formatEndpoint, type InfoHash, normalizeIp } from '@shoal/primitives';
import { type Announcement, decodeAnnouncement, encodeAnnouncement, MOST_INFO_HASHES } from './announcement.ts';
import { LsdError } from './errors.ts';

const EVERY_MS = 300_000;
const LEAST_MS = 60_000;
/** Torrents are mostly added several at once. */
const GATHER_MS = 100;
/** How soon to look again for the port of a client that does not listen yet. */
const NO_PORT_MS = 5_000;
const BURST = 8;
const BURST_MS = 1_000;
const WINDOW_MS = 60_000;
/** Datagrams a minute of one source; libtorrent sends three for each torrent when it starts. */
const PER_SOURCE = 300;
const IN_ALL = 3_000;
/** Peers of one torrent that are passed on in a minute. */
const PER_TORRENT = 100;
/** Neighbours of a torrent that are remembered. */
const HEARD = 500;
/** Torrents that are gone whose last announcement is remembered. */
const PARTED = 1_000;

/** What the machine wants done, or has found. */
export type LsdOutput =
  | { readonly type: 'send'; readonly family: 4 | 6; readonly bytes: Uint8Array }
  /** Somebody is in the torrent, and listens at `address`, `host:port`. */
  | { readonly type: 'peer'; readonly infoHash: InfoHash; readonly address: string };

interface Entry {
  readonly infoHash: InfoHash;
  readonly port: () => number;
  announcedAt: number;
  nextAt: number;
  /** When each address was passed on. */
  readonly heard: Map<string, number>;
  /** Passed on within this minute. */
  passedOn: number;
}

/** The protocol without sockets (BEP 14): datagrams and time in, datagrams and peers out. */
export class LsdMachine {
  readonly #cookie: string;
  /** By the info-hash in hex. */
  readonly #entries: Map<string, Entry> = new Map();
  /** When torrents that are gone were announced last: who pauses and resumes one does not announce it each time. */
  readonly #parted: Map<string, number> = new Map();
  readonly #output: LsdOutput[] = [];
  #notBefore: number = Number.NEGATIVE_INFINITY;
  #windowStart: number = Number.NEGATIVE_INFINITY;
  #received = 0;
  readonly #bySource: Map<string, number> = new Map();

  /** `cookie`: random text, another for each client. */
  constructor(options: { cookie: string }) {
    this.#cookie = options.cookie;
  }

  /** From now on the torrent is announced and heard of. `port` answers 0 while there is none. Throws TypeError for one that is there. */
  add(infoHash: InfoHash, port: () => number, now: number): void {
    if (this.#entries.has(infoHash.hex)) throw new TypeError(`${infoHash.hex} is announced already`);
    const announcedAt = this.#parted.get(infoHash.hex) ?? Number.NEGATIVE_INFINITY;
    this.#entries.set(infoHash.hex, {
      infoHash,
      port,
      announcedAt,
      nextAt: Math.max(now + GATHER_MS, announcedAt + LEAST_MS),
      heard: new Map(),
      passedOn: 0,
    });
  }

  remove({ hex }: InfoHash): void {
    const entry = this.#entries.get(hex);
    if (!entry) return;
    this.#entries.delete(hex);
    this.#parted.delete(hex);
    this.#parted.set(hex, entry.announcedAt);
    const [oldest] = this.#parted.keys();
    if (this.#parted.size > PARTED && oldest !== undefined) this.#parted.delete(oldest);
  }

  /** The next announcement, as soon as the last one is a minute ago. */
  hurry(infoHash: InfoHash, now: number): void {
    const entry = this.#entries.get(infoHash.hex);
    if (entry) entry.nextAt = Math.min(entry.nextAt, Math.max(now, entry.announcedAt + LEAST_MS));
  }

  /** When the torrent is announced next; undefined for one that is not here. */
  nextAt(infoHash: InfoHash): number | undefined {
    return this.#entries.get(infoHash.hex)?.nextAt;
  }

  /** Neighbours in the torrent that were heard of. */
  heard(infoHash: InfoHash): number {
    return this.#entries.get(infoHash.hex)?.heard.size ?? 0;
  }

  /** Takes a datagram that came from an IP address. What is no announcement is ignored. */
  receive(bytes: Uint8Array, from: string, now: number): void {
    const host = normalizeIp(from);
    if (host === undefined || this.#entries.size === 0 || !this.#mayCost(host, now)) return;
    let announcement: Announcement;
    try {
      announcement = decodeAnnouncement(bytes);
    } catch (error) {
      if (error instanceof LsdError) return;
      throw error;
    }
    if (announcement.cookie === this.#cookie) return;
    const address = formatEndpoint({ host, port: announcement.port });
    for (const { hex } of announcement.infoHashes) {
      const entry = this.#entries.get(hex);
      if (entry) this.#hear(entry, address, now);
    }
  }

  tick(now: number): void {
    if (now < this.nextWake()) return;
    const due: Entry[] = [];
    const soon: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.nextAt > now && (entry.nextAt > now + LEAST_MS || entry.announcedAt + LEAST_MS > now)) continue;
      if (entry.port() === 0) entry.nextAt = Math.max(entry.nextAt, now + NO_PORT_MS);
      else (entry.nextAt <= now ? due : soon).push(entry);
    }
    // Those that are due within the minute go along, so that in time all of them go together.
    if (due.length > 0) this.#announce([...due, ...soon], now);
  }

  /** When `tick` is due; Infinity: never. */
  nextWake(): number {
    let wake = Number.POSITIVE_INFINITY;
    for (const { nextAt } of this.#entries.values()) wake = Math.min(wake, nextAt);
    return Math.max(wake, this.#notBefore);
  }

  /** What there is to do, one by one, until undefined. */
  poll(): LsdOutput | undefined {
    return this.#output.shift();
  }

  checkInvariants(): void {
    if (this.#bySource.size > IN_ALL) throw new Error(`${this.#bySource.size} sources are remembered`);
    for (const { infoHash, heard, announcedAt, nextAt } of this.#entries.values()) {
      if (heard.size > HEARD) throw new Error(`${heard.size} neighbours of ${infoHash.hex} are remembered`);
      if (nextAt < announcedAt + LEAST_MS) throw new Error(`${infoHash.hex} is announced too soon`);
    }
  }

  #announce(entries: readonly Entry[], now: number): void {
    const byPort = new Map<number, Entry[]>();
    for (const entry of entries) {
      const port = entry.port();
      const others = byPort.get(port);
      if (others) others.push(entry);
      else byPort.set(port, [entry]);
    }
    let left = BURST;
    for (const [port, group] of byPort) {
      // As many of the group as the burst has room for; the others stay due.
      for (let at = 0; at < group.length && left > 0; at += MOST_INFO_HASHES, left--) {
        const announced = group.slice(at, at + MOST_INFO_HASHES);
        const infoHashes = announced.map(({ infoHash }) => infoHash);
        for (const family of [4, 6] as const) {
          const bytes = encodeAnnouncement(family, { port, infoHashes, cookie: this.#cookie });
          this.#output.push({ type: 'send', family, bytes });
        }
        for (const entry of announced) {
          entry.announcedAt = now;
          entry.nextAt = now + EVERY_MS;
        }
      }
    }
    this.#notBefore = now + BURST_MS;
  }

  #hear(entry: Entry, address: string, now: number): void {
    const before = entry.heard.get(address);
    if ((before !== undefined && now - before < WINDOW_MS) || entry.passedOn >= PER_TORRENT) return;
    // Behind all others: the first is the one that was heard longest ago.
    entry.heard.delete(address);
    entry.heard.set(address, now);
    const [oldest] = entry.heard.keys();
    if (entry.heard.size > HEARD && oldest !== undefined) entry.heard.delete(oldest);
    entry.passedOn++;
    this.#output.push({ type: 'peer', infoHash: entry.infoHash, address });
  }

  /** Whether a datagram is looked at. */
  #mayCost(host: string, now: number): boolean {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#received = 0;
      this.#bySource.clear();
      for (const entry of this.#entries.values()) entry.passedOn = 0;
    }
    const before = this.#bySource.get(host) ?? 0;
    if (this.#received >= IN_ALL || before >= PER_SOURCE) return false;
    this.#received++;
    this.#bySource.set(host, before + 1);
    return true;
  }
}
