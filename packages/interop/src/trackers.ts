// The trackers between the peers: ours, opentracker, and two that are of no use.
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { freePort, hostPort, type Scene } from './scene.ts';
import { type CliEvent, shoal } from './shoal.ts';

/** Starts `shoal tracker`; answers its announce URL. */
export async function ownTracker(scene: Scene, host = '127.0.0.1'): Promise<string> {
  const tracker = shoal(scene, 'tracker', '--http', '0', '--host', host, '--json');
  const listening = (): CliEvent | undefined => tracker.events().find(({ event }) => event === 'listening');
  await scene.until('our tracker listens', 10_000, () => listening() !== undefined);
  return `http://${hostPort(host, Number(listening()?.port))}/announce`;
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
      await scene.until('opentracker listens', 10_000, () => isListening('127.0.0.1', port));
    },
  };
}

/** The URL of a tracker whose port nobody listens on. */
export async function deadTracker(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}/announce`;
}

/** The URL of a tracker that takes connections and never answers. */
export async function muteTracker(scene: Scene): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.onLeave(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
