// Addresses through which the net can be entered: given by hand, in torrents, by peers, saved in an earlier run.
// Invariant: no more than the limit; the one that was named longest ago gives way.
import { type Endpoint, formatEndpoint } from '@shoal/primitives';

/** With the id that was borne there, where it is known. */
export type Entry = Endpoint & { readonly id?: Uint8Array };

const MAX_ENTRIES = 100;

export class Entries {
  readonly #byName: Map<string, Entry> = new Map();

  get size(): number {
    return this.#byName.size;
  }

  add(entry: Entry): void {
    const name = formatEndpoint(entry);
    this.#byName.delete(name);
    this.#byName.set(name, entry);
    if (this.#byName.size <= MAX_ENTRIES) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.#byName.delete(oldest);
  }

  /** The newest first. */
  list(): readonly Entry[] {
    return [...this.#byName.values()].reverse();
  }
}
