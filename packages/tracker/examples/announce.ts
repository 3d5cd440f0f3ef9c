import { TrackerSource } from '@shoal/tracker';
import { createTrackerClient, TrackerServer } from '@shoal/tracker/node';

const infoHash = new Uint8Array(20).fill(0xab);
const idOf = (name: string): Uint8Array => new TextEncoder().encode(name.padEnd(20, '-'));

export async function run(): Promise<{ peers: string[]; seeders: number | null }> {
  // A tracker on a free port, and a seed in the same process, which need not announce.
  const server = new TrackerServer({ http: { host: '127.0.0.1' } });
  await server.listen();
  server.enterLocal({ infoHash, peerId: idOf('-SH0100-seed'), port: 6881, role: 'seed' });

  // A download with two tiers of trackers: nobody listens at the first, so the second is asked.
  const client = createTrackerClient();
  const source = new TrackerSource({
    tiers: [['http://127.0.0.1:9/announce'], [server.urlFor('127.0.0.1')]],
    announce: (url, request, signal) => client.announce(url, request, signal),
    clock: {
      now: () => performance.now(),
      setTimer(callback, delayMs) {
        const timer = setTimeout(callback, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    },
    random: Math.random,
  });
  const peers = await new Promise<string[]>((resolve) => {
    source.start({
      infoHash,
      peerId: idOf('-SH0100-leech'),
      port: () => 6882,
      counters: () => ({ uploaded: 0, downloaded: 0, left: 1_000_000 }),
      offerPeers: (addresses) => resolve([...addresses]),
      statusChanged: () => undefined,
    });
  });
  const seeders = source.status()[1]?.seeders ?? null;

  await source.stop();
  await client.close();
  await server.close();
  return { peers, seeders };
}
