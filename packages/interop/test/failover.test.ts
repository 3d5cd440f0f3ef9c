// Trackers that are of no use, before one that is: our side finds the other all the same, and soon.
import { describe, expect, test } from 'vitest';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { makeFile } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { deadTracker, muteTracker, ownTracker } from '../src/trackers.ts';
import { leechFrom, seedTo } from '../src/transfer.ts';

const LENGTH = 4 * 1024 * 1024;

const reason = whyNot('libtorrent');

describe.concurrent(reason ? `failover (skipped: ${reason})` : 'failover', { skip: reason !== undefined }, () => {
  const cases: readonly {
    readonly what: string;
    readonly tiers: (scene: Scene, good: string) => Promise<readonly (readonly string[])[]>;
  }[] = [
    { what: 'a dead tracker, the next tier works', tiers: async (_, good) => [[await deadTracker()], [good]] },
    { what: 'a dead tracker in the same tier', tiers: async (_, good) => [[await deadTracker(), good]] },
    { what: 'a mute tracker, the next tier works', tiers: async (scene, good) => [[await muteTracker(scene)], [good]] },
  ];
  for (const { what, tiers } of cases) {
    for (const [role, transfer] of [
      ['leech', leechFrom],
      ['seed', seedTo],
    ] as const) {
      test(`${what}: shoal as the ${role}`, async ({ onTestFinished }) => {
        const scene = await Scene.enter();
        onTestFinished(() => scene.leave());
        const announce = await ownTracker(scene);
        const payload = await makeFile(scene.path('source'), LENGTH);
        const ourTiers = await tiers(scene, announce);
        expect(await transfer(scene, { client: libtorrent, payload, announce, ourTiers })).toBeLessThan(30);
      });
    }
  }
});
