// A torrent's trackers as a source of peers: who is asked when (BEP 12), with which event (BEP 3), and what the user is
// told. A *round* goes through the trackers that are due, in order, until one answers; the next in line is asked as soon
// as one fails, or has been silent for a few seconds.
// Invariants: outside a round and while running, exactly one wake-up waits (none where no tracker may ever be asked
// again); a tracker has at most one announce under way; `started` goes to a tracker until it has answered once, `stopped`
// only to those that have, and to all of them; the key never changes; nothing of an earlier run touches a later one; a
// private torrent is offered the peers of one tracker at a time (BEP 27).
import { formatEndpoint } from '@shoal/primitives';
import type { AnnounceEvent, AnnounceRequest, AnnounceResponse } from './announce.ts';
import { TrackerError } from './errors.ts';
import { type AnnounceUnderWay, type Parting, sayGoodbye } from './goodbye.ts';
import { TierList } from './tier-list.ts';
import { Tracker, type TrackerStatus } from './tracker-state.ts';

/** Milliseconds of any epoch, and timers. */
export interface TrackerClock {
  now(): number;
  setTimer(callback: () => void, delayMs: number): { cancel(): void };
}

/** What a tracker source sees of its torrent. */
export interface TrackerTorrent {
  /** The 20-byte wire key. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** BEP 27. Default: no. */
  readonly private?: boolean;
  port(): number;
  counters(): { readonly uploaded: number; readonly downloaded: number; readonly left: number };
  /** Everything wanted is there and something is not (BEP 21): said in each announce that has nothing else to say. */
  partialSeed?(): boolean;
  /** `host:port`, IPv6 in brackets. */
  offerPeers(addresses: readonly string[]): void;
  /**
   * A private torrent's peers come from another tracker from now on: those of the one before are to be dropped (BEP 27).
   * Called before the new one's are offered.
   */
  trackerChanged?(): void;
  /** Our address as a tracker sees it (BEP 24), in canonical text; `voter` tells trackers apart. */
  externalAddress?(ip: string, voter: string): void;
  statusChanged(): void;
}

/**
 * Sends one announce. Rejects with TrackerError, or with the signal's reason. What else the tracker says to it later, over
 * its other address family, goes to `onLate`.
 */
export type AnnounceFunction = (
  url: string,
  request: AnnounceRequest,
  signal: AbortSignal,
  onLate: (response: AnnounceResponse) => void,
) => Promise<AnnounceResponse>;

/** The trackers of one torrent, and what the world gives to ask them. */
export interface TrackerSourceOptions {
  /** BEP 12. A URL that stands twice counts where it stands first; past 200 URLs the rest is left out. */
  readonly tiers: readonly (readonly string[])[];
  readonly announce: AnnounceFunction;
  readonly clock: TrackerClock;
  /** In [0, 1). */
  readonly random: () => number;
  /** 32 bits, the same for all announces of a torrent (BEP 15: over both families too). Default: random. */
  readonly key?: number;
  /** Peers wanted in an answer. Default 100. */
  readonly numwant?: number;
}

const MAX_TRACKERS = 200;
/** A tracker that is silent so long no longer keeps the next in line waiting; its answer still counts. */
const SILENCE_MS = 3_000;
/** Past this an announce counts as failed, whatever its transport's own time-outs. */
const ATTEMPT_MS = 90_000;

interface Attempt extends AnnounceUnderWay {
  readonly tracker: Tracker;
  timer: { cancel(): void } | undefined;
  /** Settled, timed out or of an earlier run: its outcome no longer counts. */
  isOver: boolean;
}

/**
 * The trackers of one torrent as a source of peers, in the shape of the session's PeerSource: decides whom to ask when (BEPs 3,
 * 12).
 */
export class TrackerSource {
  readonly name = 'tracker';
  /** May serve private torrents (BEP 27). */
  readonly isTracker = true;
  readonly #options: TrackerSourceOptions;
  readonly #key: number;
  readonly #tiers: TierList<Tracker>;
  /** In the torrent's order, for the user. */
  readonly #trackers: readonly Tracker[];
  #torrent: TrackerTorrent | undefined;
  /** Those still to be asked in this round; undefined outside a round. */
  #queue: Tracker[] | undefined;
  readonly #attempts: Set<Attempt> = new Set();
  /** Whose interval sets the pace: the first in order of those that answered. */
  #current: Tracker | undefined;
  /** Who was that last, in this run: `#current` is gone as soon as it fails. */
  #lastCurrent: Tracker | undefined;
  #run = 0;
  #wake: { cancel(): void } | undefined;
  #owesCompleted = false;
  #goodbye: Promise<void> | undefined;

  constructor(options: TrackerSourceOptions) {
    this.#options = options;
    this.#key = options.key ?? Math.floor(options.random() * 0x1_0000_0000);
    const seen = new Map<string, Tracker>();
    const tiers = options.tiers.map((tier) => {
      const fresh: Tracker[] = [];
      for (const url of tier) {
        if (seen.has(url) || seen.size >= MAX_TRACKERS) continue;
        const tracker = new Tracker(url);
        seen.set(url, tracker);
        fresh.push(tracker);
      }
      return fresh;
    });
    this.#trackers = [...seen.values()];
    this.#tiers = new TierList(tiers, options.random);
  }

  /** The first announce leaves during the call, unless a goodbye is still under way. Throws TypeError when running. */
  start(torrent: TrackerTorrent): void {
    if (this.#torrent) throw new TypeError('start called on a tracker source that runs');
    this.#torrent = torrent;
    this.#run++;
    this.#lastCurrent = undefined;
    this.#owesCompleted = false;
    for (const tracker of this.#trackers) tracker.reset();
    if (!this.#goodbye) this.#beginRound();
  }

  /**
   * The download is complete: the tracker is told once, at once where one has answered. A partial seed's is not: it says
   * `paused`, as soon as the tracker's `min interval` allows.
   */
  complete(): void {
    if (!this.#torrent) return;
    if (this.#torrent.partialSeed?.()) {
      this.wantPeers();
      return;
    }
    this.#owesCompleted = true;
    if (this.#current && !this.#queue) this.#hurry(this.#current, this.#now());
  }

  /** Asks for more peers before the interval is over, as early as the tracker's `min interval` allows. */
  wantPeers(): void {
    const current = this.#current;
    if (this.#torrent && current && !this.#queue) this.#hurry(current, current.earliestAt);
  }

  /**
   * Asks again because the user wants to: not before the `min interval` of a tracker that answered, 15 s after a failure,
   * or what the tracker itself said; then upper tiers first.
   */
  announceNow(): void {
    if (!this.#torrent || this.#goodbye) return;
    for (const tracker of this.#trackers) tracker.dueAt = Math.min(tracker.dueAt, tracker.earliestAt);
    if (this.#queue) return;
    if (this.#nextAt() <= this.#now()) this.#beginRound();
    else this.#schedule();
  }

  /**
   * Says `stopped` to the trackers that have answered, and before it `completed` to one of them where nobody has heard it
   * yet; resolves when they have heard, after 2 s at most. Where none has answered, `completed` waits for the answer to a
   * `started` that is under way.
   */
  stop(): Promise<void> {
    const torrent = this.#torrent;
    if (!torrent) return this.#goodbye ?? Promise.resolve();
    this.#torrent = undefined;
    this.#queue = undefined;
    this.#wake?.cancel();
    this.#wake = undefined;
    const partings = this.#partings(torrent);
    this.#current = undefined;
    for (const tracker of this.#trackers) tracker.rest();
    if (partings.length === 0) return this.#goodbye ?? Promise.resolve();
    const setTimer = this.#timer.bind(this);
    const goodbye = sayGoodbye(partings, this.#owesCompleted, setTimer).then(() => {
      this.#goodbye = undefined;
      if (this.#torrent) this.#beginRound();
    });
    this.#goodbye = goodbye;
    return goodbye;
  }

  /** One line a tracker, in the torrent's order. */
  status(): readonly TrackerStatus[] {
    return this.#trackers.map((tracker) => tracker.status(this.#torrent !== undefined, tracker === this.#current));
  }

  #now(): number {
    return this.#options.clock.now();
  }

  /** Brings the next announce of a tracker forward to a time, never back. */
  #hurry(tracker: Tracker, at: number): void {
    tracker.dueAt = Math.min(tracker.dueAt, Math.max(at, this.#now()));
    if (tracker.dueAt <= this.#now()) this.#beginRound();
    else this.#schedule();
  }

  #beginRound(): void {
    const now = this.#now();
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#queue = this.#tiers.order().filter((tracker) => tracker.dueAt <= now && !tracker.isWorking);
    this.#askNext();
  }

  #askNext(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    const next = this.#queue?.shift();
    if (next) {
      this.#ask(next);
      if (this.#queue) this.#wake = this.#timer(() => this.#askNext(), SILENCE_MS);
    } else if (this.#attempts.size === 0) {
      this.#endRound();
    }
  }

  #endRound(): void {
    this.#queue = undefined;
    this.#schedule();
    this.#torrent?.statusChanged();
  }

  /** At the working tracker's interval, or where there is none when the first may be tried again. */
  #nextAt(): number {
    return this.#current?.dueAt ?? Math.min(...this.#trackers.map((tracker) => tracker.dueAt));
  }

  #schedule(): void {
    const at = this.#nextAt();
    this.#wake?.cancel();
    this.#wake =
      at === Number.POSITIVE_INFINITY
        ? undefined
        : this.#timer(() => this.#beginRound(), Math.max(0, at - this.#now()));
  }

  #timer(callback: () => void, delayMs: number): { cancel(): void } {
    return this.#options.clock.setTimer(callback, delayMs);
  }

  #ask(tracker: Tracker): void {
    const torrent = this.#torrent as TrackerTorrent;
    const run = this.#run;
    const event = this.#eventFor(torrent, tracker);
    const abort = new AbortController();
    const request = this.#request(torrent, tracker, event);
    const response = this.#send(tracker, request, abort.signal, (late) => {
      if (run === this.#run && this.#torrent === torrent) this.#offer(torrent, tracker, late);
    });
    const attempt: Attempt = { tracker, event, response, abort, timer: undefined, isOver: false };
    this.#attempts.add(attempt);
    tracker.asked();
    attempt.timer = this.#timer(() => this.#failed(attempt, noAnswer()), ATTEMPT_MS);
    response.then(
      (answer) => this.#answered(attempt, answer),
      (error: unknown) => this.#failed(attempt, error),
    );
    torrent.statusChanged();
  }

  #eventFor(torrent: TrackerTorrent, tracker: Tracker): AnnounceEvent | undefined {
    if (!tracker.hasAnswered) return 'started';
    if (this.#owesCompleted) return 'completed';
    return torrent.partialSeed?.() ? 'paused' : undefined;
  }

  #request(torrent: TrackerTorrent, tracker: Tracker, event: AnnounceEvent | undefined): AnnounceRequest {
    return {
      infoHash: torrent.infoHash,
      peerId: torrent.peerId,
      port: torrent.port(),
      ...torrent.counters(),
      key: this.#key,
      numwant: event === 'stopped' ? 0 : (this.#options.numwant ?? 100),
      ...(event === undefined ? {} : { event }),
      ...(tracker.trackerId === undefined ? {} : { trackerId: tracker.trackerId }),
    };
  }

  #send(
    tracker: Tracker,
    request: AnnounceRequest,
    signal: AbortSignal,
    onLate: (response: AnnounceResponse) => void = () => undefined,
  ): Promise<AnnounceResponse> {
    // What throws in the call is a failure like any other.
    return new Promise((resolve) => resolve(this.#options.announce(tracker.url, request, signal, onLate)));
  }

  #answered(attempt: Attempt, response: AnnounceResponse): void {
    if (attempt.isOver) return;
    const { tracker, event } = attempt;
    const torrent = this.#torrent as TrackerTorrent;
    const run = this.#run;
    this.#end(attempt);
    tracker.answered(this.#now(), response);
    if (event === 'completed') this.#owesCompleted = false;
    // Only the first answer of a round promotes: a late one would put the slow tracker in front.
    if (this.#queue) this.#tiers.promote(tracker);
    const isChange = this.#leads(torrent, tracker) && this.#becomesCurrent(tracker);
    this.#queue = undefined;
    this.#schedule();
    torrent.statusChanged();
    if (isChange && torrent.private && this.#run === run) torrent.trackerChanged?.();
    this.#offer(torrent, tracker, response);
    if (this.#owesCompleted && this.#torrent === torrent) this.#hurry(tracker, this.#now());
  }

  /** Whether the tracker that has just answered is the one to go by. */
  #leads(torrent: TrackerTorrent, tracker: Tracker): boolean {
    if (this.#queue || !this.#current) return true;
    // With one that is always late, a private torrent would drop its peers twice a round.
    if (torrent.private) return false;
    const order = this.#tiers.order();
    return order.indexOf(tracker) <= order.indexOf(this.#current);
  }

  /** Whether another one was that before. */
  #becomesCurrent(tracker: Tracker): boolean {
    const before = this.#lastCurrent;
    this.#current = this.#lastCurrent = tracker;
    return before !== undefined && before !== tracker;
  }

  #offer(torrent: TrackerTorrent, tracker: Tracker, response: AnnounceResponse): void {
    const { externalIp } = response;
    if (externalIp !== null) torrent.externalAddress?.(externalIp, tracker.url);
    if (torrent.private && tracker !== this.#current) return;
    const own = externalIp === null ? undefined : { host: externalIp, port: torrent.port() };
    const addresses = response.peers
      .filter((peer) => peer.host !== own?.host || peer.port !== own.port)
      .map((peer) => formatEndpoint(peer));
    if (addresses.length > 0) torrent.offerPeers(addresses);
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (attempt.isOver) return;
    const { tracker } = attempt;
    this.#end(attempt);
    attempt.abort.abort();
    tracker.failed(this.#now(), error, this.#options.random);
    if (this.#current === tracker) this.#current = undefined;
    this.#torrent?.statusChanged();
    if (this.#queue) this.#askNext();
    else this.#schedule();
  }

  #end(attempt: Attempt): void {
    attempt.isOver = true;
    attempt.timer?.cancel();
    this.#attempts.delete(attempt);
  }

  /**
   * Whom to take leave of, the working tracker first; what else is under way is given up. The torrent is looked at now and
   * not again: it may be gone by the time the last announce leaves.
   */
  #partings(torrent: TrackerTorrent): Parting[] {
    const attempts = new Map([...this.#attempts].map((attempt) => [attempt.tracker, attempt]));
    const order = this.#tiers.order().sort((a, b) => Number(b === this.#current) - Number(a === this.#current));
    let leaving = order.filter((tracker) => tracker.hasAnswered);
    // Whom nobody lists, nobody can count as done: the answer to `started` comes first.
    if (leaving.length === 0 && this.#owesCompleted) leaving = order.filter((tracker) => attempts.has(tracker));
    const partings = leaving.map((tracker): Parting => {
      const attempt = attempts.get(tracker);
      const isAwaited = attempt !== undefined && (attempt.event === 'completed' || !tracker.hasAnswered);
      const [completed, stopped] = [
        this.#request(torrent, tracker, 'completed'),
        this.#request(torrent, tracker, 'stopped'),
      ];
      if (isAwaited) attempts.delete(tracker);
      return {
        isListed: tracker.hasAnswered,
        underWay: isAwaited ? attempt : undefined,
        send: (event, trackerId, signal) => {
          const request = event === 'completed' ? completed : stopped;
          return this.#send(tracker, trackerId === undefined ? request : { ...request, trackerId }, signal);
        },
      };
    });
    for (const attempt of this.#attempts) this.#end(attempt);
    for (const attempt of attempts.values()) attempt.abort.abort();
    return partings;
  }
}

function noAnswer(): TrackerError {
  return new TrackerError('ERR_TRACKER_TIMEOUT', `no answer within ${ATTEMPT_MS / 1_000} s`);
}
