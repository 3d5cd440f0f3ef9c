// The trackers that are measured, and what any tracker in Node stands on: a bare UDP echo and a bare HTTP server. Each is a process of
// its own on 127.0.0.1.
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child, listeningPort } from '../child.ts';
import { freePorts } from '../free-ports.ts';
import { startShoal } from '../shoal.ts';
import { sourceFile } from '../source-file.ts';

/** A tracker that runs. */
export interface Running {
  readonly child: Child;
  /** Where it listens; undefined: it does not. */
  readonly udp?: number;
  readonly http?: number;
}

export interface Setting {
  /** A folder that is its own. */
  readonly folder: string;
  /** The torrents that will be announced, in hexadecimal. */
  readonly infoHashes: readonly string[];
  readonly signal: AbortSignal;
}

export interface Contestant {
  readonly name: string;
  /** Whether its answers are a tracker's, and to be checked. */
  readonly isTracker: boolean;
  start(setting: Setting): Promise<Running>;
}

const shoal: Contestant = {
  name: 'shoal',
  isTracker: true,
  async start({ folder, signal }) {
    const args = ['--no-config', 'tracker', '--http', '0', '--udp', '0', '--host', '127.0.0.1', '--json'];
    const child = startShoal(args, { NO_COLOR: '1', SHOAL_STATE_DIR: join(folder, 'state') }, signal);
    return whenReady(child, async () => {
      const line = await child.until('"listening"', (text) =>
        text.startsWith('{"event":"listening"') ? text : undefined,
      );
      const { port, udpPort } = JSON.parse(line) as { port: number; udpPort: number };
      return { child, udp: udpPort, http: port };
    });
  },
};

/** Debian's serves nothing but a whitelist. */
const opentracker: Contestant = {
  name: 'opentracker',
  isTracker: true,
  async start({ folder, infoHashes, signal }) {
    const [port = 0] = await freePorts(1);
    // It makes the folder its root before it drops its rights: a path from outside it could not read then.
    await writeFile(join(folder, 'whitelist'), `${infoHashes.join('\n')}\n`);
    const args = ['-i', '127.0.0.1', '-p', String(port), '-P', String(port), '-d', folder, '-w', '/whitelist'];
    const child = new Child('opentracker', { file: 'opentracker', args, endsBy: 'signal' }, signal);
    return whenReady(child, async () => {
      await Promise.race([child.untilEnd(), untilTaken(port, signal)]);
      return { child, udp: port, http: port };
    });
  },
};

const bittorrentTracker: Contestant = {
  name: 'bittorrent-tracker',
  isTracker: true,
  async start({ signal }) {
    const [port = 0] = await freePorts(1);
    const child = startNode('bittorrent_tracker.mjs', [String(port)], signal);
    return whenReady(child, async () => {
      await child.until('listening', listeningPort);
      return { child, udp: port, http: port };
    });
  },
};

const bareUdp: Contestant = {
  name: 'a bare UDP echo',
  isTracker: false,
  async start({ signal }) {
    const child = startNode('bare_udp.mjs', [], signal);
    return whenReady(child, async () => ({ child, udp: await child.until('listening', listeningPort) }));
  },
};

const bareHttp: Contestant = {
  name: 'a bare HTTP server',
  isTracker: false,
  async start({ signal }) {
    const child = startNode('bare_http.mjs', [], signal);
    return whenReady(child, async () => ({ child, http: await child.until('listening', listeningPort) }));
  },
};

export const CONTESTANTS: readonly Contestant[] = [shoal, opentracker, bittorrentTracker, bareUdp, bareHttp];

function startNode(file: string, args: readonly string[], signal: AbortSignal): Child {
  const command = {
    file: process.execPath,
    args: [sourceFile(`trackers/${file}`), ...args],
    endsBy: 'signal',
  } as const;
  return new Child(file, command, signal);
}

/** Leaves no child behind that never was ready. */
async function whenReady(child: Child, ready: () => Promise<Running>): Promise<Running> {
  try {
    return await ready();
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** It says nothing itself. */
async function untilTaken(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const isTaken = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isTaken) return;
    await delay(20, undefined, { signal });
  }
}
