import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Io } from './io.ts';

/** The folder of resume data: `$SHOAL_STATE_DIR`, `$XDG_STATE_HOME/shoal`, `~/.local/state/shoal`. */
export function stateDirOf({ env, cwd }: Pick<Io, 'env' | 'cwd'>): string {
  if (env.SHOAL_STATE_DIR) return resolve(cwd, env.SHOAL_STATE_DIR);
  const base = env.XDG_STATE_HOME;
  // The XDG specification: a relative path there is to be ignored.
  if (base && isAbsolute(base)) return join(base, 'shoal');
  return join(env.HOME || homedir(), '.local', 'state', 'shoal');
}
