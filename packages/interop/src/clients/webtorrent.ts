// webtorrent 2.x as a program of its own that embeds it.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, hostPort } from '../scene.ts';
import type { ForeignClient } from './foreign.ts';

const DRIVER = fileURLToPath(new URL('webtorrent_peer.mjs', import.meta.url));

export const webtorrent: ForeignClient = {
  name: 'webtorrent',
  program: 'webtorrent',
  dialsLoopback: true,
  makesEmptyFiles: true,

  async start(scene, { torrent, dir, role, host = '127.0.0.1', scrape = false }) {
    const port = await freePort(host);
    await mkdir(dir, { recursive: true });
    const running = scene.start(`webtorrent ${role}`, process.execPath, [
      DRIVER,
      torrent,
      dir,
      String(port),
      ...(scrape ? ['scrape'] : []),
    ]);
    const isDone = async (): Promise<boolean> => running.output().includes('done\n');
    return { running, address: hostPort(host, port), isComplete: isDone, isSeeding: isDone };
  },
};
