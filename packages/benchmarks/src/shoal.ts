// Our own side, as its user runs it: the built command.
import { createRequire } from 'node:module';
import { Child } from './child.ts';
import type { Client, Task } from './client.ts';

const require = createRequire(import.meta.url);

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
function argumentsOf({ role, torrent, dir, dial }: Task): string[] {
  const common = [torrent, '--json', '--dir', dir, '--bind', '127.0.0.1', '--no-dht', '--no-lsd'];
  return role === 'seed' ? ['seed', ...common] : ['get', ...common, '--seed', '--peer', `127.0.0.1:${dial}`];
}

/** Starts `shoal ARGS`. */
export function startShoal(args: readonly string[], env: Record<string, string>, signal: AbortSignal): Child {
  const cli = require.resolve('@shoal/cli/dist/main.js');
  const command = { file: process.execPath, args: [cli, ...args], env, endsBy: 'signal' } as const;
  return new Child(`shoal ${args.find((arg) => !arg.startsWith('-')) ?? ''}`, command, signal);
}

/** Makes a .torrent of the payload with `shoal create`; answers its info-hash. */
export async function createTorrent(options: {
  readonly payload: string;
  readonly torrent: string;
  readonly pieceLength: number;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { payload, torrent, pieceLength, signal } = options;
  const sized = ['--piece-length', `${pieceLength / 1024}K`];
  const child = startShoal(['create', payload, '--output', torrent, ...sized, '--no-date', '--json'], {}, signal);
  try {
    return await child.until('"infoHash"', (line) => /"infoHash":\s*"([0-9a-f]+)"/.exec(line)?.[1]);
  } finally {
    await child.end();
  }
}
