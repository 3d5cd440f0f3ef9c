// Every client here at one torrent of the seeding server, which is its tracker too.
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLIENTS } from '../src/clients/all.ts';
import { makeSingle, makeTree } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { shoalSeeder } from '../src/shoal.ts';
import { runSwarm } from '../src/swarm.ts';

const reason = whyNot(...CLIENTS.map(({ program }) => program));

describe(reason ? `the seeder's swarm (skipped: ${reason})` : "the seeder's swarm", { skip: !!reason }, () => {
  test.for([
    ['a file of 64 MiB', makeSingle],
    ['a tree of 200 files', makeTree],
  ] as const)('%s to shoal and every other client', { timeout: 180_000 }, async ([, make], { onTestFinished }) => {
    const scene = await Scene.enter();
    onTestFinished(() => scene.leave());
    const payload = await make(scene.path('source'));
    const seeder = shoalSeeder(scene, dirname(payload), '--http', '127.0.0.1:0', '--bind', '127.0.0.8', '--json');
    await scene.until('it is seeded', 60_000, () => seeder.events().some(({ event }) => event === 'ready'));
    const url = seeder.events().find(({ event }) => event === 'torrent')?.torrent;
    const response = await fetch(String(url));
    expect(response.status).toBe(200);
    const torrent = scene.path('it.torrent');
    await writeFile(torrent, new Uint8Array(await response.arrayBuffer()));
    await runSwarm(scene, { torrent, payload, others: CLIENTS });
  });
});
