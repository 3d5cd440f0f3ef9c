// Couples one ByteStream with one Wire: bytes in, events to the owner, output back to the stream. Owns the flush, so that
// what one turn of the loop produces leaves in one write. Invariant: nothing is handed to a stream that asked to hold back
// but the last words of a close, so that the wire sees how much a peer that reads nothing makes us answer. Knows no torrent.
import type { Wire, WireEvent } from '@shoal/wire';
import type { ByteStream } from './contracts.ts';

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

  constructor(options: {
    stream: ByteStream;
    wire: Wire;
    outgoing: boolean;
    now: () => number;
    owner: ConnectionOwner;
  }) {
    this.stream = options.stream;
    this.wire = options.wire;
    this.outgoing = options.outgoing;
    this.#now = options.now;
    this.#owner = options.owner;
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
    if (this.wire.outputBytes > 0 && !this.stream.write(this.wire.takeOutput())) this.#writable = false;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
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
    this.#owner.onClosed(reason);
  }
}
