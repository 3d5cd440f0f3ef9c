// What `shoal info` reads in a torrent beside what libtorrent reads in it.
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Scene } from './scene.ts';
import { runShoal } from './shoal.ts';

interface Facts {
  readonly name: string;
  readonly infoHash: string;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly private: boolean;
  readonly files: readonly { readonly path: string; readonly length: number }[];
  readonly announce: readonly (readonly string[])[];
}

/** Runs one of this folder's Python scripts, which need libtorrent, and answers the lines it printed. */
export async function python(scene: Scene, script: string, ...args: readonly string[]): Promise<string[]> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const running = scene.start(script, '/usr/bin/python3', [path, ...args]);
  expect(await running.ended, running.output()).toBe(0);
  return running.output().trim().split('\n');
}

/** Fails unless both read the same names, hashes, sizes, files and trackers in every torrent. */
export async function expectAgreement(scene: Scene, torrents: readonly string[]): Promise<void> {
  const theirs = (await python(scene, 'torrent_facts.py', ...torrents)).map((line) => JSON.parse(line) as Facts);
  expect(theirs).toHaveLength(torrents.length);
  for (const [index, torrent] of torrents.entries()) {
    const { status, output } = await runShoal(scene, 'info', torrent, '--json');
    expect(status, output).toBe(0);
    expect(inOrder(JSON.parse(output) as Facts), torrent).toMatchObject(inOrder(theirs[index] as Facts));
  }
}

/** A tier has no order (BEP 12): libtorrent shuffles it as soon as it reads it. */
function inOrder<T extends Pick<Facts, 'announce'>>(facts: T): T {
  return { ...facts, announce: facts.announce.map((tier) => tier.toSorted()) };
}
