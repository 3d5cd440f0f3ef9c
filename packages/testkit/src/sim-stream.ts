// One end of a simulated connection. Data goes: outbox → the sender's up lane → latency → the receiver's down lane →
// inbox → handler. Invariants: bytes between the outbox and the handler never exceed the window; a handler hears
// nothing after `onClose`, and `onClose` once; no handler is called from inside a call of its own stream.

import type { SimByteStream, SimStreamHandler } from './contracts.ts';
import type { Lane, LaneUser, Packet } from './lane.ts';
import { Queue } from './queue.ts';
import type { SeededRandom } from './random.ts';
import type { SimClock } from './sim-clock.ts';

/** What the network decides for a stream. */
export interface StreamWorld {
  readonly clock: SimClock;
  readonly highWaterMark: number;
  readonly oddSplits: SeededRandom | undefined;
  /** False while nothing passes between the two hosts. */
  connected(from: string, to: string): boolean;
  /** Flips bits where the link is a bad one. */
  corrupt(from: string, to: string, bytes: Uint8Array): void;
  delivered(stream: SimStream, bytes: Uint8Array): void;
  closed(stream: SimStream): void;
}

export interface StreamEnd {
  readonly ip: string;
  readonly address: string;
  readonly up: Lane;
  readonly down: Lane;
}

/** What a view handed to `onData` reads like afterwards: whoever kept it notices. */
const POISON = 0xdb;
const NOTHING = new Uint8Array(0);

export class SimStream implements SimByteStream {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly localIp: string;
  readonly remoteIp: string;
  readonly #world: StreamWorld;
  readonly #latencyMs: number;
  readonly #up: Lane;
  readonly #down: Lane;
  #other!: SimStream;
  #handler: SimStreamHandler | undefined;
  #paused = false;
  #delivering = false;
  #closing = false;
  #finSent = false;
  #dead = false;
  #error: Error | undefined;

  readonly #outbox = new Queue<Uint8Array>();
  #outboxOffset = 0;
  #outboxBytes = 0;
  #blocked = false;
  #credit: number;
  /** Departed while nothing passed between the hosts; goes on when they are joined again. */
  readonly #held = new Queue<Packet>();
  readonly #arrived = new Queue<Packet>();
  readonly #inbox = new Queue<Packet>();
  #inboxOffset = 0;

  readonly #sending: LaneUser = { take: () => this.#takeOut(), passed: (packet) => this.#depart(packet) };
  readonly #receiving: LaneUser = {
    take: () => this.#arrived.shift(),
    passed: (packet) => {
      this.#inbox.push(packet);
      this.#deliver();
    },
  };

  private constructor(world: StreamWorld, local: StreamEnd, remote: StreamEnd, latencyMs: number, window: number) {
    this.#world = world;
    this.localAddress = local.address;
    this.remoteAddress = remote.address;
    this.localIp = local.ip;
    this.remoteIp = remote.ip;
    this.#latencyMs = latencyMs;
    this.#credit = window;
    this.#up = local.up;
    this.#down = local.down;
  }

  /** Both ends of a connection. */
  static pair(
    world: StreamWorld,
    dialler: StreamEnd,
    accepter: StreamEnd,
    latencyMs: number,
    window: number,
  ): [SimStream, SimStream] {
    const one = new SimStream(world, dialler, accepter, latencyMs, window);
    const other = new SimStream(world, accepter, dialler, latencyMs, window);
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  open(handler: SimStreamHandler): void {
    if (this.#handler !== undefined) throw new TypeError('a stream is opened once');
    this.#handler = handler;
    const ended = this.#dead;
    this.#world.clock.setTimer(() => {
      if (ended) handler.onClose(this.#error);
      else this.#deliver();
    }, 0);
  }

  write(buffers: readonly Uint8Array[]): boolean {
    if (this.#dead || this.#closing) return false;
    for (const buffer of buffers) {
      if (buffer.length === 0) continue;
      this.#outbox.push(buffer);
      this.#outboxBytes += buffer.length;
    }
    this.#up.wake(this.#sending);
    if (this.#outboxBytes >= this.#world.highWaterMark) this.#blocked = true;
    return !this.#blocked;
  }

  get unsent(): number {
    return this.#outboxBytes;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#world.clock.setTimer(() => this.#deliver(), 0);
  }

  close(): void {
    if (this.#dead || this.#closing) return;
    this.#closing = true;
    this.#up.wake(this.#sending);
    // What waits for a handler that has said goodbye is dropped, or its sender would never get to its end.
    this.#world.clock.setTimer(() => this.#deliver(), 0);
  }

  destroy(): void {
    if (this.#dead) return;
    this.#sendReset();
    this.die(undefined);
  }

  /** Ends this side alone, as its own system would: nothing is sent. */
  die(error: Error | undefined): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#error = error;
    this.#outbox.clear();
    this.#outboxBytes = 0;
    this.#held.clear();
    this.#arrived.clear();
    this.#inbox.clear();
    this.#world.closed(this);
    const handler = this.#handler;
    if (handler !== undefined) this.#world.clock.setTimer(() => handler.onClose(error), 0);
  }

  /** The hosts see each other again: what was held goes on, and an end whose other end has died learns of it. */
  rejoined(): void {
    if (this.#dead) return;
    if (this.#other.#dead) {
      this.#world.clock.setTimer(() => this.die(reset(this.remoteAddress)), this.#latencyMs);
      return;
    }
    for (let packet = this.#held.shift(); packet !== undefined; packet = this.#held.shift()) this.#depart(packet);
  }

  #sendReset(): void {
    if (!this.#world.connected(this.localIp, this.remoteIp)) return;
    const other = this.#other;
    this.#world.clock.setTimer(() => other.die(reset(other.remoteAddress)), this.#latencyMs);
  }

  #takeOut(): Packet | undefined {
    if (this.#dead) return undefined;
    if (this.#outboxBytes === 0) {
      if (!this.#closing || this.#finSent) return undefined;
      this.#finSent = true;
      return { bytes: NOTHING, fin: true };
    }
    const length = Math.min(this.#outboxBytes, this.#credit, this.#up.packetLength);
    if (length === 0) return undefined;
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const buffer = this.#outbox.first!;
      const part = buffer.subarray(this.#outboxOffset, this.#outboxOffset + length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#outboxOffset += part.length;
      if (this.#outboxOffset === buffer.length) {
        this.#outbox.shift();
        this.#outboxOffset = 0;
      }
    }
    this.#outboxBytes -= length;
    this.#credit -= length;
    if (this.#blocked && this.#outboxBytes * 2 <= this.#world.highWaterMark) {
      this.#blocked = false;
      this.#world.clock.setTimer(() => {
        if (!this.#dead && !this.#closing && !this.#blocked) this.#handler?.onDrain();
      }, 0);
    }
    return { bytes, fin: false };
  }

  #depart(packet: Packet): void {
    if (this.#dead) return;
    if (!this.#world.connected(this.localIp, this.remoteIp)) {
      this.#held.push(packet);
      return;
    }
    this.#world.corrupt(this.localIp, this.remoteIp, packet.bytes);
    const other = this.#other;
    this.#world.clock.setTimer(() => other.#arrive(packet), this.#latencyMs);
  }

  #arrive(packet: Packet): void {
    if (this.#dead) {
      // Data for a connection that is no more is answered with a reset.
      if (!packet.fin) this.#sendReset();
      return;
    }
    this.#arrived.push(packet);
    this.#down.wake(this.#receiving);
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#dead) {
        const discards = this.#closing;
        if (!discards && (this.#paused || this.#handler === undefined)) return;
        const packet = this.#inbox.first;
        if (packet === undefined) return;
        if (packet.fin) {
          this.#inbox.shift();
          this.#ended();
          return;
        }
        const part = this.#nextPart(packet.bytes, discards);
        if (!discards) {
          this.#world.delivered(this, part);
          this.#handler!.onData(part);
          part.fill(POISON);
        }
        this.#other.#credited(part.length);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #nextPart(bytes: Uint8Array, whole: boolean): Uint8Array {
    const left = bytes.length - this.#inboxOffset;
    const splits = whole ? undefined : this.#world.oddSplits;
    const length = splits !== undefined && left > 1 && splits.number() < 0.3 ? 1 + splits.int(left) : left;
    const part = bytes.subarray(this.#inboxOffset, this.#inboxOffset + length);
    this.#inboxOffset += length;
    if (this.#inboxOffset === bytes.length) {
      this.#inbox.shift();
      this.#inboxOffset = 0;
    }
    return part;
  }

  #credited(length: number): void {
    this.#credit += length;
    if (!this.#dead && this.#outboxBytes > 0) this.#up.wake(this.#sending);
  }

  /** The other side's last byte was handed over. */
  #ended(): void {
    const other = this.#other;
    if (this.#world.connected(this.localIp, this.remoteIp)) {
      this.#world.clock.setTimer(() => other.die(undefined), this.#latencyMs);
    }
    this.die(undefined);
  }
}

export function reset(address: string): Error {
  return Object.assign(new Error(`connection with ${address} was reset`), { code: 'ECONNRESET' });
}
