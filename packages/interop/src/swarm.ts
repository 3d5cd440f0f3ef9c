// Leechers of many kinds at one torrent, shoal among them, whoever seeds it.
import { expect } from 'vitest';
import type { ForeignClient, ForeignPeer } from './clients/foreign.ts';
import type { Scene } from './scene.ts';
import { shoal } from './shoal.ts';
import { expectEqual } from './transfer.ts';

export interface Swarm {
  readonly torrent: string;
  readonly payload: string;
  /** The leechers beside shoal. */
  readonly others: readonly ForeignClient[];
}

const LIMIT_MS = 100_000;

/** Resolves once everybody has equal bytes, with what shoal had sent by then. */
export async function runSwarm(
  scene: Scene,
  { torrent, payload, others }: Swarm,
): Promise<{ readonly uploaded: number }> {
  const leeches: { readonly client: ForeignClient; readonly dir: string; readonly peer: ForeignPeer }[] = [];
  const join = async (client: ForeignClient): Promise<void> => {
    const dir = scene.path(`arrived-${client.name}`);
    // Transmission takes one connection from an address: each has its own, as in the world.
    leeches.push({ client, dir, peer: await client.start(scene, { torrent, dir, role: 'leech' }) });
  };
  // Who dials nobody must be known to the tracker before the others ask it: they ask again in half an hour.
  for (const client of others.filter(({ dialsLoopback }) => !dialsLoopback)) await join(client);
  for (const { client, peer } of leeches) {
    await scene.until(`the tracker knows ${client.name}`, 30_000, async () => (await peer.isAnnounced?.()) ?? true);
  }
  const dir = scene.path('arrived');
  const get = shoal(scene, 'get', torrent, '--json', '-d', dir, '--bind', '127.0.0.9', '--seed');
  for (const client of others.filter(({ dialsLoopback }) => dialsLoopback)) await join(client);
  for (const { client, peer } of leeches) {
    await scene.until(`${client.name} has everything`, LIMIT_MS, () => peer.isComplete());
  }
  await scene.until('shoal has everything', LIMIT_MS, () => get.events().some(({ event }) => event === 'done'));
  await expectEqual({ payload }, dir);
  for (const leech of leeches) await expectEqual({ payload }, leech.dir, leech.client);
  expect(get.running.process.exitCode, scene.report()).toBe(null);
  return { uploaded: Math.max(0, ...get.events().map(({ uploaded }) => Number(uploaded ?? 0))) };
}
