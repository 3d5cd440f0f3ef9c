// Transmission's daemon, driven by its RPC.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, hostPort, ownAddress } from '../scene.ts';
import type { ForeignClient } from './foreign.ts';

export const transmission: ForeignClient = {
  name: 'transmission',
  program: 'transmission-daemon',
  dialsLoopback: false,
  makesEmptyFiles: false,

  async start(scene, { torrent, dir, role, host = ownAddress(), hosts }) {
    const [port, rpcPort] = [await freePort(host), await freePort(host)];
    const config = scene.path(`transmission-${role}-${port}`);
    await mkdir(dir, { recursive: true });
    await mkdir(config, { recursive: true });
    const settings = {
      // Told an IPv4 address it reaches no tracker over IPv6.
      ...(host.includes(':') ? {} : { 'bind-address-ipv4': host }),
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
      'rpc-bind-address': host,
      'rpc-port': rpcPort,
      'rpc-whitelist-enabled': false,
      'utp-enabled': false,
    };
    await writeFile(join(config, 'settings.json'), JSON.stringify(settings));
    const command = ['transmission-daemon', '-f', '-g', config];
    const [program, ...args] = hosts === undefined ? command : withHosts(hosts, command);
    const running = scene.start(`transmission ${role}`, program as string, args);
    const call = rpc(`http://${hostPort(host, rpcPort)}/transmission/rpc`);
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
    const isAnnounced = async (): Promise<boolean> =>
      (await state())?.trackerStats.some((tracker) => tracker.lastAnnounceSucceeded) === true;
    return {
      running,
      address: hostPort(host, port),
      isComplete: isWhole,
      // Its first announce comes seconds after its start, and it dials nobody on 127.x: who asks the tracker before misses it.
      isSeeding: async () => (await isWhole()) && (await isAnnounced()),
      isAnnounced,
      leave: async () => {
        await call('torrent-stop', {});
      },
    };
  },
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

/** In a mount namespace of its own, which needs no rights where the kernel lets users have them (`whyNoNamespace`). */
function withHosts(hosts: string, command: readonly string[]): string[] {
  return ['unshare', '-rm', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...command];
}
