// Our own side.
import type { Child } from '../../child.ts';
import { startShoal } from '../../shoal.ts';
import type { Client, Task } from '../client.ts';

export const shoal: Client = {
  name: 'shoal',

  async probe(signal) {
    let child: Child | undefined;
    try {
      child = startShoal(['--version'], {}, signal);
      return { version: await child.until('its version', (line) => /^\d\S*$/.exec(line)?.[0]) };
    } catch (error) {
      return { missing: (error as Error).message };
    } finally {
      await child?.end();
    }
  },

  start(task) {
    const child = startShoal(argumentsOf(task), { NO_COLOR: '1', SHOAL_STATE_DIR: task.stateDir }, task.signal);
    const event = <T>(name: string, read: (event: Record<string, unknown>) => T): Promise<T> =>
      child.until(`"${name}"`, (line) => {
        if (!line.startsWith(`{"event":"${name}"`)) return undefined;
        return read(JSON.parse(line) as Record<string, unknown>);
      });
    return {
      child,
      listening: () => event('seeding', ({ port }) => Number(port)),
      complete: () => event('done', () => true).then(() => {}),
    };
  },
};

/** A complete `get` seeds on, so that its process is still there to be looked at. */
function argumentsOf({ role, torrent, dir, host, dial }: Task): string[] {
  const lone = ['--bind', host, '--no-dht', '--no-lsd', '--no-pex'];
  const common = ['--no-config', torrent, '--json', '--dir', dir, ...lone];
  const peers = dial.flatMap((seed) => ['--peer', `${seed.host}:${seed.port}`]);
  return role === 'seed' ? ['seed', ...common] : ['get', ...common, '--seed', ...peers];
}
