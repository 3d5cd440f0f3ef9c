// Serves one peer's requests: blocks from the store's cache where they are, else read ahead first. One load is under
// way per peer, so that a slow socket stops reading ahead and a slow disk delays its own peer only; where pieces are small, what
// is asked for next is read beside it, or a peer would wait for file after file to be opened, read and closed.
import { Holds, type PieceStore } from '@shoal/storage';
import type { Connection } from './connection.ts';

/** Bytes handed to the wire before the stream is asked whether it takes more; one vectored write. */
const WRITE_BATCH = 256 * 1024;

/** What is read at once for one peer, where pieces are smaller. */
const READ_AT_ONCE = 1024 * 1024;
/** Reads beside the one that is waited for. */
const MOST_BESIDE = 3;
/** Requests that are looked through for them. */
const LOOKED_THROUGH = 64;

/** How many reads beside the first for pieces of this length. */
export function readsBeside(pieceLength: number): number {
  return Math.max(0, Math.min(MOST_BESIDE, Math.floor(READ_AT_ONCE / pieceLength) - 1));
}

export class Upload {
  readonly #connection: Connection;
  readonly #store: PieceStore;
  readonly #has: (piece: number) => boolean;
  readonly #onSent: (bytes: number) => void;
  readonly #onError: (error: unknown) => void;
  /** Memory that blocks on their way to the peer lie in. */
  readonly #holds = new Holds();
  #loading = false;
  readonly #mostBeside: number;
  /** Reads beside under way. */
  #beside = 0;
  /** Ends the wait for the rate limit; set exactly while waiting. */
  #stopWaiting: (() => void) | undefined;

  constructor(options: {
    connection: Connection;
    store: PieceStore;
    has: (piece: number) => boolean;
    /** See `readsBeside`. */
    readsBeside: number;
    onSent: (bytes: number) => void;
    onError: (error: unknown) => void;
  }) {
    this.#connection = options.connection;
    this.#store = options.store;
    this.#has = options.has;
    this.#mostBeside = options.readsBeside;
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
        this.#loadBeside();
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

  /** Only while one is waited for. What is read is the cache's; where memory is short it is gone again, and read when its turn comes. */
  #loadBeside(): void {
    if (!this.#loading || this.#mostBeside === 0 || this.#connection.closed || !this.#store.hasRoom) return;
    const over = (): void => {
      this.#beside--;
      this.#loadBeside();
    };
    for (const { piece, begin, length } of this.#connection.wire.peerRequests(LOOKED_THROUGH)) {
      if (this.#beside >= this.#mostBeside) return;
      if (!this.#has(piece) || this.#store.isAtHand(piece, begin)) continue;
      this.#beside++;
      const meanwhile = new Holds();
      // What is wrong with the disk is told to who waits for it.
      this.#store
        .load(piece, begin, length, meanwhile)
        .finally(() => meanwhile.release())
        .then(over, over);
    }
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
