import { expect, test } from 'vitest';
import type { PeerSource, SourceTorrent } from '../src/index.ts';
import { SourceSet } from '../src/source-set.ts';

function recorded(name: string, told: string[], options: Partial<PeerSource> = {}): PeerSource {
  const say = (what: string) => (): void => void told.push(`${name} ${what}`);
  return {
    name,
    start: say('start'),
    complete: say('complete'),
    wantPeers: say('want'),
    announceNow: say('now'),
    stop: async () => void told.push(`${name} stop`),
    status: () => [],
    ...options,
  };
}

const torrent = (isPrivate: boolean) => (): SourceTorrent => ({ private: isPrivate }) as SourceTorrent;

test('all are started and stopped together, once', async () => {
  const told: string[] = [];
  const set = new SourceSet([recorded('a', told), recorded('b', told)]);
  set.complete();
  set.start(torrent(false));
  set.start(torrent(false));
  set.wantPeers();
  set.announceNow();
  set.complete();
  await set.stop();
  await set.stop();
  set.announceNow();
  expect(told.join(', ')).toBe(
    'a start, b start, a want, b want, a now, b now, a complete, b complete, a stop, b stop',
  );
  set.start(torrent(false));
  expect(told.slice(-2)).toEqual(['a start', 'b start']);
});

test('a private torrent has its trackers alone', async () => {
  const told: string[] = [];
  const set = new SourceSet([recorded('dht', told), recorded('tracker', told, { isTracker: true })]);
  set.start(torrent(true));
  set.wantPeers();
  await set.stop();
  expect(told).toEqual(['tracker start', 'tracker want', 'tracker stop']);
});

test('a second stop waits for the goodbyes of the first; who fails at them harms nobody', async () => {
  let bye = (): void => undefined;
  const slow = recorded('slow', [], {
    stop: () =>
      new Promise((resolve) => {
        bye = resolve;
      }),
  });
  const broken = recorded('broken', [], { stop: () => Promise.reject(new Error('no answer')) });
  const set = new SourceSet([slow, broken]);
  set.start(torrent(false));
  let ended = 0;
  for (const stopping of [set.stop(), set.stop()]) void stopping.then(() => ended++);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(0);
  bye();
  await set.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(2);
});
