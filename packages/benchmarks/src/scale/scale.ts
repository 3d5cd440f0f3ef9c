// What many torrents, many peers and a very large torrent cost the real programs: `shoal-seeder` as its operator runs it, started
// again from what it saved, and `shoal` as its user does.

import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../child.ts';
import { runProgram } from '../hashing/run-program.ts';
import type { Context } from '../measurement.ts';
import { MIB, makeFolder } from '../payload.ts';
import { memoryOf } from '../process-memory.ts';
import { createTorrent, startShoal } from '../shoal.ts';
import { sourceFile } from '../source-file.ts';
import { cpuSeconds } from '../usage.ts';

const require = createRequire(import.meta.url);

export interface ScaleOptions {
  readonly torrents: number;
  readonly peers: number;
  /** Of 16 KiB. */
  readonly pieces: number;
  /** How long to look at a program that has nothing to do. */
  readonly restSeconds: number;
}

/** Bytes, seconds, shares of one core. */
export interface ScaleResult {
  readonly options: ScaleOptions;
  readonly idle: {
    /** From nothing to all torrents seeded, hashing them; and from what was saved. */
    readonly firstStart: number;
    readonly start: number;
    readonly resident: number;
    readonly perTorrent: number;
    readonly restShare: number;
  };
  readonly peers: { readonly perPeer: number; readonly restShare: number };
  readonly large: {
    readonly create: number;
    readonly verify: number;
    readonly start: number;
    readonly resident: number;
  };
}

const FILE_BYTES = 20_000;
const PIECE = 16 * 1024;
const LIMIT_MS = 300_000;

export async function measureScale(options: ScaleOptions, { signal: interrupt, say }: Context): Promise<ScaleResult> {
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(LIMIT_MS)]);
  const { folder } = await makeFolder(options.torrents * FILE_BYTES * 2 + 64 * MIB);
  try {
    say(`${options.torrents} idle torrents`);
    const idle = await idleTorrents(folder, options, signal);
    say(`${options.peers} connected peers`);
    const peers = await connectedPeers(folder, options, signal);
    say(`a torrent of ${options.pieces} pieces`);
    return { options, idle, peers, large: await largeTorrent(folder, options, signal) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function idleTorrents(folder: string, options: ScaleOptions, signal: AbortSignal): Promise<ScaleResult['idle']> {
  const { torrents, restSeconds } = options;
  const [none, many] = [join(folder, 'none'), join(folder, 'many')];
  await Promise.all([mkdir(none), mkdir(many)]);
  const content = Buffer.alloc(FILE_BYTES, 'a file of its own ');
  for (let index = 0; index < torrents; index++) {
    content.writeUInt32BE(index);
    await writeFile(join(many, `file-${String(index).padStart(6, '0')}.bin`), content);
  }
  const empty = await withSeeder(none, join(folder, 'none-state'), signal, async ({ child }) =>
    memoryOf(child.pid, 'VmRSS'),
  );
  const state = join(folder, 'many-state');
  // The first run's resume data are written a few seconds after the last torrent.
  const firstStart = await withSeeder(many, state, signal, async ({ seconds }) => {
    await delay(8_000, undefined, { signal });
    return seconds;
  });
  return withSeeder(many, state, signal, async ({ child, seconds }) => {
    const restShare = await shareAtRest(child, restSeconds, signal);
    const resident = memoryOf(child.pid, 'VmRSS');
    return { firstStart, start: seconds, resident, perTorrent: (resident - empty) / torrents, restShare };
  });
}

async function connectedPeers(
  folder: string,
  options: ScaleOptions,
  signal: AbortSignal,
): Promise<ScaleResult['peers']> {
  const one = join(folder, 'one');
  await mkdir(one);
  await writeFile(join(one, 'file.bin'), Buffer.alloc(MIB, 'peers'));
  return withSeeder(one, join(folder, 'one-state'), signal, async ({ child, port, infoHash }) => {
    const before = memoryOf(child.pid, 'VmRSS');
    const args = [sourceFile('scale/many_peers.mjs'), String(port), infoHash, String(options.peers)];
    const peers = new Child('many peers', { file: process.execPath, args, endsBy: 'input' }, signal);
    try {
      await peers.until('connected', (line) => (line === 'connected' ? true : undefined));
      const restShare = await shareAtRest(child, options.restSeconds, signal);
      return { perPeer: (memoryOf(child.pid, 'VmRSS') - before) / options.peers, restShare };
    } finally {
      await peers.end();
    }
  });
}

/** Of zeros that take no room: what counts is the number of pieces. */
async function largeTorrent(
  folder: string,
  { pieces }: ScaleOptions,
  signal: AbortSignal,
): Promise<ScaleResult['large']> {
  // Sparse on any disk; in memory each page that is read would be one that is there.
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
  try {
    const payload = join(dir, 'zeros.bin');
    const file = await open(payload, 'w');
    await file.truncate(pieces * PIECE);
    await file.close();
    const torrent = join(folder, 'large.torrent');
    const before = performance.now();
    await createTorrent({ payload, torrent, pieceLength: PIECE, signal });
    const create = (performance.now() - before) / 1_000;
    const main = require.resolve('@shoal/cli/dist/main.js');
    const { seconds: verify } = await runProgram([process.execPath, main, 'verify', torrent, dir], signal);
    const since = performance.now();
    const args = ['seed', torrent, '--dir', dir, '--json', '--bind', '127.0.0.1', '--no-dht', '--no-lsd'];
    const seed = startShoal(args, { SHOAL_STATE_DIR: join(folder, 'large-state') }, signal);
    try {
      await seed.until('seeding', (line) => (line.startsWith('{"event":"seeding"') ? true : undefined));
      const start = (performance.now() - since) / 1_000;
      return { create, verify, start, resident: memoryOf(seed.pid, 'VmRSS') };
    } finally {
      await seed.end();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface RunningSeeder {
  readonly child: Child;
  /** From its launch until everything is seeded. */
  readonly seconds: number;
  readonly port: number;
  /** Of the first torrent. */
  readonly infoHash: string;
}

async function withSeeder<T>(
  dir: string,
  stateDir: string,
  signal: AbortSignal,
  body: (seeder: RunningSeeder) => Promise<T>,
): Promise<T> {
  const main = require.resolve('@shoal/seeder/dist/main.js');
  const places = ['--http', '127.0.0.1:0', '--bind', '127.0.0.1', '--state-dir', stateDir, '--settle', '1'];
  const args = [main, dir, ...places, '--max-connections', '100000', '--max-peers', '100000', '--json'];
  const since = performance.now();
  const child = new Child('shoal-seeder', { file: process.execPath, args, endsBy: 'signal' }, signal);
  try {
    let infoHash = '';
    const port = await child.until('ready', (line) => {
      const event = JSON.parse(line) as { event?: string; infoHash?: string; port?: number };
      if (event.event === 'torrent' && infoHash === '') infoHash = event.infoHash ?? '';
      return event.event === 'ready' ? event.port : undefined;
    });
    return await body({ child, seconds: (performance.now() - since) / 1_000, port, infoHash });
  } finally {
    await child.end();
  }
}

async function shareAtRest(child: Child, seconds: number, signal: AbortSignal): Promise<number> {
  // What starting left to be cleared away is not rest.
  await delay(6_000, undefined, { signal });
  const before = cpuSeconds(child.pid) ?? 0;
  await delay(seconds * 1_000, undefined, { signal });
  return ((cpuSeconds(child.pid) ?? 0) - before) / seconds;
}

export function formatScale({ options, idle, peers, large }: ScaleResult): string {
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;
  const share = (part: number): string => `${(100 * part).toFixed(1)} % of a core`;
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const rows: [string, string][] = [
    [`${options.torrents} torrents, hashed and seeded`, seconds(idle.firstStart)],
    ['  started again from what was saved', seconds(idle.start)],
    ['  resident', `${mib(idle.resident)}, ${(idle.perTorrent / 1024).toFixed(1)} KiB a torrent`],
    ['  at rest', share(idle.restShare)],
    [`${options.peers} peers of one torrent, each`, `${(peers.perPeer / 1024).toFixed(1)} KiB`],
    ['  at rest', share(peers.restShare)],
    [`${options.pieces} pieces of 16 KiB: create`, seconds(large.create)],
    ['  verify', seconds(large.verify)],
    ['  start to seed, checking all', seconds(large.start)],
    ['  resident then', mib(large.resident)],
  ];
  return rows.map(([what, value]) => `${what.padEnd(42)}${value}`).join('\n');
}
