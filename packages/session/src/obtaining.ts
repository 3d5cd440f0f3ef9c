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

  constructor(options: ObtainingOptions) {
    this.#options = options;
  }

  /** `info` was verified. Never rejects. */
  async take(info: Uint8Array): Promise<void> {
    const { make, isWanted, onContent, onFailed } = this.#options;
    if (!make || this.#isUnderWay || !isWanted()) return;
    this.#isUnderWay = true;
    let content: TorrentContent | undefined;
    try {
      content = await make(info);
      onContent(content);
    } catch (error) {
      await content?.storage.close().catch(() => undefined);
      onFailed(error);
    } finally {
      this.#isUnderWay = false;
    }
  }
}
