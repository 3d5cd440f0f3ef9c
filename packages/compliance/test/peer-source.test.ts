// The tracker package's PeerSource against the session's suite.

import type { PeerSource } from '@shoal/session';
import { testPeerSource } from '@shoal/session/testing';
import { SimClock, seededRandom } from '@shoal/testkit';
import { type AnnounceResponse, TrackerSource } from '@shoal/tracker';
import { test } from 'vitest';

const answer: AnnounceResponse = {
  interval: 1800,
  minInterval: null,
  seeders: 1,
  leechers: 0,
  peers: [{ host: '10.0.0.9', port: 6881 }],
  warning: null,
  trackerId: null,
  externalIp: null,
};

testPeerSource(test, 'TrackerSource', () => {
  const clock = new SimClock();
  const source = new TrackerSource({
    tiers: [['http://dead.example/announce'], ['http://tracker.example/announce']],
    announce: (url) =>
      new Promise((resolve, reject) => {
        const settle = url.includes('dead') ? () => reject(new Error('refused')) : () => resolve(answer);
        clock.setTimer(settle, 50);
      }),
    clock,
    random: seededRandom('source').number,
  }) satisfies PeerSource;
  return {
    source,
    expected: '10.0.0.9:6881',
    until: (condition) => clock.run(condition, 600_000),
    settle: (promise) => clock.settle(promise, 60_000),
  };
});
