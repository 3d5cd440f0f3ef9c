// Which trackers a torrent is announced to, and which ones it names when it is handed out.
import type { PeerSource } from '@shoal/client';
import { isWildcard, originOf } from '@shoal/http-service';
import { editTorrent, formatMagnet, magnetOf } from '@shoal/metainfo';
import { formatEndpoint } from '@shoal/primitives';
import { TrackerSource } from '@shoal/tracker';
import type { TrackerClient } from '@shoal/tracker/node';
import type { Clock } from './clock.ts';
import type { LibraryEntry } from './folder/library.ts';
import type { OwnTracker } from './own-tracker.ts';

export interface TrackersOptions {
  readonly own: OwnTracker;
  readonly client: TrackerClient;
  readonly clock: Clock;
  /** Besides our own. */
  readonly others: readonly string[];
  readonly publicUrl: string | undefined;
  /** Where HTTP listens. */
  readonly http: { readonly host: string | undefined; port(): number };
  readonly bind: string | undefined;
}

export class Trackers {
  readonly #options: TrackersOptions;

  constructor(options: TrackersOptions) {
    this.#options = options;
  }

  /** Where this machine reaches the page; without a slash at its end. */
  get origin(): string {
    const { http } = this.#options;
    return originOf({ host: http.host, port: http.port() });
  }

  /** Our announce URL for somebody who asked under that `Host`, which must have been checked. */
  announceUrl(hostHeader?: string): string {
    return `${this.#baseFor(hostHeader)}/announce`;
  }

  /** The same over UDP; undefined where there is none. */
  udpUrl(hostHeader?: string): string | undefined {
    const { own, bind, publicUrl } = this.#options;
    if (own.udpPort === undefined) return undefined;
    const isEverywhere = isWildcard(bind) || publicUrl !== undefined;
    const asked = new URL(this.#baseFor(hostHeader)).hostname.replace(/^\[|\]$/g, '');
    const host = isEverywhere ? asked : (bind as string);
    return `udp://${formatEndpoint({ host, port: own.udpPort })}/announce`;
  }

  /** The peer sources of a torrent that is seeded here. */
  sourcesOf({ metainfo, isGiven }: LibraryEntry): PeerSource[] {
    const { own, client, clock, others } = this.#options;
    const named = isGiven ? metainfo.announce : [];
    const ours = new Set([this.announceUrl(), this.udpUrl(), `${this.#options.publicUrl}/announce`]);
    // A private torrent's peers come from the trackers it names and from no others (BEP 27).
    const isTheirs = metainfo.private && named.length > 0;
    // The operator's trackers are asked all of them, each on its own: a tier stands in for the one before it (BEP 12).
    const groups = [named, ...(isTheirs ? [] : others.map((url) => [[url]]))];
    const sources: PeerSource[] = isTheirs ? [] : [own.source()];
    for (const group of groups) {
      const tiers = group.map((tier) => tier.filter((url) => !ours.has(url))).filter((tier) => tier.length > 0);
      if (tiers.length === 0) continue;
      sources.push(
        new TrackerSource({
          tiers,
          announce: (url, request, signal, onLate) => client.announce(url, request, signal, onLate),
          clock,
          random: Math.random,
        }) satisfies PeerSource,
      );
    }
    return sources;
  }

  /** The .torrent as it is handed out. One that was given and names trackers stays as it is. */
  torrentOf({ bytes, metainfo, isGiven }: LibraryEntry, hostHeader: string | undefined): Uint8Array {
    if (isGiven && metainfo.announce.length > 0) return bytes;
    return editTorrent(bytes, { announce: this.#tiers(hostHeader) }, { limits: { size: Number.POSITIVE_INFINITY } });
  }

  magnetOf({ metainfo, isGiven }: LibraryEntry, hostHeader: string | undefined): string {
    const magnet = magnetOf(metainfo);
    if (isGiven && metainfo.announce.length > 0) return formatMagnet(magnet);
    return formatMagnet({ ...magnet, announce: this.#tiers(hostHeader) });
  }

  #tiers(hostHeader: string | undefined): string[][] {
    const udp = this.udpUrl(hostHeader);
    const ours = [this.announceUrl(hostHeader), ...(udp === undefined ? [] : [udp])];
    return [...ours, ...this.#options.others].map((url) => [url]);
  }

  #baseFor(hostHeader: string | undefined): string {
    const { publicUrl, http } = this.#options;
    if (publicUrl !== undefined) return publicUrl;
    // Bound to every address, there is no one name for us: who asks for a torrent can reach us where it asked.
    return isWildcard(http.host) && hostHeader !== undefined ? `http://${hostHeader}` : this.origin;
  }
}
