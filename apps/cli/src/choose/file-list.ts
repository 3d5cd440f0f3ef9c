// The state behind choosing files from a list: what is chosen, what the filter shows, where the cursor stands. Keys go in;
// knows nothing of terminals. A key costs at most one look at each file, so that a hundred thousand are no trouble.
import type { FileFacts } from '../output/facts.ts';

export type Key =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'move'; readonly by: number }
  | { readonly type: 'top' | 'bottom' | 'toggle' | 'toggleShown' | 'backspace' | 'clearFilter' };

const NOT_LETTERS = /\p{Cc}/u;
const LONGEST_FILTER = 200;

export class FileList {
  readonly #files: readonly FileFacts[];
  readonly #folded: readonly string[];
  readonly #chosen: Uint8Array;
  #filter = '';
  /** Indices of files. */
  #shown: readonly number[];
  /** Index in `#shown`. */
  #cursor = 0;
  #chosenCount = 0;
  #chosenBytes = 0;

  /** `isChosen` says what is chosen at the start. */
  constructor(files: readonly FileFacts[], isChosen: (index: number) => boolean) {
    this.#files = files;
    this.#folded = files.map(({ path }) => path.toLowerCase());
    this.#shown = files.map((_, index) => index);
    this.#chosen = new Uint8Array(files.length);
    for (const index of files.keys()) if (isChosen(index)) this.#set(index, true);
  }

  get filter(): string {
    return this.#filter;
  }

  get shown(): readonly number[] {
    return this.#shown;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get chosenCount(): number {
    return this.#chosenCount;
  }

  get chosenBytes(): number {
    return this.#chosenBytes;
  }

  isChosen(index: number): boolean {
    return this.#chosen[index] === 1;
  }

  press(key: Key): void {
    switch (key.type) {
      case 'text':
        this.#filterBy((this.#filter + key.text.replace(NOT_LETTERS, '')).slice(0, LONGEST_FILTER));
        break;
      case 'backspace':
        this.#filterBy([...this.#filter].slice(0, -1).join(''));
        break;
      case 'clearFilter':
        this.#filterBy('');
        break;
      case 'move':
        this.#moveTo(this.#cursor + key.by);
        break;
      case 'top':
        this.#moveTo(0);
        break;
      case 'bottom':
        this.#moveTo(this.#shown.length - 1);
        break;
      case 'toggle': {
        const index = this.#shown[this.#cursor];
        if (index !== undefined) this.#set(index, !this.isChosen(index));
        break;
      }
      case 'toggleShown': {
        const chooses = this.#shown.some((index) => !this.isChosen(index));
        for (const index of this.#shown) this.#set(index, chooses);
      }
    }
  }

  #set(index: number, isChosen: boolean): void {
    if (this.isChosen(index) === isChosen) return;
    const sign = isChosen ? 1 : -1;
    this.#chosen[index] = isChosen ? 1 : 0;
    this.#chosenCount += sign;
    this.#chosenBytes += sign * (this.#files[index]?.length ?? 0);
  }

  #moveTo(cursor: number): void {
    this.#cursor = Math.max(0, Math.min(cursor, this.#shown.length - 1));
  }

  /** The cursor stays on its file where that is still shown. */
  #filterBy(filter: string): void {
    const under = this.#shown[this.#cursor];
    this.#filter = filter;
    // A `*` stands for anything between two parts.
    const parts = filter.toLowerCase().split('*').filter(Boolean);
    const shown: number[] = [];
    for (const [index, path] of this.#folded.entries()) {
      if (holdsInOrder(path, parts)) shown.push(index);
    }
    this.#shown = shown;
    this.#cursor = Math.max(0, under === undefined ? 0 : shown.indexOf(under));
  }
}

function holdsInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
