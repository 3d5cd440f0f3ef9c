// The transfers that foreign clients must pass, each both ways, all of a client's at once: most of one is waiting for the
// first byte.
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { ForeignClient } from './clients/foreign.ts';
import { makeFile, makeMany, makeNames, makeSingle, makeTree } from './payload.ts';
import { whyNot } from './programs.ts';
import { Scene } from './scene.ts';
import { ownTracker } from './trackers.ts';
import { leechFrom, seedTo, type Transfer } from './transfer.ts';

const MiB = 1024 * 1024;

interface Content {
  readonly make: (dir: string) => Promise<string>;
  /** Bytes; what `shoal create` would choose unless told. */
  readonly pieceLength?: number;
  readonly magnet?: NonNullable<Transfer['magnet']>;
}

const CONTENTS = {
  'a file of 64 MiB': { make: makeSingle },
  'a tree of 200 files': { make: makeTree },
  'pieces of 16 KiB': { make: (dir) => makeFile(dir, 40 * MiB + 4_321), pieceLength: 16 * 1024 },
  'pieces of 16 MiB': { make: (dir) => makeFile(dir, 40 * MiB + 4_321), pieceLength: 16 * MiB },
  '2,000 small files': { make: makeMany },
  'a magnet link to 40 KB of metadata': {
    make: (dir) => makeNames(dir, 300, 40_000),
    magnet: { infoOver: 2 * 16_384 },
  },
  'a magnet link to 1.2 MB of metadata': { make: (dir) => makeNames(dir, 5_000, 1_200_000), magnet: { infoOver: MiB } },
} satisfies Record<string, Content>;

export type ContentName = keyof typeof CONTENTS;

/** Registers them; where the program is missing they are skipped, and the name says why. */
export function testTransfers(client: ForeignClient, ...names: readonly ContentName[]): void {
  const reason = whyNot(client.program);
  const title = reason ? `${client.name} (skipped: ${reason})` : client.name;
  describe.concurrent(title, { skip: reason !== undefined }, () => {
    let shared: Scene;
    const payloads = new Map<ContentName, string>();
    beforeAll(async () => {
      shared = await Scene.enter();
      for (const name of names) payloads.set(name, await CONTENTS[name].make(shared.path(String(payloads.size))));
    });
    afterAll(() => shared.leave());

    for (const name of names) {
      const { make: _, ...how }: Content = CONTENTS[name];
      for (const [what, transfer] of [
        ['leeches from', leechFrom],
        ['seeds to', seedTo],
      ] as const) {
        test(`shoal ${what} ${client.name}: ${name}`, async ({ onTestFinished }) => {
          const scene = await Scene.enter();
          onTestFinished(() => scene.leave());
          const announce = await ownTracker(scene);
          const payload = payloads.get(name) as string;
          await transfer(scene, { client, payload, announce, ...how });
        });
      }
    }
  });
}
