// A network of its own with addresses that nobody takes for loopback (Transmission shuns those): a network namespace, which the
// programs of one test share. Nothing outside reaches in but what `wayTo` relays.
import { spawnSync } from 'node:child_process';
import type { Scene } from './scene.ts';

const FIRST_PORT = 20_000;
/** A TCP relay from a Unix socket, which belongs to no network namespace. */
const RELAY = `const net = require('node:net');
const [path, host, port] = process.argv.slice(1);
net.createServer((near) => {
  const far = net.connect(Number(port), host);
  near.on('error', () => far.destroy()).pipe(far);
  far.on('error', () => near.destroy()).pipe(near);
}).listen(path);`;

export class Lan {
  readonly #scene: Scene;
  readonly #pid: number;
  #nextHost = 1;
  #nextPort = FIRST_PORT;
  #relays = 0;

  private constructor(scene: Scene, pid: number) {
    this.#scene = scene;
    this.#pid = pid;
  }

  /** Has addresses for eight programs. */
  static async enter(scene: Scene): Promise<Lan> {
    const addresses = Array.from({ length: 8 }, (_, index) => `ip address add ${addressOf(index + 1)}/24 dev lo`);
    const script = ['ip link set lo up', ...addresses, 'echo ready', 'exec sleep 3600'].join(' && ');
    const holder = scene.start('network', 'unshare', ['-rn', 'sh', '-c', script]);
    await scene.until('there is a network', 10_000, () => holder.output().includes('ready'));
    return new Lan(scene, holder.process.pid as number);
  }

  /** An address that no program has yet. */
  address(): string {
    return addressOf(this.#nextHost++);
  }

  /** A port that is free on every address. */
  port(): number {
    return this.#nextPort++;
  }

  /** The command that runs another one in here. */
  within(command: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.#pid), '-U', '-n', '--preserve-credentials', ...command];
  }

  /** The path of a Unix socket that leads to `HOST:PORT` in here. */
  async wayTo(address: string): Promise<string> {
    const [host, port] = address.split(':') as [string, string];
    const path = this.#scene.path(`way-${++this.#relays}`);
    const [program, ...args] = this.within([process.execPath, '-e', RELAY, path, host, port]);
    this.#scene.start(`way to ${address}`, program as string, args);
    return path;
  }
}

/** Why there can be none: a container may forbid namespaces. Throws under SHOAL_INTEROP=require. */
export function whyNoLan(): string | undefined {
  const { status } = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
  if (status === 0) return undefined;
  const reason = 'no network namespaces for users on this machine';
  if (process.env.SHOAL_INTEROP === 'require') throw new Error(`SHOAL_INTEROP=require, but ${reason}`);
  return reason;
}

function addressOf(host: number): string {
  return `10.77.0.${host}`;
}
