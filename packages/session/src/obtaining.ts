// From an info dictionary that extensions brought to the content it becomes, which is the client's to make: one at a time, until
// one has come of it.
import type { TorrentContent } from './content.ts';

export interface ObtainingOptions {
  /** Undefined: what extensions bring is not used. */
  readonly make: ((info: Uint8Array) => Promise<TorrentContent>) | undefined;
  readonly isWanted: () => boolean;
  /** Where it throws, what `make` answered is let go of. */
  readonly onContent: (content: TorrentContent) => void;
  readonly onFailed: (error: unknown) => void;
}

export class Obtaining {
  readonly #options: ObtainingOptions;
  #isUnderWay = false;
  /** Of which nothing came: the extensions may not offer it again. */
  #unused: Uint8Array | undefined;

  constructor(options: ObtainingOptions) {
    this.#options = options;
  }

  /** `info` was verified. Never rejects. */
  async take(info: Uint8Array): Promise<void> {
    const { make, isWanted, onContent, onFailed } = this.#options;
    if (!make || this.#isUnderWay || !isWanted()) return;
    this.#isUnderWay = true;
    this.#unused = undefined;
    let content: TorrentContent | undefined;
    try {
      content = await make(info);
      onContent(content);
    } catch (error) {
      await content?.storage.close().catch(() => undefined);
      this.#unused = info;
      onFailed(error);
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** The torrent goes on after a failure. Never rejects. */
  async again(): Promise<void> {
    if (this.#unused) await this.take(this.#unused);
  }
}
