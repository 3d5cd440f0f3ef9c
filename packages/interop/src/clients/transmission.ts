// Transmission's daemon, driven by its RPC.
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { freePort, hostPort, ownAddress } from '../scene.ts';
import type { ForeignClient } from './foreign.ts';

export const transmission: ForeignClient = {
  name: 'transmission',
  program: 'transmission-daemon',
  dialsLoopback: false,
  makesEmptyFiles: false,

  async start(scene, { torrent, dir, role, host = ownAddress(), hosts, lan, find = [], down = 0, up = 0 }) {
    const portOf = (): Promise<number> => (lan ? Promise.resolve(lan.port()) : freePort(host));
    const [port, rpcPort] = [await portOf(), await portOf()];
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
      'pex-enabled': find.includes('pex'),
      'port-forwarding-enabled': false,
      'ratio-limit-enabled': false,
      'rpc-authentication-required': false,
      'rpc-bind-address': host,
      'rpc-port': rpcPort,
      'rpc-whitelist-enabled': false,
      ...speedLimits({ down, up }),
      'utp-enabled': false,
    };
    await writeFile(join(config, 'settings.json'), JSON.stringify(settings));
    const command = ['transmission-daemon', '-f', '-g', config];
    const seeingHosts = hosts === undefined ? command : withHosts(hosts, command);
    const [program, ...args] = lan ? lan.within(seeingHosts) : seeingHosts;
    const running = scene.start(`transmission ${role}`, program as string, args);
    const rpcAddress = hostPort(host, rpcPort);
    const socket = lan ? await lan.wayTo(rpcAddress) : undefined;
    const call = rpc(`http://${rpcAddress}/transmission/rpc`, socket);
    await scene.until('transmission answers', 20_000, () =>
      call('session-get', {}).then(
        () => true,
        () => false,
      ),
    );
    await call('torrent-add', { filename: torrent, 'download-dir': dir, paused: false });
    const state = async (): Promise<TransmissionTorrent | undefined> => {
      const { torrents } = await call('torrent-get', { fields: ['peers', 'percentDone', 'status', 'trackerStats'] });
      return (torrents as TransmissionTorrent[])[0];
    };
    const isWhole = async (): Promise<boolean> => {
      const torrent = await state();
      return torrent?.percentDone === 1 && torrent.status === 6;
    };
    const isAnnounced = async (): Promise<boolean> => {
      const trackers = (await state())?.trackerStats;
      return trackers?.length === 0 || trackers?.some((tracker) => tracker.lastAnnounceSucceeded) === true;
    };
    return {
      running,
      address: hostPort(host, port),
      isComplete: isWhole,
      // Its first announce comes seconds after its start, and it dials nobody on 127.x: who asks the tracker before misses it.
      isSeeding: async () => (await isWhole()) && (await isAnnounced()),
      isAnnounced,
      peers: async () => (await state())?.peers.map(({ address: from, port: at }) => hostPort(from, at)) ?? [],
      leave: async () => {
        await call('torrent-stop', {});
      },
    };
  },
};

interface TransmissionTorrent {
  readonly percentDone: number;
  readonly status: number;
  readonly peers: readonly { readonly address: string; readonly port: number }[];
  readonly trackerStats: readonly { readonly lastAnnounceSucceeded: boolean }[];
}

/** Transmission's RPC: the first answer is a refusal that carries the session id. `socket`: a way there that is no TCP port. */
function rpc(url: string, socket?: string): (method: string, args: object) => Promise<Record<string, unknown>> {
  let session = '';
  return async (method, args) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const { status, sessionId, body } = await post(url, socket, session, JSON.stringify({ method, arguments: args }));
      if (status === 409) {
        session = sessionId;
        continue;
      }
      const answer = JSON.parse(body) as { result: string; arguments: Record<string, unknown> };
      if (answer.result !== 'success') throw new Error(`transmission: ${method}: ${answer.result}`);
      return answer.arguments;
    }
    throw new Error('transmission: no session id');
  };
}

interface RpcAnswer {
  readonly status: number | undefined;
  readonly sessionId: string;
  readonly body: string;
}

function post(url: string, socketPath: string | undefined, session: string, body: string): Promise<RpcAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: 'POST',
      headers: { 'X-Transmission-Session-Id': session },
      agent: false,
      signal: AbortSignal.timeout(5_000),
      ...(socketPath === undefined ? {} : { socketPath }),
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        const sessionId = String(response.headers['x-transmission-session-id'] ?? '');
        resolve({ status: response.statusCode, sessionId, body: text });
      });
    });
    asked.end(body);
  });
}

/** In whole KiB a second, of which it takes no less than one. */
function speedLimits({ down, up }: { readonly down: number; readonly up: number }): Record<string, number | boolean> {
  return {
    ...(down > 0 ? { 'speed-limit-down-enabled': true, 'speed-limit-down': Math.ceil(down / 1024) } : {}),
    ...(up > 0 ? { 'speed-limit-up-enabled': true, 'speed-limit-up': Math.ceil(up / 1024) } : {}),
  };
}

/** In a mount namespace of its own, which needs no rights where the kernel lets users have them (`whyNoNamespace`). */
function withHosts(hosts: string, command: readonly string[]): string[] {
  return ['unshare', '-rm', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...command];
}
