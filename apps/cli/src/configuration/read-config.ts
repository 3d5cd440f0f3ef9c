// Finds and reads the configuration file: a JSON object, no comments.
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { CliError, EXIT, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const MAX_BYTES = 1024 * 1024;

/**
 * The file that `--config` names, or the user's own, which need not be there. Rejects with ERR_CONFIG where it cannot be
 * read or is no JSON object.
 */
export async function readConfig(
  named: string | undefined,
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
): Promise<ConfigFile | undefined> {
  const path = named === undefined ? defaultPath(env) : resolve(cwd, named);
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new Error(`${size} bytes are too many for it, at most ${MAX_BYTES} are read`);
    const values: unknown = JSON.parse((await readFile(path, 'utf8')).replace(/^\ufeff/, ''));
    if (!isObject(values)) throw new Error('it is not a JSON object, such as {"dir": "/srv"}');
    return { path, values };
  } catch (error) {
    if (named === undefined && isMissing(error)) return undefined;
    const reason = error instanceof SyntaxError ? `it is not JSON: ${error.message}` : reasonOf(error);
    throw new CliError('ERR_CONFIG', `the configuration ${path}: ${reason}`, { status: EXIT.wrong, cause: error });
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `$XDG_CONFIG_HOME/shoal/config.json`, else `~/.config/shoal/config.json`. */
function defaultPath(env: Io['env']): string {
  const base = env.XDG_CONFIG_HOME;
  // The XDG specification: a relative path there is to be ignored.
  const folder = base && isAbsolute(base) ? base : join(env.HOME || homedir(), '.config');
  return join(folder, 'shoal', 'config.json');
}

function isMissing(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
