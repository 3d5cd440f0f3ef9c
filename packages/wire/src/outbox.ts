// What goes out, as far as that has rules of its own: nothing but extended messages and the DHT port goes before what we
// have; whatever goes out puts the keep-alive off; what the peer makes us answer is counted until it is taken.
import type { Bitfield } from '@shoal/primitives';
import type { ConnectionState } from './connection-state.ts';
import { WireError } from './errors.ts';
import { encodeBitfield, MESSAGE_ID, type Request } from './message.ts';
import type { OutputQueue } from './output.ts';

/** The sending side of one connection. */
export class Outbox {
  readonly #state: ConnectionState;

  constructor(state: ConnectionState) {
    this.#state = state;
  }

  /** The queue, about to get a message that may go before our bitfield. */
  queue(): OutputQueue {
    this.#state.deadlines.sent();
    return this.#state.output;
  }

  /** Sends one that may not: with Fast we owe a have-none where there was no bitfield (BEP 6). */
  message(id: number, words: number, first = 0, second = 0, third = 0): void {
    if (this.#state.ownHavesOpen) {
      this.#state.ownHavesOpen = false;
      if (this.#state.fast) this.queue().fixed(MESSAGE_ID.haveNone, 0);
    }
    this.queue().fixed(id, words, first, second, third);
  }

  /** Says what we have in the shortest form. Throws RangeError where it is no more the first message. */
  haves(have: Bitfield): void {
    if (!this.#state.ownHavesOpen) throw new RangeError('a bitfield is the first message or none');
    const { pieceCount = have.length } = this.#state.bounds;
    if (pieceCount !== have.length) throw new RangeError(`a bitfield of ${pieceCount} pieces, not ${have.length}`);
    this.#state.ownHavesOpen = false;
    if (this.#state.fast && have.isEmpty) this.message(MESSAGE_ID.haveNone, 0);
    else if (this.#state.fast && have.isFull) this.message(MESSAGE_ID.haveAll, 0);
    else if (!have.isEmpty) this.queue().bytes(encodeBitfield(have.toBytes()));
  }

  /** Refuses a request: aloud with Fast, else by silence. */
  reject({ piece, begin, length }: Request): void {
    if (this.#state.fast) this.message(MESSAGE_ID.reject, 3, piece, begin, length);
  }

  /** Refuses what the peer did, who must read such answers as fast as it causes them. Throws ERR_WIRE_FLOOD. */
  rejectInReply(request: Request): void {
    this.reject(request);
    const most = this.#state.limits.unreadReplies;
    if (++this.#state.replies > most) throw new WireError('ERR_WIRE_FLOOD', `more than ${most} rejects wait unread`);
  }

  /** Counts what `answer` sends, which is the peer's to read too. Throws ERR_WIRE_FLOOD. */
  inReply<T>(answer: () => T): T {
    const before = this.#state.output.length;
    const answered = answer();
    this.#state.replyBytes += Math.max(0, this.#state.output.length - before);
    const most = this.#state.limits.unreadReplyBytes;
    if (this.#state.replyBytes <= most) return answered;
    throw new WireError('ERR_WIRE_FLOOD', `${this.#state.replyBytes} bytes of answers wait unread, of ${most}`);
  }
}
