// Which files of a torrent are wanted: by globs, or chosen from a list.
import type { Metainfo } from '@shoal/client';
import picomatch from 'picomatch';
import { CliError, EXIT } from './exit.ts';
import type { Io } from './io.ts';

const NORMAL = 4;

export interface SelectionOptions {
  /** Globs. */
  readonly select?: readonly string[];
  /** From a list; what the globs match is chosen to begin with. */
  readonly choose?: boolean;
  readonly color?: boolean;
}

/**
 * One priority a file (padding included). Undefined where nothing is selected. Rejects with CliError where no file matches, or
 * there is no terminal to ask at.
 */
export async function prioritiesFor(
  metainfo: Metainfo,
  options: SelectionOptions,
  io: Io,
): Promise<number[] | undefined> {
  const matching = prioritiesByGlobs(metainfo, options.select ?? []);
  if (!options.choose) return matching;
  const { chooseFiles } = await import('./choose/choose-files.ts');
  const indices = [...metainfo.files.keys()].filter((index) => !metainfo.files[index]?.padding);
  const isChosen = await chooseFiles(
    {
      name: metainfo.name,
      files: indices.map((index) => {
        const { path, length } = metainfo.files[index] as Metainfo['files'][number];
        return { path: path.join('/'), length };
      }),
      isChosen: (at) => matching === undefined || matching[indices[at] as number] !== 0,
      color: options.color !== false && !io.env.NO_COLOR,
    },
    io,
  );
  const priorities = metainfo.files.map(() => 0);
  for (const [at, index] of indices.entries()) if (isChosen(at)) priorities[index] = NORMAL;
  return priorities;
}

/**
 * Wanted where a glob matches its path in the torrent, with or without the torrent's own folder in front; a glob without a
 * slash may match the name alone.
 */
function prioritiesByGlobs({ files, name, multiFile }: Metainfo, globs: readonly string[]): number[] | undefined {
  if (globs.length === 0) return undefined;
  const matchers = globs.map((glob) => {
    const whole = picomatch(glob, { dot: true });
    const base = glob.includes('/') ? undefined : picomatch(glob, { dot: true, basename: true });
    return (path: string): boolean => whole(path) || base?.(path) === true;
  });
  const priorities = files.map(({ path, padding }) => {
    if (padding) return 0;
    const full = path.join('/');
    const inside = multiFile ? path.slice(1).join('/') : full;
    return matchers.some((matches) => matches(full) || matches(inside)) ? NORMAL : 0;
  });
  if (!priorities.includes(NORMAL)) {
    throw new CliError('ERR_SELECT', `no file of ${name} matches ${globs.join(' or ')}`, {
      status: EXIT.wrong,
      hint: 'shoal get --list shows them',
    });
  }
  return priorities;
}
