// Info dictionaries that came from peers, kept beside the resume data, so that a magnet link goes on without asking for them again.
import { createHash } from 'node:crypto';
import type { InfoHash } from '@shoal/primitives';
import type { StateStore } from '@shoal/session';

export class MetadataCache {
  readonly #store: StateStore | undefined;

  constructor(store: StateStore | undefined) {
    this.#store = store;
  }

  /** Undefined where there is none, or what is there is not it. Never rejects. */
  async load(infoHash: InfoHash): Promise<Uint8Array | undefined> {
    const info = await this.#store?.load(keyOf(infoHash)).catch(() => undefined);
    return info && createHash('sha1').update(info).digest('hex') === infoHash.hex ? info : undefined;
  }

  /** Never rejects: without it, peers are asked again. */
  async save(infoHash: InfoHash, info: Uint8Array): Promise<void> {
    await this.#store?.save(keyOf(infoHash), info).catch(() => undefined);
  }
}

function keyOf(infoHash: InfoHash): string {
  return `${infoHash.hex}-info`;
}
