// The simulated Transport against the contract's suite.

import type { Transport } from '@shoal/session';
import { testTransport } from '@shoal/session/testing';
import { SimClock, type SimHostOptions, SimNetwork, seededRandom } from '@shoal/testkit';
import { test } from 'vitest';

const lines: [name: string, host: SimHostOptions, oddSplits: boolean][] = [
  ['SimNetwork', {}, false],
  ['SimNetwork on slow lines, in odd pieces', { up: 2_000_000, down: 3_000_000, latencyMs: 80 }, true],
];

for (const [name, host, oddSplits] of lines) {
  testTransport(test, name, () => {
    const clock = new SimClock();
    const network = new SimNetwork({ clock, random: seededRandom(name), oddSplits });
    return {
      dialler: network.host('10.0.0.1', host) satisfies Transport,
      listener: network.host('10.0.0.2', host),
      listenerHost: '10.0.0.2',
      until: (condition) => clock.run(condition, 600_000),
    };
  });
}
