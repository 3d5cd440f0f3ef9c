// The peer sources of one torrent, started and stopped together. A private torrent uses its trackers alone (BEP 27).
import type { PeerSource, SourceStatus, SourceTorrent } from './contracts.ts';

export class SourceSet {
  readonly #sources: readonly PeerSource[];
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
    if (running.length > 0) {
      this.#stopping = Promise.allSettled([this.#stopping, ...running.map(async (source) => source.stop())]);
    }
    await this.#stopping;
  }

  status(): SourceStatus[] {
    return this.#sources.flatMap((source) => source.status());
  }
}
