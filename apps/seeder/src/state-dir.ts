import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';

/**
 * Where state is kept unless told: systemd's folder for it, else one of the user's own (XDG), one for each folder that is
 * seeded. Never in that folder.
 */
export function defaultStateDir(dir: string, env: NodeJS.ProcessEnv): string {
  const [given] = (env.STATE_DIRECTORY ?? '').split(':');
  if (given) return given;
  const path = resolve(dir);
  const name = basename(path)
    .replace(/[^\w.-]/g, '_')
    .slice(0, 60);
  const mark = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'shoal-seeder', `${name}-${mark}`);
}
