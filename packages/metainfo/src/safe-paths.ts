// The paths of all files of a torrent, made safe together: no two files share one, none stands where another needs a
// folder. Linear in the input, however hostile.
import { FolderTree } from './folder-tree.ts';
import type { Platform } from './metainfo.ts';
import { foldedName, isPlain, isUnsafeOnWindows, numberedName, safeName } from './safe-name.ts';
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
  const names = new Names(platform, root);
  const paths = raw.map((components) => components && safePath(components, root, names));
  const meet = doMeet(paths, names.arePlain ? (name) => name.toLowerCase() : foldedName);
  if (meet) giveEachItsOwn(paths, platform);
  if (meet || names.areChanged) {
    for (const [index, path] of paths.entries()) {
      const given = raw[index];
      if (!path || !given || isSame(path, given)) continue;
      warnings.add(() => `the file ${quoted(given.join('/'))} is named ${quoted(path.slice(1).join('/'))} here`);
    }
  }
  if (platform === 'posix') {
    if (!names.arePlain) warnOfWindows(paths, warnings);
    if (meet) warnOfTwins(paths, warnings);
  }
  return paths;
}

/** Makes names safe, and knows of all of them together whether there is anything left to look at. */
class Names {
  /** No name had to be looked at twice. */
  arePlain: boolean;
  /** A path is not as it was given. */
  areChanged = false;
  readonly #platform: Platform;
  // The folders of a file are mostly those of the one before: what the last name at a level became is not worked out again.
  readonly #given: string[] = [];
  readonly #safe: string[] = [];

  constructor(platform: Platform, root: string) {
    this.#platform = platform;
    this.arePlain = isPlain(root);
  }

  folder(name: string, level: number): string {
    if (this.#given[level] === name) return this.#safe[level] as string;
    const safe = this.file(name);
    this.#given[level] = name;
    this.#safe[level] = safe;
    return safe;
  }

  file(name: string): string {
    if (isPlain(name)) return name;
    this.arePlain = false;
    const safe = safeName(name, this.#platform);
    if (safe !== name) this.areChanged = true;
    return safe;
  }
}

function safePath(components: readonly string[], root: string, names: Names): string[] {
  const path = [root];
  const last = components.length - 1;
  let characters = root.length;
  for (let level = 0; level < last; level++) {
    const name = names.folder(components[level] as string, level);
    characters += name.length + 1;
    // Too deep or too long: the folders past here are left out, the file itself stays.
    if (path.length === MAX_LEVELS - 1 || characters > MAX_CHARACTERS) {
      names.areChanged = true;
      break;
    }
    path.push(name);
  }
  path.push(names.file(components[last] ?? ''));
  return path;
}

/** Whether two files have one path, or one is where another needs a folder, on the system that sees the fewest differences. */
function doMeet(paths: readonly (readonly string[] | null)[], fold: (name: string) => string): boolean {
  const tree = new FolderTree(fold);
  const files: (Set<string> | undefined)[] = [];
  for (const path of paths) {
    if (path === null) continue;
    const folder = tree.folderOf(path);
    files[folder] ??= new Set();
    const names = files[folder];
    const before = names.size;
    if (names.add(fold(path[path.length - 1] as string)).size === before) return true;
  }
  return tree.names.some((name, folder) => files[tree.parents[folder] as number]?.has(fold(name)) === true);
}

/** Whoever has a path to itself keeps it; only then are the others given new names. */
function giveEachItsOwn(paths: readonly (string[] | null)[], platform: Platform): void {
  const tree = new FolderTree(platform === 'posix' ? (name) => name : foldedName);
  const folders = paths.map((path) => (path ? tree.folderOf(path) : 0));
  const claims = new Claims(tree);
  const homeless: number[] = [];
  for (const [index, path] of paths.entries()) {
    if (path && !claims.claim(folders[index] as number, path.at(-1) as string)) homeless.push(index);
  }
  for (const index of homeless) {
    const path = paths[index] as string[];
    path.push(claims.claimNumbered(folders[index] as number, path.pop() as string));
  }
}

function isSame(path: readonly string[], given: readonly string[]): boolean {
  if (path.length !== given.length + 1) return false;
  for (let level = 0; level < given.length; level++) if (given[level] !== path[level + 1]) return false;
  return true;
}

function warnOfWindows(paths: readonly (readonly string[] | null)[], warnings: Warnings): void {
  const unsafe = new Examples();
  let last: readonly string[] = [];
  let isFolderUnsafe = false;
  for (const path of paths) {
    if (path === null) continue;
    if (!isSameFolder(path, last)) isFolderUnsafe = path.slice(0, -1).some(isUnsafeOnWindows);
    if (isFolderUnsafe || isUnsafeOnWindows(path.at(-1) as string)) unsafe.add(path);
    last = path;
  }
  unsafe.tell(warnings, 'of the file names cannot stand on Windows as they are');
}

function isSameFolder(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let level = a.length - 2; level >= 0; level--) if (a[level] !== b[level]) return false;
  return true;
}

/** Folders first, each once; then the files in them. */
function warnOfTwins(paths: readonly (readonly string[] | null)[], warnings: Warnings): void {
  const tree = new FolderTree(foldedName);
  const folders = paths.map((path) => (path ? tree.folderOf(path) : 0));
  const taken = new Set<string>();
  const twins = new Examples();
  for (const [index, path] of paths.entries()) {
    if (!path) continue;
    const key = tree.key(folders[index] as number, path.at(-1) as string);
    if (taken.has(key) || tree.has(key)) twins.add(path);
    taken.add(key);
  }
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
