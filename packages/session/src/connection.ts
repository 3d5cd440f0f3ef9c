// Couples one ByteStream with one Wire: bytes in, events to the owner, output back to the stream. Owns the flush, so that
// what one turn of the loop produces leaves in one write, and the rate limits of both directions. Invariants: nothing is
// handed to a stream that asked to hold back but the last words of a close, so that the wire sees how much a peer that reads
// nothing makes us answer; the stream is paused exactly while there is a reason to hold it. Knows no torrent.
import type { Wire, WireEvent } from '@shoal/wire';
import type { ByteStream } from './contracts.ts';
import { LimitChain } from './limit-chain.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** Bytes that a connection may read each time the limit lets it go on; one of many takes its turn with so much. */
const READ_QUANTUM = 16 * 1024;

/** Who has not used them for so long gives them back to the others. */
const UNUSED_MS = 1_000;
/** So little is counted and does not make a connection wait: many that send nothing but haves must not take turns. */
const SMALL = 4 * 1024;

/** Why a stream is not read for now: no room for blocks in memory, or the rate limit. */
export type HoldReason = 'memory' | 'rate';

/** The rate limits of one connection's two directions. */
export interface ConnectionLimits {
  readonly down: readonly RateLimiter[];
  readonly up: readonly RateLimiter[];
}

/** Who gets a connection's events; changes once, when an accepted stream turns out to be for a torrent. */
export interface ConnectionOwner {
  onEvent(event: WireEvent): void;
  /** After each chunk's events: the place to ask for more blocks and to answer requests. */
  onChunkEnd(): void;
  /** The stream takes more; not called before `writable` was false. */
  onWritable(): void;
  /** Exactly once. */
  onClosed(reason: string): void;
}

export class Connection {
  readonly stream: ByteStream;
  readonly wire: Wire;
  /** True where this side dialled. */
  readonly outgoing: boolean;
  readonly #now: () => number;
  #owner: ConnectionOwner;
  #writable = true;
  #closed = false;
  #inLoop = false;
  #flushQueued = false;
  #down: LimitChain;
  #up: LimitChain;
  /** Charged already, not read yet; given back where the peer does not use it. */
  #prepaid = 0;
  /** Read since it last waited for the limit. */
  #sinceWait = 0;
  readonly #holds = new Set<HoldReason>();
  #heldUntil = Number.NEGATIVE_INFINITY;
  #stopWaiting: (() => void) | undefined;

  constructor(options: {
    stream: ByteStream;
    wire: Wire;
    outgoing: boolean;
    now: () => number;
    owner: ConnectionOwner;
    limits: ConnectionLimits;
  }) {
    this.stream = options.stream;
    this.wire = options.wire;
    this.outgoing = options.outgoing;
    this.#now = options.now;
    this.#owner = options.owner;
    this.#down = new LimitChain(options.limits.down);
    this.#up = new LimitChain(options.limits.up);
  }

  get address(): string {
    return this.stream.remoteAddress;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** False while the stream asks to hold back, and once the connection is over. */
  get writable(): boolean {
    return this.#writable && !this.#closed && !this.wire.closed;
  }

  /** Bytes that the wire was given to send since it began. */
  get handedOver(): number {
    return this.wire.counters.bytesOut + this.wire.outputBytes;
  }

  /** How many of them have left: blocks that end there, or before, are their owner's again. */
  get sent(): number {
    return this.wire.counters.bytesOut - this.stream.unsent;
  }

  /** What blocks must wait for before they are handed to the wire; everything that is written is charged to it. */
  get uploadLimits(): LimitChain {
    return this.#up;
  }

  /** Since when the stream is read without a break, on the session's clock; Infinity while it is held. */
  get readingSince(): number {
    return this.#holds.size > 0 ? Number.POSITIVE_INFINITY : this.#heldUntil;
  }

  /** It belongs to a torrent from now on, with limits of its own. */
  limitBy(limits: ConnectionLimits): void {
    this.#down = new LimitChain(limits.down);
    this.#up = new LimitChain(limits.up);
  }

  /** Stops reading, until every reason is gone. */
  hold(reason: HoldReason): void {
    if (this.#closed || this.#holds.has(reason)) return;
    if (this.#holds.size === 0) {
      this.stream.pause();
      this.wire.readingPaused(this.#now());
    }
    this.#holds.add(reason);
  }

  release(reason: HoldReason): void {
    if (!this.#holds.delete(reason) || this.#holds.size > 0 || this.#closed) return;
    this.#heldUntil = this.#now();
    this.wire.readingResumed(this.#heldUntil);
    this.stream.resume();
  }

  /** Starts the flow. */
  open(): void {
    this.stream.open({
      onData: (bytes) => this.#receive(bytes),
      onDrain: () => {
        this.#writable = true;
        if (!this.#closed) this.#owner.onWritable();
        this.flush();
      },
      onClose: (error) => this.#end(error ? error.message : 'closed by the peer'),
    });
    this.flush();
  }

  handOver(owner: ConnectionOwner): void {
    this.#owner = owner;
  }

  /** Time-outs and keep-alives. */
  tick(now: number): void {
    if (this.#closed) return;
    if (now - this.readingSince >= UNUSED_MS) this.#giveBack();
    this.wire.tick(now);
    this.#drain();
    this.flush();
  }

  /** Sends what the wire holds: now, inside the loop at its end, and where the stream is full after its drain. */
  flush(): void {
    if (!this.#closed && !this.#inLoop && this.#writable) this.#write();
  }

  /** Sends it at the end of this turn, together with what else the turn brings. */
  flushSoon(): void {
    if (this.#flushQueued || this.#inLoop) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.flush();
    });
  }

  /** Ends the connection from this side; the owner hears of it at once. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#write();
    this.stream.close();
    this.#end(reason);
  }

  #write(): void {
    const bytes = this.wire.outputBytes;
    if (bytes === 0) return;
    this.#up.charge(bytes);
    if (!this.stream.write(this.wire.takeOutput())) this.#writable = false;
  }

  #charge(bytes: number): void {
    this.#down.charge(Math.max(0, bytes - this.#prepaid));
    this.#prepaid = Math.max(0, this.#prepaid - bytes);
    this.#sinceWait += bytes;
    if (this.#prepaid > 0 || this.#sinceWait < SMALL || this.#down.isReady) return;
    this.#sinceWait = 0;
    this.hold('rate');
    this.#stopWaiting ??= this.#down.wait(() => {
      this.#stopWaiting = undefined;
      this.#prepaid = READ_QUANTUM;
      this.#down.charge(READ_QUANTUM);
      this.release('rate');
    });
  }

  #giveBack(): void {
    this.#down.charge(-this.#prepaid);
    this.#prepaid = 0;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#charge(bytes.length);
    this.wire.receive(bytes, this.#now());
    this.#drain();
    this.flush();
  }

  /** An owner that throws is a fault of ours: the error goes up to whoever called, and this connection is over. */
  #drain(): void {
    this.#inLoop = true;
    try {
      for (let event = this.wire.poll(); event && !this.#closed; event = this.wire.poll()) {
        if (event.type === 'closed') this.close(event.error.message);
        else this.#owner.onEvent(event);
      }
      // Answers are written as they are made from here on: blocks wait in the store, not in the wire's output.
      this.#inLoop = false;
      if (!this.#closed) this.#owner.onChunkEnd();
    } catch (error) {
      this.close('an internal error');
      throw error;
    } finally {
      this.#inLoop = false;
    }
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveBack();
    this.#stopWaiting?.();
    // Its extensions hear of the end from the wire.
    this.wire.fault('ERR_WIRE_CLOSED', reason);
    this.#owner.onClosed(reason);
  }
}
