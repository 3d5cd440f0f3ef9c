// A tracker source on a virtual clock, over trackers that a test scripts.
import { SimClock } from '@shoal/testkit';
import {
  type AnnounceRequest,
  type AnnounceResponse,
  TrackerError,
  TrackerSource,
  type TrackerSourceOptions,
} from '../src/index.ts';

/** What a scripted tracker does with an announce: answer, fail, or stay silent; `after` milliseconds. */
export type Behaviour = {
  readonly answer?: Partial<AnnounceResponse>;
  readonly error?: Error;
  readonly silent?: boolean;
  readonly after?: number;
};

interface Sent {
  readonly at: number;
  readonly url: string;
  readonly request: AnnounceRequest;
  readonly signal: AbortSignal;
  readonly onLate: (response: AnnounceResponse) => void;
}

export const RESPONSE: AnnounceResponse = {
  interval: 1800,
  minInterval: null,
  seeders: 1,
  leechers: 2,
  peers: [],
  warning: null,
  trackerId: null,
  externalIp: null,
};

/** A source over trackers whose behaviour a test can change while it runs. */
export function setUp(
  tiers: string[][],
  behaviours: Record<string, Behaviour>,
  options: Partial<TrackerSourceOptions> = {},
) {
  const clock = new SimClock();
  const sent: Sent[] = [];
  const offered: string[] = [];
  const counters = { uploaded: 0, downloaded: 0, left: 100 };
  let statusChanges = 0;
  const source = new TrackerSource({
    tiers,
    clock,
    // The last stays last: Fisher-Yates with 0.999 leaves a list as it is.
    random: () => 0.999,
    key: 7,
    announce: (url, request, signal, onLate) => {
      sent.push({ at: clock.now(), url, request, signal, onLate });
      const { answer, error, silent, after = 10 } = behaviours[url] ?? {};
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        if (silent) return;
        clock.setTimer(() => (error ? reject(error) : resolve({ ...RESPONSE, ...answer })), after);
      });
    },
    ...options,
  });
  const torrent = {
    infoHash: new Uint8Array(20).fill(1),
    peerId: new Uint8Array(20).fill(2),
    port: () => 6881,
    counters: () => counters,
    offerPeers: (addresses: readonly string[]) => offered.push(...addresses),
    statusChanged: () => statusChanges++,
  };
  const log = (): string[] => sent.map(({ at, url, request }) => `${at} ${url} ${request.event ?? '-'}`);
  return { source, torrent, clock, sent, offered, counters, behaviours, log, changes: () => statusChanges };
}

export const down: Behaviour = { error: new TrackerError('ERR_TRACKER_CONNECT', 'a: connection refused') };
