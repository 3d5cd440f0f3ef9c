// The foreign clients, each as a seed or a leech of one torrent, driven the way its users drive it.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type Running, type Scene } from './scene.ts';

export interface PeerTask {
  readonly torrent: string;
  /** The folder that holds, or will hold, the torrent's top name. */
  readonly dir: string;
  readonly role: 'seed' | 'leech';
}

/** A foreign client at work. */
export interface ForeignPeer {
  readonly running: Running;
  /** Where it takes peers. */
  readonly address: string;
  /** A leech: whether it says that everything is there. */
  isComplete(): Promise<boolean>;
  /** A seed: whether it has checked its data. */
  isSeeding(): Promise<boolean>;
}

export type ForeignClient = (scene: Scene, task: PeerTask) => Promise<ForeignPeer>;

const DRIVER = join(dirname(fileURLToPath(import.meta.url)), 'libtorrent_peer.py');

export const libtorrent: ForeignClient = async (scene, { torrent, dir, role }) => {
  const port = await freePort();
  await mkdir(dir, { recursive: true });
  const running = scene.start(`libtorrent ${role}`, '/usr/bin/python3', ['-u', DRIVER, torrent, dir, String(port)]);
  const says = (word: string): Promise<boolean> => Promise.resolve(running.output().includes(`state ${word}\n`));
  return { running, address: `127.0.0.1:${port}`, isComplete: () => says('seeding'), isSeeding: () => says('seeding') };
};

export const aria2: ForeignClient = async (scene, { torrent, dir, role }) => {
  const port = await freePort();
  await mkdir(dir, { recursive: true });
  const running = scene.start(`aria2 ${role}`, 'aria2c', [
    '--no-conf',
    '--enable-color=false',
    '--summary-interval=0',
    '--file-allocation=none',
    '--disable-ipv6=true',
    '--interface=127.0.0.1',
    '--enable-dht=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--bt-external-ip=127.0.0.1',
    '--bt-max-peers=0',
    `--listen-port=${port}`,
    `--dir=${dir}`,
    ...(role === 'seed'
      ? ['--check-integrity=true', '--seed-ratio=0.0', '--seed-time=9999', '--bt-seed-unverified=false']
      : ['--seed-time=0']),
    torrent,
  ]);
  const ended = (): boolean => running.process.exitCode === 0;
  return {
    running,
    address: `127.0.0.1:${port}`,
    isComplete: async () => ended(),
    isSeeding: async () => running.output().includes('Verification finished successfully'),
  };
};

export const transmission: ForeignClient = async (scene, { torrent, dir, role }) => {
  const [port, rpcPort] = [await freePort(), await freePort()];
  const config = scene.path(`transmission-${role}-${port}`);
  await mkdir(dir, { recursive: true });
  await mkdir(config, { recursive: true });
  const settings = {
    'bind-address-ipv4': '127.0.0.1',
    'bind-address-ipv6': '::1',
    'dht-enabled': false,
    'download-dir': dir,
    encryption: 0,
    'lpd-enabled': false,
    'peer-port': port,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'ratio-limit-enabled': false,
    'rpc-authentication-required': false,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': rpcPort,
    'rpc-whitelist-enabled': false,
    'utp-enabled': false,
  };
  await writeFile(join(config, 'settings.json'), JSON.stringify(settings));
  const running = scene.start(`transmission ${role}`, 'transmission-daemon', ['-f', '-g', config]);
  const call = rpc(`http://127.0.0.1:${rpcPort}/transmission/rpc`);
  await scene.until('transmission answers', 20_000, () =>
    call('session-get', {}).then(
      () => true,
      () => false,
    ),
  );
  await call('torrent-add', { filename: torrent, 'download-dir': dir, paused: false });
  const state = async (): Promise<TransmissionTorrent | undefined> => {
    const { torrents } = await call('torrent-get', { fields: ['percentDone', 'status', 'trackerStats'] });
    return (torrents as TransmissionTorrent[])[0];
  };
  const isWhole = async (): Promise<boolean> => {
    const torrent = await state();
    return torrent?.percentDone === 1 && torrent.status === 6;
  };
  return {
    running,
    address: `127.0.0.1:${port}`,
    isComplete: isWhole,
    // Its first announce comes seconds after its start, and it dials nobody on 127.x: who asks the tracker before misses it.
    isSeeding: async () =>
      (await isWhole()) && (await state())?.trackerStats.some((tracker) => tracker.lastAnnounceSucceeded) === true,
  };
};

interface TransmissionTorrent {
  readonly percentDone: number;
  readonly status: number;
  readonly trackerStats: readonly { readonly lastAnnounceSucceeded: boolean }[];
}

/** Transmission's RPC: the first answer is a refusal that carries the session id. */
function rpc(url: string): (method: string, args: object) => Promise<Record<string, unknown>> {
  let session = '';
  return async (method, args) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'X-Transmission-Session-Id': session },
        body: JSON.stringify({ method, arguments: args }),
        signal: AbortSignal.timeout(5_000),
      });
      if (response.status === 409) {
        session = response.headers.get('X-Transmission-Session-Id') ?? '';
        continue;
      }
      const answer = (await response.json()) as { result: string; arguments: Record<string, unknown> };
      if (answer.result !== 'success') throw new Error(`transmission: ${method}: ${answer.result}`);
      return answer.arguments;
    }
    throw new Error('transmission: no session id');
  };
}
