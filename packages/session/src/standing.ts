// How a torrent stands: what it does, whether it rests, whether it waits for its turn. Tells each change once.
import type { TorrentEvent, TorrentState } from './torrent-facts.ts';

export class Standing {
  state: TorrentState = 'metadata';
  paused: boolean;
  queued = false;
  readonly #onChange: (event: TorrentEvent) => void;
  #told = '';

  constructor(paused: boolean, onChange: (event: TorrentEvent) => void) {
    this.paused = paused;
    this.#onChange = onChange;
  }

  /** Tells where anything is other than what was told last. */
  tell(): void {
    const { state, paused, queued } = this;
    const told = `${state} ${paused} ${queued}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#onChange({ type: 'state', state, paused, queued });
  }
}
