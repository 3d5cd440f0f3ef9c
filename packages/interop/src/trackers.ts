// The trackers between the peers: ours, or opentracker.
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { freePort, type Scene } from './scene.ts';
import { shoal } from './shoal.ts';

/** Starts `shoal tracker`; answers its announce URL. */
export async function ownTracker(scene: Scene): Promise<string> {
  const port = await freePort();
  shoal(scene, 'tracker', '--http', String(port), '--host', '127.0.0.1');
  await scene.until('our tracker listens', 10_000, () => isListening(port));
  return `http://127.0.0.1:${port}/announce`;
}

/** Starts opentracker for one torrent; the info-hash is not known before the URL, so `allow` whitelists it and starts. */
export async function opentracker(
  scene: Scene,
  protocol: 'http' | 'udp',
): Promise<{ readonly url: string; allow(infoHash: string): Promise<void> }> {
  const port = await freePort();
  return {
    url: `${protocol}://127.0.0.1:${port}/announce`,
    allow: async (infoHash) => {
      const dir = scene.path('opentracker');
      await mkdir(dir, { recursive: true, mode: 0o755 });
      await writeFile(`${dir}/whitelist`, `${infoHash}\n`);
      const place = ['-i', '127.0.0.1', '-p', String(port), '-P', String(port)];
      scene.start('opentracker', 'opentracker', [...place, '-d', dir, '-w', '/whitelist']);
      await scene.until('opentracker listens', 10_000, () => isListening(port));
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
