// What the user chose of a torrent, before its files are known and after: which files, in which order. Invariant: once there is
// content, it follows the choice.
import type { Layout } from '@shoal/primitives';
import type { Content } from './content.ts';
import { checkFilePriorities, type Priority } from './selection.ts';

export interface Chosen {
  /** One a file; absent: every file alike, or what a former run chose. */
  readonly priorities?: readonly Priority[];
  /** Default: rarest. */
  readonly order?: 'rarest' | 'sequential';
}

export class Choice {
  #priorities: readonly Priority[] | undefined;
  #order: 'rarest' | 'sequential';
  #content: Content | undefined;

  /** Throws RangeError for what are no priorities (of `layout`'s files). */
  constructor({ priorities, order = 'rarest' }: Chosen, layout: Layout | undefined) {
    this.#priorities = priorities && checkFilePriorities(layout, priorities);
    this.#order = order;
  }

  /** Of this run or a former one; undefined: every file alike. */
  get priorities(): readonly Priority[] | undefined {
    return this.#priorities;
  }

  get order(): 'rarest' | 'sequential' {
    return this.#order;
  }

  set order(order: 'rarest' | 'sequential') {
    this.#order = order;
    if (this.#content) this.#content.order = order;
  }

  /** Throws RangeError where what was chosen is not of these files. */
  checkAgainst(layout: Layout): void {
    if (this.#priorities) checkFilePriorities(layout, this.#priorities);
  }

  /** The files are known: `checkAgainst` has passed. */
  follow(content: Content): void {
    this.#content = content;
    content.order = this.#order;
  }

  /** What a former run chose holds unless this one chose. Rejects with StorageError. */
  async recall(former: readonly Priority[] | undefined): Promise<void> {
    this.#priorities ??= former;
    if (this.#priorities) await this.#content?.select(this.#priorities);
  }

  /** Answers the disk's part of it, where there are files. Throws RangeError, which changes nothing. */
  select(priorities: readonly Priority[]): Promise<void> | undefined {
    this.#priorities = checkFilePriorities(this.#content?.layout, priorities);
    return this.#content?.select(priorities);
  }
}
