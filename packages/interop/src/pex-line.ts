// A line of three peers, A-B-C: A has everything, C nothing, and B, which both know, gets and gives next to nothing. What C gets in
// time it gets from A, whom it can only know through B (BEP 11).
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { expect } from 'vitest';
import { libtorrent } from './clients/libtorrent.ts';
import { transmission } from './clients/transmission.ts';
import type { Lan } from './lan.ts';
import { makeFile } from './payload.ts';
import { freePort, hostPort, ownAddress, type Scene } from './scene.ts';
import { shoalApart } from './shoal.ts';
import { expectEqual } from './transfer.ts';

export type Kind = 'shoal' | 'libtorrent' | 'transmission';

const LENGTH = 4 * 1024 * 1024;
/** Bytes a second: B's. The whole would take half an hour. */
const TRICKLE = 2_048;

export interface PexLine {
  /** Whether C has everything. */
  isComplete(): Promise<boolean>;
  /** How many C is connected to. */
  peersOfC(): Promise<number>;
  expectEqual(): Promise<void>;
}

interface Member {
  readonly address: string;
  readonly isReady: () => Promise<boolean>;
  readonly peers: () => Promise<number>;
}

interface Role {
  readonly name: 'a' | 'b' | 'c';
  readonly kind: Kind;
  readonly dial: readonly string[];
}

/** Starts A, B and C of these kinds; Transmission dials nobody here, so it is dialled, and there is one of it at most. */
export async function startLine(
  scene: Scene,
  kinds: readonly [Kind, Kind, Kind],
  options: { readonly lan?: Lan; readonly private?: boolean } = {},
): Promise<PexLine> {
  const payload = await makeFile(scene.path('source'), LENGTH);
  const { bytes } = await createTorrent(payload, { private: options.private === true });
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  const place = { torrent, source: dirname(payload), lan: options.lan };
  const [a, b, c] = kinds;
  // Whoever is dialled must be there first.
  const start = (name: Role['name'], kind: Kind, ...dial: readonly Member[]): Promise<Member> =>
    startMember(scene, place, { name, kind, dial: dial.map(({ address }) => address) });
  let last: Member;
  if (b === 'transmission') {
    const middle = await start('b', b);
    await start('a', a, middle);
    last = await start('c', c, middle);
  } else if (c === 'transmission') {
    last = await start('c', c);
    const first = await start('a', a);
    await start('b', b, first, last);
  } else {
    const middle = await start('b', b, await start('a', a));
    last = await start('c', c, middle);
  }
  return {
    isComplete: last.isReady,
    peersOfC: last.peers,
    expectEqual: () => expectEqual({ payload }, scene.path('arrived-c')),
  };
}

async function startMember(
  scene: Scene,
  { torrent, source, lan }: { readonly torrent: string; readonly source: string; readonly lan: Lan | undefined },
  { name, kind, dial }: Role,
): Promise<Member> {
  const host = lan ? lan.address() : ownAddress();
  const dir = name === 'a' ? source : scene.path(`arrived-${name}`);
  const slow = name === 'b' ? { down: TRICKLE, up: TRICKLE } : {};
  await mkdir(dir, { recursive: true });
  if (kind === 'shoal') {
    const port = lan ? lan.port() : await freePort(host);
    const limits = name === 'b' ? ['--limit-down', String(TRICKLE), '--limit-up', String(TRICKLE)] : [];
    const args = ['--json', '-d', dir, '--bind', host, '--port', String(port), '--no-dht', '--no-lsd', ...limits];
    const peers = dial.flatMap((address) => ['--peer', address]);
    const command = name === 'a' ? ['seed'] : ['get', '--seed'];
    const running = shoalApart(scene, name, lan, ...command, torrent, ...args, ...peers);
    const has = (wanted: string): boolean => running.events().some(({ event }) => event === wanted);
    // By then it listens.
    await scene.until(`${name} runs`, 30_000, () => has(name === 'a' ? 'seeding' : 'added'));
    return {
      address: hostPort(host, port),
      isReady: async () => has(name === 'a' ? 'seeding' : 'done'),
      peers: async () => Number(running.events().findLast(({ event }) => event === 'progress')?.peers ?? 0),
    };
  }
  const client = kind === 'libtorrent' ? libtorrent : transmission;
  const role = name === 'a' ? 'seed' : 'leech';
  const peer = await client.start(scene, {
    ...{ torrent, dir, role, host, dial, find: ['pex'], ...slow },
    ...(lan ? { lan } : {}),
  });
  if (name === 'a') await scene.until('A seeds', 30_000, () => peer.isSeeding());
  return {
    address: peer.address,
    isReady: () => peer.isComplete(),
    peers: async () => (await peer.peers?.())?.length ?? 0,
  };
}

/** Fails unless C has nothing but B for so long, and no more of the data than B gave. */
export async function expectApart(scene: Scene, line: PexLine, forMs: number): Promise<void> {
  await scene.until('C is connected to B', 60_000, async () => (await line.peersOfC()) === 1);
  const until = Date.now() + forMs;
  await scene.until('the time is over', forMs + 10_000, async () => {
    expect(await line.peersOfC(), scene.report()).toBeLessThanOrEqual(1);
    expect(await line.isComplete()).toBe(false);
    return Date.now() >= until;
  });
}
