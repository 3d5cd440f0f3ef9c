// Couples one ByteStream with one Wire: bytes in, events to the owner, output back to the stream. Owns the flush, so that
// what one turn of the loop produces leaves in one write. Knows no torrent.
import type { Wire, WireEvent } from '@shoal/wire';
import type { ByteStream } from './contracts.ts';

/** Who gets a connection's events; changes once, when an accepted stream turns out to be for a torrent. */
export interface ConnectionOwner {
  onEvent(event: WireEvent): void;
  /** After each chunk's events, before the flush: the place to ask for more blocks. */
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

  /** False while the stream asks to hold back. */
  get writable(): boolean {
    return this.#writable && !this.#closed;
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

  /** Sends what the wire holds, now or, inside the loop, at its end. */
  flush(): void {
    if (!this.#closed && !this.#inLoop) this.#write();
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

  #drain(): void {
    this.#inLoop = true;
    let event = this.wire.poll();
    while (event && !this.#closed) {
      if (event.type === 'closed') {
        this.#inLoop = false;
        this.#write();
        this.stream.close();
        this.#end(event.error.message);
        return;
      }
      this.#owner.onEvent(event);
      event = this.wire.poll();
    }
    if (!this.#closed) this.#owner.onChunkEnd();
    this.#inLoop = false;
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.onClosed(reason);
  }
}
