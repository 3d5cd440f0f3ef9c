// A network of hosts in one process, on a virtual clock: each host a transport with its own address, access line and
// latency. Invariant: everything that happens is decided by the clock, the seed and the calls made: same seed, same run.

import type { SimByteStream, SimListener, SimTransport } from './contracts.ts';
import { Lane } from './lane.ts';
import type { SeededRandom } from './random.ts';
import type { SimClock } from './sim-clock.ts';
import { reset, SimStream, type StreamEnd, type StreamWorld } from './sim-stream.ts';

export interface SimNetworkOptions {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  /** Bytes a stream queues before `write` returns false. Default 256 KiB. */
  readonly highWaterMark?: number;
  /** Hands data over in odd pieces, as a real network may. Default false. */
  readonly oddSplits?: boolean;
  /** How long a dial into nothing waits. Default 20 s. */
  readonly dialTimeoutMs?: number;
}

export interface SimHostOptions {
  /** Bytes/s of the host's line, shared by its streams. Default without limit. */
  readonly up?: number;
  readonly down?: number;
  /** From the host to the middle of the network; one way between two hosts is the sum of theirs. Default 5 ms. */
  readonly latencyMs?: number;
  /** The port `listen` takes, or the next free one above it. Default 6881. */
  readonly port?: number;
}

export interface SimHost extends SimTransport {
  readonly ip: string;
  /** `ip:port` of a listening port: the one in the options unless told. */
  address(port?: number): string;
  /** Bytes handed to this host's streams, and by them to others. */
  readonly counters: { readonly received: number; readonly sent: number };
  /** False: the cable is out. Nothing passes, nobody is told; true joins it again and what was held goes on. */
  setOnline(online: boolean): void;
  /** The process dies: listeners are gone, every stream is reset. The host can listen again afterwards. */
  crash(): void;
}

const MIN_WINDOW = 65_536;
const MAX_WINDOW = 1 << 20;
const FIRST_OWN_PORT = 49_152;

export class SimNetwork {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #dialTimeoutMs: number;
  readonly #hosts = new Map<string, Host>();
  readonly #streams = new Set<SimStream>();
  readonly #cuts = new Set<string>();
  readonly #flips = new Map<string, { everyBytes: number; left: number }>();
  readonly #world: StreamWorld;
  #fingerprint = 0x811c9dc5;
  #dials = 0;

  constructor(options: SimNetworkOptions) {
    this.#clock = options.clock;
    this.#random = options.random.fork('network');
    this.#dialTimeoutMs = options.dialTimeoutMs ?? 20_000;
    this.#world = {
      clock: options.clock,
      highWaterMark: options.highWaterMark ?? 262_144,
      oddSplits: options.oddSplits === true ? this.#random.fork('splits') : undefined,
      connected: (from, to) => this.#connected(from, to),
      corrupt: (from, to, bytes) => this.#corrupt(from, to, bytes),
      delivered: (stream, bytes) => this.#delivered(stream, bytes),
      closed: (stream) => this.#streams.delete(stream),
    };
  }

  /** Adds a host. Its name is its address. */
  host(ip: string, options: SimHostOptions = {}): SimHost {
    if (this.#hosts.has(ip)) throw new TypeError(`there is a host ${ip} already`);
    const host: Host = new Host(ip, options, this.#clock, (address, signal) => this.#dial(host, address, signal), {
      crash: () => this.#crash(ip),
      online: () => this.#rejoin(),
    });
    this.#hosts.set(ip, host);
    return host;
  }

  /** Ends of streams that are open: 0 once everybody has gone home. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Dials so far, whatever became of them. */
  get dials(): number {
    return this.#dials;
  }

  /** A hash over who got how much when: equal for equal runs. */
  get fingerprint(): number {
    return this.#fingerprint >>> 0;
  }

  /** Nothing passes between two hosts. 'reset' tells their streams; 'silent' leaves them to notice. */
  cut(one: string, other: string, how: 'reset' | 'silent' = 'reset'): void {
    this.#cuts.add(`${one}>${other}`);
    this.#cuts.add(`${other}>${one}`);
    if (how === 'silent') return;
    for (const stream of [...this.#streams]) {
      const between =
        (stream.localIp === one && stream.remoteIp === other) || (stream.localIp === other && stream.remoteIp === one);
      if (between) stream.die(reset(stream.remoteAddress));
    }
  }

  /** Undoes `cut`; what silently waited goes on. */
  heal(one: string, other: string): void {
    this.#cuts.delete(`${one}>${other}`);
    this.#cuts.delete(`${other}>${one}`);
    this.#rejoin();
  }

  /** What goes from one host to the other gets a bit flipped every so many bytes on average; 0 ends it. */
  corrupt(from: string, to: string, everyBytes: number): void {
    const link = `${from}>${to}`;
    if (everyBytes > 0) this.#flips.set(link, { everyBytes, left: this.#distance(everyBytes) });
    else this.#flips.delete(link);
  }

  #dial(from: Host, address: string, signal: AbortSignal): Promise<SimByteStream> {
    const [ip, port] = parseAddress(address) ?? [];
    if (ip === undefined || port === undefined) return Promise.reject(new TypeError(`cannot dial ${address}`));
    this.#dials++;
    return new Promise((resolve, reject) => {
      let timer: { cancel(): void };
      let made: SimStream | undefined;
      const abort = (): void => {
        timer.cancel();
        made?.destroy();
        reject(signal.reason);
      };
      const settle = (how: () => void): void => {
        signal.removeEventListener('abort', abort);
        how();
      };
      const fail = (code: string, delayMs: number): void => {
        const error = Object.assign(new Error(`connect ${code} ${address}`), { code });
        timer = this.#clock.setTimer(() => settle(() => reject(error)), delayMs);
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      const to = this.#hosts.get(ip);
      if (to === undefined || !this.#connected(from.ip, ip)) {
        fail('ETIMEDOUT', this.#dialTimeoutMs);
        return;
      }
      const latencyMs = from.latencyMs + to.latencyMs;
      timer = this.#clock.setTimer(() => {
        const onStream = to.listeners.get(port);
        if (onStream === undefined) {
          fail('ECONNREFUSED', latencyMs);
          return;
        }
        const [dialled, accepted] = SimStream.pair(
          this.#world,
          from.end(from.nextPort()),
          to.end(port),
          latencyMs,
          windowOf(from, to),
        );
        made = dialled;
        this.#streams.add(dialled).add(accepted);
        timer = this.#clock.setTimer(() => settle(() => resolve(dialled)), latencyMs);
        onStream(accepted);
      }, latencyMs);
    });
  }

  #connected(from: string, to: string): boolean {
    if (from === to) return true;
    if (this.#hosts.get(from)?.online !== true || this.#hosts.get(to)?.online !== true) return false;
    return !this.#cuts.has(`${from}>${to}`);
  }

  #rejoin(): void {
    for (const stream of [...this.#streams]) {
      if (this.#connected(stream.localIp, stream.remoteIp)) stream.rejoined();
    }
  }

  #crash(ip: string): void {
    for (const stream of [...this.#streams]) if (stream.localIp === ip) stream.destroy();
  }

  #corrupt(from: string, to: string, bytes: Uint8Array): void {
    const flips = this.#flips.get(`${from}>${to}`);
    if (flips === undefined) return;
    while (flips.left < bytes.length) {
      bytes[flips.left]! ^= 1 << this.#random.int(8);
      flips.left += 1 + this.#distance(flips.everyBytes);
    }
    flips.left -= bytes.length;
  }

  /** Bytes up to the next flip: exponentially distributed, as independent errors are. */
  #distance(everyBytes: number): number {
    return Math.floor(-Math.log(1 - this.#random.number()) * everyBytes);
  }

  #delivered(stream: SimStream, bytes: Uint8Array): void {
    this.#hosts.get(stream.localIp)!.counters.received += bytes.length;
    this.#hosts.get(stream.remoteIp)!.counters.sent += bytes.length;
    const mix = (value: number): void => {
      this.#fingerprint = Math.imul(this.#fingerprint ^ value, 0x01000193);
    };
    mix(Math.round(this.#clock.now() * 1000));
    mix(bytes.length);
    mix((bytes[0]! << 16) ^ (bytes[bytes.length >> 1]! << 8) ^ bytes[bytes.length - 1]!);
    for (let index = 0; index < stream.localAddress.length; index++) mix(stream.localAddress.charCodeAt(index));
  }
}

class Host implements SimHost {
  readonly name = 'sim';
  readonly ip: string;
  readonly latencyMs: number;
  readonly upRate: number;
  readonly downRate: number;
  readonly counters: { received: number; sent: number } = { received: 0, sent: 0 };
  readonly listeners = new Map<number, (stream: SimByteStream) => void>();
  readonly dial: SimTransport['dial'];
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #port: number;
  readonly #hooks: { crash(): void; online(): void };
  #nextPort = FIRST_OWN_PORT;
  online = true;

  constructor(
    ip: string,
    options: SimHostOptions,
    clock: SimClock,
    dial: SimTransport['dial'],
    hooks: { crash(): void; online(): void },
  ) {
    this.ip = ip;
    this.latencyMs = options.latencyMs ?? 5;
    this.upRate = options.up ?? Number.POSITIVE_INFINITY;
    this.downRate = options.down ?? Number.POSITIVE_INFINITY;
    this.#port = options.port ?? 6881;
    this.#up = new Lane(clock, this.upRate);
    this.#down = new Lane(clock, this.downRate);
    this.dial = dial;
    this.#hooks = hooks;
  }

  canDial(address: string): boolean {
    return parseAddress(address) !== undefined;
  }

  async listen(onStream: (stream: SimByteStream) => void): Promise<SimListener> {
    let port = this.#port;
    while (this.listeners.has(port)) port++;
    this.listeners.set(port, onStream);
    return {
      port,
      close: async () => {
        if (this.listeners.get(port) === onStream) this.listeners.delete(port);
      },
    };
  }

  address(port: number = this.#port): string {
    return formatAddress(this.ip, port);
  }

  setOnline(online: boolean): void {
    this.online = online;
    if (online) this.#hooks.online();
  }

  crash(): void {
    this.listeners.clear();
    this.#hooks.crash();
  }

  end(port: number): StreamEnd {
    return { ip: this.ip, address: this.address(port), up: this.#up, down: this.#down };
  }

  nextPort(): number {
    const port = this.#nextPort++;
    if (this.#nextPort > 65_535) this.#nextPort = FIRST_OWN_PORT;
    return port;
  }
}

/** Twice what the narrower line carries in a round trip, as a congestion window settles, within a socket's bounds. */
function windowOf(from: Host, to: Host): number {
  const rate = Math.min(from.upRate, from.downRate, to.upRate, to.downRate);
  const roundTripMs = 2 * (from.latencyMs + to.latencyMs);
  return Math.max(MIN_WINDOW, Math.min(MAX_WINDOW, Math.round((rate / 1000) * roundTripMs * 2) || MIN_WINDOW));
}

function formatAddress(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function parseAddress(address: string): [ip: string, port: number] | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return [(match[1] ?? match[2])!, port];
}
