// Numbers for the folders of many paths: equal folders, equal numbers; a parent's number is smaller than its children's; 0 is
// above all. Keeps the work on paths linear, for no path is ever joined or compared as a whole.

export class FolderTree {
  /** The parent of folder n. */
  readonly parents: number[] = [0];
  /** The last component of folder n, as it was when first seen. */
  readonly names: string[] = [''];
  readonly #fold: (name: string) => string;
  readonly #numbers = new Map<string, number>();
  /** Files of one folder mostly stand together: what the last path shares with this one is not looked up again. */
  #lastPath: readonly string[] = [];
  #lastNumbers: number[] = [];

  /** `fold` answers the same for names that are one folder. */
  constructor(fold: (name: string) => string) {
    this.#fold = fold;
  }

  /** What stands for a file or folder of that name in that folder. */
  key(folder: number, name: string): string {
    return `${folder}/${this.#fold(name)}`;
  }

  /** Whether there is a folder for this key. */
  has(key: string): boolean {
    return this.#numbers.has(key);
  }

  /** The number of the folder that holds the file at `path`. */
  folderOf(path: readonly string[]): number {
    const levels = path.length - 1;
    const numbers = this.#lastNumbers;
    let level = 0;
    const shared = Math.min(levels, numbers.length);
    while (level < shared && this.#lastPath[level] === path[level]) level++;
    numbers.length = level;
    for (; level < levels; level++) {
      numbers.push(this.#numberOf(numbers[level - 1] ?? 0, path[level] as string));
    }
    this.#lastPath = path;
    return numbers[levels - 1] ?? 0;
  }

  #numberOf(parent: number, name: string): number {
    const key = this.key(parent, name);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.names.length;
    this.#numbers.set(key, number);
    this.parents.push(parent);
    this.names.push(name);
    return number;
  }
}
