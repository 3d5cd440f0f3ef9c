// Serves one peer's requests: blocks from the store's cache where they are, else read ahead first. One load is under
// way per peer, so that a slow socket stops reading ahead and a slow disk delays its own peer only.
import { Holds, type PieceStore } from '@shoal/storage';
import type { Connection } from './connection.ts';

/** Bytes handed to the wire before the stream is asked whether it takes more; one vectored write. */
const WRITE_BATCH = 256 * 1024;

export class Upload {
  readonly #connection: Connection;
  readonly #store: PieceStore;
  readonly #has: (piece: number) => boolean;
  readonly #onSent: (bytes: number) => void;
  readonly #onError: (error: unknown) => void;
  /** Memory that blocks on their way to the peer lie in. */
  readonly #holds = new Holds();
  #loading = false;
  /** Ends the wait for the rate limit; set exactly while waiting. */
  #stopWaiting: (() => void) | undefined;

  constructor(options: {
    connection: Connection;
    store: PieceStore;
    has: (piece: number) => boolean;
    onSent: (bytes: number) => void;
    onError: (error: unknown) => void;
  }) {
    this.#connection = options.connection;
    this.#store = options.store;
    this.#has = options.has;
    this.#onSent = options.onSent;
    this.#onError = options.onError;
  }

  /** Answers as many requests as the stream takes now. */
  serve(): void {
    const { wire } = this.#connection;
    this.#holds.releaseUntil(this.#connection.sent);
    let batched = 0;
    while (!this.#loading && !this.#stopWaiting && this.#connection.writable) {
      const request = wire.nextPeerRequest();
      if (!request) break;
      const { piece, begin, length } = request;
      if (!this.#has(piece)) {
        wire.reject(piece, begin, length);
        continue;
      }
      if (!this.#connection.uploadLimits.isReady) {
        this.#waitForLimit();
        break;
      }
      const block = this.#store.peek(piece, begin, length, this.#holds);
      if (!block) {
        this.#load(piece, begin, length);
        break;
      }
      wire.piece(piece, begin, block);
      this.#holds.keepUntil(this.#connection.handedOver);
      this.#onSent(length);
      batched += length;
      // Written at once where there is a limit, since writing is what is charged.
      if (batched >= WRITE_BATCH || this.#connection.uploadLimits.isLimited) {
        this.#connection.flush();
        batched = 0;
      }
    }
    this.#connection.flush();
    this.#holds.releaseUntil(this.#connection.sent);
  }

  /** The connection is over. What is on its way still belongs to the stream: it stays held, and is never used again. */
  stop(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  #waitForLimit(): void {
    this.#stopWaiting = this.#connection.uploadLimits.wait(() => {
      this.#stopWaiting = undefined;
      if (!this.#connection.closed) this.serve();
    });
  }

  #load(piece: number, begin: number, length: number): void {
    this.#loading = true;
    this.#store.load(piece, begin, length, this.#holds).then(
      (block) => {
        this.#loading = false;
        if (this.#connection.closed) return;
        // Not sent where the peer took the request back meanwhile.
        if (this.#connection.wire.piece(piece, begin, block)) this.#onSent(length);
        this.#holds.keepUntil(this.#connection.handedOver);
        this.serve();
      },
      (error: unknown) => {
        this.#loading = false;
        this.#holds.keepUntil(this.#connection.handedOver);
        this.#connection.wire.reject(piece, begin, length);
        this.#onError(error);
      },
    );
  }
}
