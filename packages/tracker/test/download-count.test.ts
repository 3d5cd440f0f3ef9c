// Over real HTTP: a client that closes as soon as its download is complete counts as a download.
import { expect, onTestFinished, test } from 'vitest';
import { TrackerSource } from '../src/index.ts';
import { TrackerServer } from '../src/node/index.ts';
import { clientFor } from './loopback.ts';

const infoHash = new Uint8Array(20).fill(3);

test.for([
  { name: 'after its first answer', isAnswered: true },
  { name: 'before its first answer', isAnswered: false },
])('complete and stop at once, $name: the tracker counts one download', async ({ isAnswered }) => {
  const server = new TrackerServer({ http: { host: '127.0.0.1' } });
  onTestFinished(() => server.close());
  await server.listen();
  const url = server.urlFor('127.0.0.1');
  const client = clientFor();
  let left = 100;
  const source = new TrackerSource({
    tiers: [[url]],
    announce: (to, request, signal) => client.announce(to, request, signal),
    clock: {
      now: () => performance.now(),
      setTimer(callback, delayMs) {
        const timer = setTimeout(callback, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    },
    random: () => 0.5,
  });
  await new Promise<void>((resolve) => {
    source.start({
      infoHash,
      peerId: new Uint8Array(20).fill(4),
      port: () => 6881,
      counters: () => ({ uploaded: 0, downloaded: 100 - left, left }),
      offerPeers: () => undefined,
      statusChanged: () => {
        if (!isAnswered || source.status()[0]?.state === 'ok') resolve();
      },
    });
  });
  left = 0;
  source.complete();
  await source.stop();
  await client.close();
  expect(await clientFor().scrape(url, [infoHash])).toEqual([
    { seeders: 0, leechers: 0, completed: 1, downloaders: 0 },
  ]);
});
