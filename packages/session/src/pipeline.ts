// How many requests to keep in flight to one peer: enough to cover its rate times the delay, no more.
// Grows by a block for each block received (as TCP's slow start) until the measured rate no longer asks for it.
import type { RateMeter } from '@shoal/choker';
import { BLOCK_LENGTH } from '@shoal/primitives';

const FEWEST = 4;
const START = 16;
/** Seconds of the peer's own rate that are kept in flight. */
const HORIZON_S = 2;
/** 8 MiB; libtorrent's default limit of what it queues for one peer is 2,000. */
const MOST = 500;

export class RequestPipeline {
  readonly #rate: RateMeter;
  #depth = START;
  #limit = MOST;
  #snubbed = false;

  constructor(rate: RateMeter) {
    this.#rate = rate;
  }

  /** The peer's `reqq` (BEP 10). */
  setLimit(requests: number): void {
    this.#limit = Math.max(1, Math.min(MOST, requests));
  }

  /** Requests to keep in flight. */
  get depth(): number {
    return this.#snubbed ? 1 : Math.min(this.#depth, this.#limit);
  }

  /** The fewest free places worth a round of picking: batches make one write of many requests. */
  get batch(): number {
    return Math.max(1, this.depth >> 2);
  }

  get snubbed(): boolean {
    return this.#snubbed;
  }

  received(now: number): void {
    this.#snubbed = false;
    const wanted = FEWEST + Math.ceil((this.#rate.rate(now) * HORIZON_S) / BLOCK_LENGTH);
    this.#depth = this.#depth < wanted + START ? this.#depth + 1 : Math.max(wanted, this.#depth - 1);
    this.#depth = Math.min(MOST, Math.max(FEWEST, this.#depth));
  }

  snub(): void {
    this.#snubbed = true;
    this.#depth = FEWEST;
  }
}
