// Which torrents may exchange data where only so many may at once: in the order of the queue, downloads and seeds counted
// apart. Torrents that are forced run beside the limits; those that rest (paused, failed) take no place.

export interface QueueLimits {
  /** Torrents that download at once. */
  readonly downloads: number;
  /** Torrents that seed at once. */
  readonly seeds: number;
}

export interface QueueEntry {
  /** Paused, stopped on an error, or closed. */
  readonly resting: boolean;
  /** Runs whatever the limits. */
  readonly forced: boolean;
  readonly complete: boolean;
}

/** One answer an entry: whether it may run. */
export function whoRuns(entries: readonly QueueEntry[], limits: QueueLimits): boolean[] {
  let { downloads, seeds } = limits;
  return entries.map(({ resting, forced, complete }) => {
    if (resting || forced) return true;
    return complete ? seeds-- > 0 : downloads-- > 0;
  });
}
