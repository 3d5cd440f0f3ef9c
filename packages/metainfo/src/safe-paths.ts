// The paths of all files of a torrent, made safe together: no two files share one, none stands where another needs a
// folder. Linear in the input: folders are numbered once, so that no path is joined or compared as a whole.
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
  const claims = new Claims(platform === 'posix' ? (name) => name : foldedName);
  for (const path of paths) if (path) claims.addFolders(path);
  // Whoever has a path to itself keeps it; only then are the others given new names.
  const homeless: string[][] = [];
  for (const path of paths) if (path && !claims.claim(path)) homeless.push(path);
  for (const path of homeless) claims.claimNumbered(path);
  for (const [index, path] of paths.entries()) {
    const given = raw[index];
    if (path && given && !isSame(path, given)) {
      warnings.add(`the file ${quoted(given.join('/'))} is named ${quoted(path.slice(1).join('/'))} here`);
    }
  }
  if (platform === 'posix') warnOfOtherSystems(paths, warnings);
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

function warnOfOtherSystems(paths: readonly (string[] | null)[], warnings: Warnings): void {
  const twins = new Claims(foldedName);
  for (const path of paths) if (path) twins.addFolders(path);
  let twinCount = 0;
  let unsafeCount = 0;
  let twin: string[] | undefined;
  let unsafe: string[] | undefined;
  for (const path of paths) {
    if (!path) continue;
    if (!twins.claim(path)) {
      twinCount++;
      twin ??= path;
    }
    if (path.some(isUnsafeOnWindows)) {
      unsafeCount++;
      unsafe ??= path;
    }
  }
  if (unsafe) {
    warnings.add(
      `${unsafeCount} of the file names cannot stand on Windows as they are, such as ${quoted(unsafe.join('/'))}`,
    );
  }
  if (twin) {
    warnings.add(`${twinCount} of the file names differ from another by case alone, such as ${quoted(twin.join('/'))}`);
  }
}

/** Which paths are taken, by files or as folders. */
class Claims {
  readonly #fold: (name: string) => string;
  /** Folder number by the number of its parent and its folded name. */
  readonly #folders = new Map<string, number>();
  readonly #files = new Set<string>();
  /** The next number to try, by the key of the path that was wanted; keeps a million equal paths linear. */
  readonly #numbers = new Map<string, number>();
  #lastFolder: readonly string[] = [];
  #lastNumber = 0;

  constructor(fold: (name: string) => string) {
    this.#fold = fold;
  }

  addFolders(path: readonly string[]): void {
    this.#folderOf(path);
  }

  claim(path: readonly string[]): boolean {
    return this.#take(this.#keyOf(this.#folderOf(path), path.at(-1) as string));
  }

  /** Changes the last component until the path is free, and claims it. */
  claimNumbered(path: string[]): void {
    const folder = this.#folderOf(path);
    const name = path.at(-1) as string;
    const wanted = this.#keyOf(folder, name);
    let number = this.#numbers.get(wanted) ?? 2;
    let free = numberedName(name, number);
    while (!this.#take(this.#keyOf(folder, free))) free = numberedName(name, ++number);
    this.#numbers.set(wanted, number + 1);
    path[path.length - 1] = free;
  }

  #take(key: string): boolean {
    if (this.#folders.has(key) || this.#files.has(key)) return false;
    this.#files.add(key);
    return true;
  }

  #keyOf(folder: number, name: string): string {
    return `${folder}/${this.#fold(name)}`;
  }

  #folderOf(path: readonly string[]): number {
    const levels = path.length - 1;
    // Files of one folder mostly stand together.
    const last = this.#lastFolder;
    if (last.length - 1 === levels) {
      let level = 0;
      while (level < levels && last[level] === path[level]) level++;
      if (level === levels) return this.#lastNumber;
    }
    let folder = 0;
    for (let level = 0; level < levels; level++) {
      const key = this.#keyOf(folder, path[level] as string);
      const known = this.#folders.get(key);
      folder = known ?? this.#folders.size + 1;
      if (known === undefined) this.#folders.set(key, folder);
    }
    this.#lastFolder = path;
    this.#lastNumber = folder;
    return folder;
  }
}
