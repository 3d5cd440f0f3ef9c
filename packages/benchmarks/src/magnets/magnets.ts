// From `shoal get` of an info-hash to the first bytes, the start of its process in it: of a torrent of one block, until that is whole
// and verified, which is later than its first byte. Peers come from a tracker, or from the DHT and nowhere else.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BoundDht, bindDht } from '@shoal/dht/node';
import type { Child } from '../child.ts';
import { createTorrent, startShoal } from '../shoal.ts';
import { median } from '../statistics.ts';

const BLOCK = 16 * 1024;
/** Nodes of the DHT beside the seed's and the leech's. */
const NODES = 12;
/** Of one transfer with all that it needs. */
const LIMIT_MS = 30_000;

export interface MagnetTimes {
  /** Seconds, one a round. */
  readonly tracker: readonly number[];
  readonly dht: readonly number[];
}

/** Each round has a torrent, a seed and a leech of its own, so that nothing is remembered. */
export async function measureMagnets(rounds: number, signal: AbortSignal): Promise<MagnetTimes> {
  const tracker: number[] = [];
  const dht: number[] = [];
  for (let round = 0; round < rounds; round++) {
    tracker.push(await withRound(signal, throughTracker));
    dht.push(await withRound(signal, throughDht));
  }
  return { tracker, dht };
}

export function formatMagnets({ tracker, dht }: MagnetTimes): string {
  const rows = [
    ['a tracker', tracker],
    ['the DHT alone', dht],
  ] as const;
  const lines = rows.map(([name, seconds]) => {
    const range = `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}`;
    return `  ${name.padEnd(14)}${median(seconds).toFixed(2).padStart(6)}  (${range})`;
  });
  const heading = `seconds from \`shoal get HASH\` to the first block, verified; median of ${tracker.length} (lowest to highest)`;
  return [heading, ...lines].join('\n');
}

/** What one round started. */
interface Round {
  readonly folder: string;
  readonly signal: AbortSignal;
  start(name: string, ...args: readonly string[]): Child;
}

async function withRound(signal: AbortSignal, body: (round: Round) => Promise<number>): Promise<number> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const folder = await mkdtemp(join(tmpdir(), 'shoal-magnet-'));
  const children: Child[] = [];
  const start: Round['start'] = (name, ...args) => {
    const env = { NO_COLOR: '1', SHOAL_STATE_DIR: join(folder, `${name}-state`) };
    const child = startShoal(['--no-config', ...args], env, bounded);
    children.push(child);
    return child;
  };
  try {
    return await body({ folder, signal: bounded, start });
  } finally {
    await Promise.all(children.map((child) => child.end()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function throughTracker({ start, folder, signal }: Round): Promise<number> {
  const tracker = start('tracker', 'tracker', '--http', '0', '--host', '127.0.0.1', '--json');
  const { urls } = await heard<{ urls: string[] }>(tracker, 'listening');
  const { torrent, infoHash } = await makeTorrent(folder, signal);
  const [url = ''] = urls;
  const seed = start('seed', 'seed', torrent, '--dir', folder, '--tracker', url, ...PLAIN, '--no-dht');
  await heard(seed, 'seeding');
  const link = `magnet:?xt=urn:btih:${infoHash}&tr=${encodeURIComponent(url)}`;
  return timed(() => start('get', 'get', link, '--dir', join(folder, 'arrived'), ...PLAIN, '--no-dht'));
}

async function throughDht({ start, folder, signal }: Round): Promise<number> {
  const nodes: BoundDht[] = [];
  try {
    const first = await bindDht({ host: '127.0.0.1' });
    nodes.push(first);
    const entryOf = (node: BoundDht): string => `127.0.0.1:${node.endpoints[0]?.port}`;
    for (let count = 1; count < NODES; count++) {
      const node = await bindDht({ host: '127.0.0.1', bootstrap: [entryOf(first)] });
      nodes.push(node);
      await node.whenReady({ signal });
    }
    const { torrent, infoHash } = await makeTorrent(folder, signal);
    const entry = ['--dht-bootstrap', entryOf(nodes[3] as BoundDht)];
    const seed = start('seed', 'seed', torrent, '--dir', folder, ...PLAIN, ...entry);
    await heard(seed, 'seeding');
    while (!nodes.some((node) => node.status().some(({ torrents }) => torrents > 0))) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const other = ['--dht-bootstrap', entryOf(nodes[7] as BoundDht)];
    return await timed(() => start('get', 'get', infoHash, '--dir', join(folder, 'arrived'), ...PLAIN, ...other));
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

const PLAIN = ['--json', '--bind', '127.0.0.1', '--no-pex', '--no-lsd'];

async function timed(start: () => Child): Promise<number> {
  const since = performance.now();
  await heard(start(), 'done');
  return (performance.now() - since) / 1_000;
}

async function makeTorrent(folder: string, signal: AbortSignal): Promise<{ torrent: string; infoHash: string }> {
  const payload = join(folder, 'block.bin');
  await writeFile(payload, randomBytes(BLOCK));
  const torrent = join(folder, 'it.torrent');
  return { torrent, infoHash: await createTorrent({ payload, torrent, pieceLength: BLOCK, signal }) };
}

function heard<T>(child: Child, event: string): Promise<T> {
  return child.until(`"${event}"`, (line) =>
    line.startsWith(`{"event":"${event}"`) ? (JSON.parse(line) as T) : undefined,
  );
}
