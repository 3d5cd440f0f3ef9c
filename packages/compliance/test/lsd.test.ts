// Local discovery against the session's suite for sources of peers: a neighbour in the same torrent, on a network in memory.

import { encodeAnnouncement, LocalDiscovery, type LsdNetwork } from '@shoal/lsd';
import { InfoHash } from '@shoal/primitives';
import type { PeerSource } from '@shoal/session';
import { testPeerSource } from '@shoal/session/testing';
import { SimClock } from '@shoal/testkit';
import { test } from 'vitest';

/** The torrent of the suite. */
const infoHash = new InfoHash(new Uint8Array(20).fill(0x11));

testPeerSource(test, 'LsdSource', () => {
  const clock = new SimClock();
  const announcement = encodeAnnouncement(4, { port: 6_881, infoHashes: [infoHash], cookie: 'neighbour' });
  const network: LsdNetwork = {
    open: async (onDatagram) => {
      const timer = clock.setTimer(() => onDatagram(announcement, '10.0.0.9'), 1_000);
      return { warning: () => null, send: () => undefined, close: async () => timer.cancel() };
    },
  };
  const source = new LocalDiscovery({ clock, network, cookie: 'ours' }).source() satisfies PeerSource;
  return {
    source,
    expected: '10.0.0.9:6881',
    until: (condition) => clock.run(condition, 600_000),
    settle: (promise) => clock.settle(promise, 60_000),
  };
});
