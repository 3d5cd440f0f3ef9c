// When a torrent has given enough: by ratio or by time, whichever is reached first.

/** How much a torrent gives before it is paused. */
export interface ShareLimits {
  /** Bytes uploaded for each byte of the torrent (or downloaded, where that is more), over all runs. */
  readonly ratio?: number;
  /** Milliseconds of seeding, over all runs. */
  readonly timeMs?: number;
}

/** What was given so far, over all runs. */
export interface Shared {
  readonly uploaded: number;
  readonly downloaded: number;
  /** Bytes that are here. */
  readonly bytesDone: number;
  readonly seedingMs: number;
}

/** Uploaded by downloaded; a torrent that was never downloaded here counts with its size. 0 for an empty one. */
export function ratioOf({ uploaded, downloaded, bytesDone }: Omit<Shared, 'seedingMs'>): number {
  const base = Math.max(downloaded, bytesDone);
  return base === 0 ? 0 : uploaded / base;
}

/** Which limit is reached, if any. */
export function reachedLimit(limits: ShareLimits, shared: Shared): 'ratio' | 'time' | undefined {
  if (limits.ratio !== undefined && ratioOf(shared) >= limits.ratio) return 'ratio';
  if (limits.timeMs !== undefined && shared.seedingMs >= limits.timeMs) return 'time';
  return undefined;
}
