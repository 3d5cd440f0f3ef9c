// Where the symbolic links of a torrent lead (BEP 47): to a file or folder of the torrent itself, or nowhere. Targets and paths are compared as
// the document has them, so that a file that was renamed is found.
import type { MetainfoFile } from './metainfo.ts';
import type { RawFile } from './read-files.ts';
import { quoted } from './text.ts';
import type { Warnings } from './warnings.ts';

/** Characters of a path that a link can lead to. */
const MAX_TARGET = 4_000;
/** Links on the way of a link. */
const MAX_HOPS = 8;
/** Components looked at for all links of a torrent: a hostile one has a hundred thousand that all lead through one another. */
const MAX_WORK = 4_000_000;

/**
 * The files with their links: each to a file or folder that is no link itself, past the links on its way, and not to a folder it
 * lies in (whoever walks the files would go round for ever). Any other link is an empty file.
 */
export function withSymlinks(files: MetainfoFile[], raw: readonly RawFile[], warnings: Warnings): MetainfoFile[] {
  if (!raw.some(({ symlink }) => symlink !== undefined)) return files;
  const resolver = new Resolver(raw);
  const candidates = raw.map((file) => resolver.candidates(file));
  const wanted = new Set(candidates.flat());
  const targets = new Map<string, readonly string[]>();
  for (const [index, { path, symlink }] of raw.entries()) {
    const safe = files[index]?.path;
    // A path that lost levels has no folder for each of its components.
    if (path === null || symlink || safe?.length !== path.length + 1) continue;
    let key = '';
    for (const [level, component] of path.entries()) {
      key += level === 0 ? component : `/${component}`;
      if (key.length > MAX_TARGET) break;
      if (wanted.has(key) && !targets.has(key)) targets.set(key, safe.slice(0, level + 2));
    }
  }
  return files.map((file, index) => {
    const { symlink, path } = raw[index] as RawFile;
    if (symlink === undefined) return file;
    const target = candidates[index]?.find((each) => targets.has(each));
    const isLoop = target !== undefined && `${path?.join('/')}/`.startsWith(`${target}/`);
    const found = target === undefined || isLoop ? undefined : targets.get(target);
    if (found) return { ...file, symlink: found };
    warnings.add(
      () =>
        `the symbolic link ${quoted(file.path.join('/'))} leads to ${quoted(symlink.join('/'))}, which is ${isLoop ? 'a folder it lies in' : 'no file or folder of the torrent'}: it is an empty file here`,
    );
    return file;
  });
}

class Resolver {
  readonly #links = new Map<string, readonly string[]>();
  /** What lies in the torrent's folder itself. */
  readonly #tops = new Set<string>();
  #work = 0;

  constructor(raw: readonly RawFile[]) {
    for (const { path, symlink } of raw) {
      if (path?.[0] !== undefined) this.#tops.add(path[0]);
      if (path && symlink) this.#links.set(path.join('/'), symlink);
    }
  }

  /** What a link may mean, the likelier first: BEP 47 counts from the torrent's folder, some programs from the link's own. */
  candidates({ path, symlink }: RawFile): string[] {
    if (!path || !symlink) return [];
    return [this.#past(symlink), this.#past([...path.slice(0, -1), ...symlink])].filter((each) => each !== undefined);
  }

  /** The path that this one comes to when the links on its way are followed; undefined where they do not end. */
  #past(path: readonly string[]): string | undefined {
    let at = path;
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
      const through = this.#firstLink(at);
      if (through === undefined) return at.join('/');
      const { target, levels } = through;
      const isBeside = target[0] === undefined || !this.#tops.has(target[0]);
      at = [...(isBeside ? at.slice(0, levels - 1) : []), ...target, ...at.slice(levels)];
      this.#work += at.length;
      if (at.length > MAX_TARGET) return undefined;
    }
    return undefined;
  }

  #firstLink(path: readonly string[]): { target: readonly string[]; levels: number } | undefined {
    let key = '';
    for (const [level, component] of path.entries()) {
      key += level === 0 ? component : `/${component}`;
      if (key.length > MAX_TARGET || ++this.#work > MAX_WORK) return undefined;
      const target = this.#links.get(key);
      if (target) return { target, levels: level + 1 };
    }
    return undefined;
  }
}
