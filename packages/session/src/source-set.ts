// The peer sources of one torrent, started and stopped together. A private torrent uses its trackers alone (BEP 27).
import type { PeerSource, SourceStatus, SourceTorrent } from './contracts.ts';

export class SourceSet {
  #sources: readonly PeerSource[];
  /** Those that were started and not stopped since. */
  #running: readonly PeerSource[] = [];
  /** The goodbyes under way. */
  #stopping: Promise<unknown> = Promise.resolve();

  constructor(sources: readonly PeerSource[]) {
    this.#sources = sources;
  }

  start(forSource: (name: string) => SourceTorrent): void {
    if (this.#running.length > 0) return;
    this.#running = this.#sources.filter((source) => {
      const torrent = forSource(source.name);
      if (torrent.private && source.isTracker !== true) return false;
      source.start(torrent);
      return true;
    });
  }

  /** The torrent turned out to be private: all but its trackers are stopped for good. Answers the trackers' names. */
  keepTrackers(): readonly string[] {
    const isTracker = (source: PeerSource): boolean => source.isTracker === true;
    this.#stop(this.#running.filter((source) => !isTracker(source)));
    this.#running = this.#running.filter(isTracker);
    this.#sources = this.#sources.filter(isTracker);
    return this.#sources.map(({ name }) => name);
  }

  complete(): void {
    for (const source of this.#running) source.complete();
  }

  wantPeers(): void {
    for (const source of this.#running) source.wantPeers?.();
  }

  announceNow(): void {
    for (const source of this.#running) source.announceNow?.();
  }

  /** Nobody is started from the call on; resolves when all goodbyes are said, those of an earlier call too. Never rejects. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    this.#stop(running);
    await this.#stopping;
  }

  status(): SourceStatus[] {
    return this.#sources.flatMap((source) => source.status());
  }

  #stop(sources: readonly PeerSource[]): void {
    if (sources.length === 0) return;
    this.#stopping = Promise.allSettled([this.#stopping, ...sources.map(async (source) => source.stop())]);
  }
}
