// The torrents' figures as the API tells them, and what of them changed since somebody last asked: a page with a thousand
// torrents need not be sent a thousand rows every two seconds. Figures are gathered once a second at most, whoever asks.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Shelf } from '../folder/shelf.ts';
import type { SeededTorrent } from '../folder/slot.ts';
import type { OwnTracker } from '../own-tracker.ts';
import type { PendingRow, Summary, TorrentRow, TorrentsAnswer } from '../page/rows.ts';
import type { Trackers } from '../trackers.ts';

export interface FeedOptions {
  readonly shelf: Shelf;
  readonly tracker: OwnTracker;
  readonly trackers: Trackers;
  readonly clock: Clock;
}

/** A row but for the link that depends on who asks. */
type Facts = Omit<TorrentRow, 'magnet'>;

interface Entry {
  readonly seeded: SeededTorrent;
  readonly facts: Facts;
  readonly json: string;
  /** When it last changed. */
  readonly revision: number;
}

const FRESH_MS = 1_000;
const REMOVED_KEPT = 10_000;
/** Announce times are told this coarsely, so that two clocks that drift do not make news. */
const NEXT_STEP_S = 10;

export class Feed {
  readonly #options: FeedOptions;
  /** Of this run: another one counts from 0 again. */
  readonly #run: string = randomBytes(4).toString('hex');
  #revision = 0;
  #entries: Map<string, Entry> = new Map();
  /** Oldest first. */
  readonly #removed: { readonly infoHash: string; readonly revision: number }[] = [];
  /** What was removed up to here is not known any more. */
  #forgotten = 0;
  #at = Number.NEGATIVE_INFINITY;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  find(infoHash: string): SeededTorrent | undefined {
    return this.#options.shelf.seeded().find(({ entry }) => entry.metainfo.infoHash.hex === infoHash);
  }

  /** One torrent's row now. */
  row(seeded: SeededTorrent, hostHeader: string | undefined): TorrentRow {
    return this.#withMagnet(seeded, this.#factsOf(seeded), hostHeader);
  }

  /** What is, or what changed since that revision; everything where the revision is not one of this run's. */
  answer(since: string | undefined, hostHeader: string | undefined): TorrentsAnswer {
    this.#gather();
    const { shelf } = this.#options;
    const known = this.#known(since);
    const entries = [...this.#entries.values()];
    const changed = known === undefined ? entries : entries.filter(({ revision }) => revision > known);
    return {
      revision: `${this.#run}-${this.#revision}`,
      full: known === undefined,
      ready: shelf.isReady,
      fault: shelf.fault,
      summary: summaryOf(entries),
      pending: shelf.pending() as PendingRow[],
      torrents: changed.map(({ seeded, facts }) => this.#withMagnet(seeded, facts, hostHeader)),
      removed: this.#removed.flatMap(({ infoHash, revision }) =>
        known !== undefined && revision > known && !this.#entries.has(infoHash) ? [infoHash] : [],
      ),
    };
  }

  summary(): Summary {
    this.#gather();
    return summaryOf([...this.#entries.values()]);
  }

  rows(): Facts[] {
    this.#gather();
    return [...this.#entries.values()].map(({ facts }) => facts);
  }

  #known(since: string | undefined): number | undefined {
    const [run, digits = ''] = since?.split('-') ?? [];
    if (run !== this.#run || !/^\d{1,15}$/.test(digits)) return undefined;
    const revision = Number(digits);
    return revision < this.#forgotten || revision > this.#revision ? undefined : revision;
  }

  #gather(): void {
    const now = this.#options.clock.now();
    const seeded = this.#options.shelf.seeded();
    const isSame = seeded.length === this.#entries.size && seeded.every((one) => this.#entryOf(one)?.seeded === one);
    if (isSame && now - this.#at < FRESH_MS) return;
    this.#at = now;
    const revision = this.#revision + 1;
    let isNews = false;
    const next = new Map<string, Entry>();
    for (const one of seeded) {
      const facts = this.#factsOf(one);
      const json = JSON.stringify(facts);
      const before = this.#entryOf(one);
      const isOld = before?.json === json;
      isNews ||= !isOld;
      next.set(facts.infoHash, { seeded: one, facts, json, revision: isOld ? before.revision : revision });
    }
    for (const infoHash of this.#entries.keys()) {
      if (next.has(infoHash)) continue;
      isNews = true;
      this.#removed.push({ infoHash, revision });
    }
    while (this.#removed.length > REMOVED_KEPT) this.#forgotten = this.#removed.shift()?.revision ?? 0;
    this.#entries = next;
    if (isNews) this.#revision = revision;
  }

  #entryOf({ entry }: SeededTorrent): Entry | undefined {
    return this.#entries.get(entry.metainfo.infoHash.hex);
  }

  #withMagnet({ entry }: SeededTorrent, facts: Facts, hostHeader: string | undefined): TorrentRow {
    return { ...facts, magnet: this.#options.trackers.magnetOf(entry, hostHeader) };
  }

  #factsOf({ entry, files, size, torrent }: SeededTorrent): Facts {
    const { clock, tracker } = this.#options;
    const { metainfo, name } = entry;
    const snapshot = torrent.snapshot();
    const { seeders, leechers, completed } = tracker.counts(metainfo.infoHash.wireKey);
    const whenOf = (at: number): number => {
      const seconds = (clock.date() + at - clock.now()) / 1_000;
      return Math.round(seconds / NEXT_STEP_S) * NEXT_STEP_S;
    };
    return {
      name,
      infoHash: metainfo.infoHash.hex,
      infoHashV2: metainfo.infoHashV2?.hex ?? null,
      size,
      files: files.length,
      pieceLength: metainfo.pieceLength,
      pieces: metainfo.layout.pieceCount,
      private: metainfo.private,
      state: snapshot.error === null ? 'seeding' : 'error',
      error: snapshot.error?.message ?? null,
      peers: snapshot.peers,
      upRate: Math.round(snapshot.upRate),
      uploaded: snapshot.uploadedEver,
      ratio: size > 0 ? Math.round((snapshot.uploadedEver / size) * 1_000) / 1_000 : 0,
      seeders,
      leechers,
      completed,
      trackers: snapshot.sources.map((source) => ({
        name: source.name,
        state: source.state,
        message: source.message,
        seeders: source.seeders,
        leechers: source.leechers,
        nextAt: source.nextAt === null || !Number.isFinite(source.nextAt) ? null : whenOf(source.nextAt),
      })),
      torrent: `torrents/${metainfo.infoHash.hex}.torrent`,
    };
  }
}

function summaryOf(entries: readonly Entry[]): Summary {
  const sum = (figure: (facts: Facts) => number): number =>
    entries.reduce((total, { facts }) => total + figure(facts), 0);
  return {
    torrents: entries.length,
    size: sum(({ size }) => size),
    peers: sum(({ peers }) => peers),
    upRate: sum(({ upRate }) => upRate),
    uploaded: sum(({ uploaded }) => uploaded),
  };
}
