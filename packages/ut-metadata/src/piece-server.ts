// Answers one peer's requests for the info dictionary. Invariants: at most `WAITING` requests wait; data leaves only while
// little waits unsent, a peer is served twice the dictionary a minute at most, then refused,
// and who goes on breaks the rules (BEP 9 suggests such a limit).
import type { ExtensionContext } from '@shoal/wire';
import { encodeData, encodeReject, PIECE_LENGTH } from './message.ts';

const WINDOW_MS = 60_000;
/** A small dictionary may be asked for more often. */
const LEAST_ALLOWED = 32;
/** Requests a minute past the allowed ones that are refused before it is a fault: refusing costs next to nothing. */
const REFUSED = 2_048;
const WAITING = 1_024;
/** As much may wait in the connection before requests do. */
const UNSENT_BYTES = 256 * 1024;
/** How soon to look again whether the connection has drained. */
const DRAIN_MS = 100;

export class PieceServer {
  readonly #context: ExtensionContext;
  readonly #info: () => Uint8Array | undefined;
  #waiting: number[] = [];
  #windowStart: number = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** `info`: the whole dictionary, undefined where there is none to give. */
  constructor(context: ExtensionContext, info: () => Uint8Array | undefined) {
    this.#context = context;
    this.#info = info;
  }

  /** When `drain` should be called, in the time of `now`. */
  nextWake(now: number): number {
    return this.#waiting.length > 0 ? now + DRAIN_MS : Number.POSITIVE_INFINITY;
  }

  request(piece: number, now: number): void {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#count = 0;
    }
    const info = this.#info();
    const pieceCount = Math.ceil((info?.length ?? 0) / PIECE_LENGTH);
    const allowed = Math.max(LEAST_ALLOWED, 2 * pieceCount);
    if (++this.#count > allowed + REFUSED) {
      this.#context.fault(`${this.#count} requests within a minute for ${pieceCount} pieces`);
    } else if (piece >= pieceCount || this.#count > allowed || this.#waiting.length >= WAITING) {
      this.#context.send(encodeReject(piece));
    } else {
      this.#waiting.push(piece);
    }
    this.drain();
  }

  /** Sends what the connection has room for. */
  drain(): void {
    let sent = 0;
    const info = this.#info();
    while (sent < this.#waiting.length && this.#context.unsent < UNSENT_BYTES) {
      const piece = this.#waiting[sent++] as number;
      const data = info?.subarray(piece * PIECE_LENGTH, (piece + 1) * PIECE_LENGTH);
      this.#context.send(info && data?.length ? encodeData(piece, info.length, data) : encodeReject(piece));
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent);
  }

  close(): void {
    this.#waiting = [];
  }
}
