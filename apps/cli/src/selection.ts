// `--select`: which files of a torrent are wanted, by globs.
import type { Metainfo } from '@shoal/client';
import picomatch from 'picomatch';
import { CliError, EXIT } from './exit.ts';

const NORMAL = 4;

/**
 * One priority a file (padding included): wanted where a glob matches its path in the torrent, with or without the
 * torrent's own folder in front; a glob without a slash may match the name alone. Undefined where nothing is selected.
 * Throws CliError where no file matches.
 */
export function prioritiesFor({ files, name, multiFile }: Metainfo, globs: readonly string[]): number[] | undefined {
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
