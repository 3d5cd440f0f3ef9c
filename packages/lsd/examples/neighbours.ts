import { createLocalDiscovery } from '@shoal/lsd/node';

/** Two clients on one machine, in the same torrent, find each other; on the loopback interface alone. */
export async function run(): Promise<string[]> {
  const clients = [6881, 6882].map((port) => ({ port, discovery: createLocalDiscovery({ interfaces: ['lo'] }) }));
  const found: string[] = [];
  const sources = clients.map(({ discovery }) => discovery.source());
  await new Promise<void>((resolve, reject) => {
    for (const [index, { port }] of clients.entries()) {
      const source = sources[index];
      // What a session tells of its torrent.
      source?.start({
        infoHash: new Uint8Array(20).fill(0xab),
        private: false,
        port: () => port,
        offerPeers: (addresses) => {
          found.push(...addresses.map((address) => `${port} finds ${address}`));
          if (found.length === clients.length) resolve();
        },
        statusChanged: () => {
          const [status] = source.status();
          if (status?.state === 'failed') reject(new Error(status.message ?? 'no multicast'));
        },
      });
    }
  }).finally(() => Promise.all(sources.map((source) => source.stop())));
  return found.sort();
}
