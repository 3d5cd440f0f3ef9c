// Our own programs, as their users run them: the built command.
import { createRequire } from 'node:module';
import { Child } from './child.ts';

const require = createRequire(import.meta.url);

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
