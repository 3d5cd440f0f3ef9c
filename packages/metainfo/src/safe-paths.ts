// The paths of all files of a torrent, made safe together: no two files share one, none stands where another needs a
// folder. Linear in the input, however hostile.
import { FolderTree } from './folder-tree.ts';
import type { Platform } from './metainfo.ts';
import { foldedName, isUnsafeOnWindows, numberedName, safeName } from './safe-name.ts';
import { quoted } from './text.ts';
import type { Warnings } from './warnings.ts';

/** Components of a path, the torrent's name included. */
const MAX_LEVELS = 100;
/** UTF-8 would be at most three times as long; systems end at 4,096 bytes, the download folder included. */
const MAX_CHARACTERS = 1_000;

/**
 * Safe paths for the given raw ones, index-aligned; each begins with `root`, which is safe already. `null` (padding)
 * stays null. Tells `warnings` of every path it changed.
 */
export function safePaths(
  raw: readonly (readonly string[] | null)[],
  root: string,
  platform: Platform,
  warnings: Warnings,
): (string[] | null)[] {
  const paths = raw.map((components) => components && safePath(components, root, platform));
  const tree = new FolderTree(platform === 'posix' ? (name) => name : foldedName);
  const folders = paths.map((path) => (path ? tree.folderOf(path) : 0));
  const claims = new Claims(tree);
  // Whoever has a path to itself keeps it; only then are the others given new names.
  const homeless: number[] = [];
  for (const [index, path] of paths.entries()) {
    if (path && !claims.claim(folders[index] as number, path.at(-1) as string)) homeless.push(index);
  }
  for (const index of homeless) {
    const path = paths[index] as string[];
    path.push(claims.claimNumbered(folders[index] as number, path.pop() as string));
  }
  for (const [index, path] of paths.entries()) {
    const given = raw[index];
    if (path && given && !isSame(path, given)) {
      warnings.add(() => `the file ${quoted(given.join('/'))} is named ${quoted(path.slice(1).join('/'))} here`);
    }
  }
  if (platform === 'posix') warnOfOtherSystems(paths, folders, tree, warnings);
  return paths;
}

function safePath(components: readonly string[], root: string, platform: Platform): string[] {
  const path = [root];
  let characters = root.length;
  for (let level = 0; level < components.length - 1; level++) {
    const name = safeName(components[level] as string, platform);
    characters += name.length + 1;
    // Too deep or too long: the folders past here are left out, the file itself stays.
    if (path.length === MAX_LEVELS - 1 || characters > MAX_CHARACTERS) break;
    path.push(name);
  }
  path.push(safeName(components.at(-1) ?? '', platform));
  return path;
}

function isSame(path: readonly string[], given: readonly string[]): boolean {
  return path.length === given.length + 1 && given.every((component, index) => component === path[index + 1]);
}

/** Folders first, each once; then the files in them. */
function warnOfOtherSystems(
  paths: readonly (readonly string[] | null)[],
  folders: readonly number[],
  tree: FolderTree,
  warnings: Warnings,
): void {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const folded = [0];
  const isUnsafe = [false];
  for (let folder = 1; folder < tree.names.length; folder++) {
    const parent = tree.parents[folder] as number;
    const name = tree.names[folder] as string;
    const key = `${folded[parent]}/${foldedName(name)}`;
    const number = numbers.get(key) ?? folder;
    numbers.set(key, number);
    folded.push(number);
    isUnsafe.push(isUnsafe[parent] === true || isUnsafeOnWindows(name));
  }
  const twins = new Examples();
  const unsafe = new Examples();
  for (const [index, path] of paths.entries()) {
    if (!path) continue;
    const folder = folders[index] as number;
    const name = path.at(-1) as string;
    const key = `${folded[folder]}/${foldedName(name)}`;
    if (taken.has(key) || numbers.has(key)) twins.add(path);
    taken.add(key);
    if (isUnsafe[folder] || isUnsafeOnWindows(name)) unsafe.add(path);
  }
  unsafe.tell(warnings, 'of the file names cannot stand on Windows as they are');
  twins.tell(warnings, 'of the file names differ from another by case alone');
}

/** How many, and the first. */
class Examples {
  #count = 0;
  #first: readonly string[] = [];

  add(path: readonly string[]): void {
    if (this.#count++ === 0) this.#first = path;
  }

  tell(warnings: Warnings, what: string): void {
    if (this.#count > 0) warnings.add(() => `${this.#count} ${what}, such as ${quoted(this.#first.join('/'))}`);
  }
}

/** Which names are taken in which folders, by files or by folders. */
class Claims {
  readonly #tree: FolderTree;
  readonly #files = new Set<string>();
  /** The next number to try, by the key that was wanted; keeps a million equal paths linear. */
  readonly #numbers = new Map<string, number>();

  constructor(tree: FolderTree) {
    this.#tree = tree;
  }

  /** Whether the name was free; it no longer is. */
  claim(folder: number, name: string): boolean {
    const key = this.#tree.key(folder, name);
    if (this.#tree.has(key) || this.#files.has(key)) return false;
    this.#files.add(key);
    return true;
  }

  /** Claims the name with the first number that is free, and answers it. */
  claimNumbered(folder: number, name: string): string {
    const wanted = this.#tree.key(folder, name);
    let number = this.#numbers.get(wanted) ?? 2;
    let free = numberedName(name, number);
    while (!this.claim(folder, free)) free = numberedName(name, ++number);
    this.#numbers.set(wanted, number + 1);
    return free;
  }
}
