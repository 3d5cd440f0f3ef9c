// One connection's state machine, all transitions of it. It decodes what `receive` gave only as far as `poll` is called;
// what is to be sent waits in the output. Invariants:
// - after `closed` is set nothing changes any more: commands do nothing, `poll` tells the end once;
// - our requests are outstanding while they may still be answered, then given up until the race with the answer is over;
// - before the geometry is known there are no requests, in either direction.
import { type Bitfield, bytesEqual, toHex } from '@shoal/primitives';
import { ConnectionState } from './connection-state.ts';
import { ConnectionView } from './connection-view.ts';
import { WireError, type WireErrorCode } from './errors.ts';
import type { WireEvent } from './event.ts';
import { amend } from './extended-handshake.ts';
import type { OwnExtendedHandshake } from './extension.ts';
import { ExtensionRegistry } from './extension-registry.ts';
import type { FrameStep } from './frame-decoder.ts';
import { encodeHandshake, type Handshake } from './handshake.ts';
import { MESSAGE_ID, type Request, readRequest, readUint16, readUint32 } from './message.ts';
import type { WireGeometry, WireIdentity, WireOptions } from './options.ts';
import { Outbox } from './outbox.ts';

const NEVER: number = Number.POSITIVE_INFINITY;

/** The peer wire protocol (BEPs 3, 6, 10, 54) of one connection, without socket or timer. Times are milliseconds. */
export class Wire extends ConnectionView {
  readonly #state: ConnectionState;
  readonly #out: Outbox;

  constructor(options: WireOptions) {
    const state = new ConnectionState(options);
    super(state);
    this.#state = state;
    this.#out = new Outbox(state);
    if (options.role === 'dial') this.#introduce(options);
  }

  /** Answers an accepted connection's handshake. Throws RangeError unless a 'handshake' event asked for it. */
  accept(identity: WireIdentity): void {
    if (this.#state.closed) return;
    if (this.#state.phase !== 'accepting') throw new RangeError('there is no handshake to answer');
    this.#introduce(identity);
    this.#guard(() => this.#open());
  }

  /**
   * Tells the number and sizes of pieces, once; what the peer said before is validated now, so poll afterwards.
   * Throws RangeError the second time.
   */
  setGeometry(geometry: WireGeometry): void {
    if (this.#state.closed) return;
    const { bounds, decoder, limits, ours, peerPieces } = this.#state;
    bounds.set(geometry);
    decoder.limits = { ...limits, bitfieldLength: Math.ceil(geometry.pieceCount / 8) };
    this.#guard(() => {
      peerPieces.setGeometry(geometry.pieceCount);
      for (const piece of ours.allowed) bounds.peerPiece(piece);
    });
    if (this.#state.haves === 'early') this.#state.haves = 'untold';
  }

  /**
   * Hands over bytes from the peer; `poll` must have answered undefined before, or RangeError is thrown. The caller may
   * reuse `bytes` when `poll` has answered undefined again.
   */
  receive(bytes: Uint8Array, now: number): void {
    if (this.#state.closed) return;
    if (this.#state.phase === 'open') this.#state.decoder.push(bytes);
    else this.#state.opening.push(bytes);
    this.#state.deadlines.now = now;
    this.#state.counters.bytesIn += bytes.length;
  }

  /** The next event, or undefined when there is none before more bytes come. Never throws for what the peer sent. */
  poll(): WireEvent | undefined {
    if (this.#state.closed === undefined) {
      try {
        const event = this.#next();
        if (event) return event;
      } catch (error) {
        this.#fail(error);
      }
    }
    if (this.#state.closed === undefined || this.#state.closedTold) return undefined;
    this.#state.closedTold = true;
    return { type: 'closed', error: this.#state.closed };
  }

  /** Lets time pass: keep-alive, time-outs. Poll afterwards. */
  tick(now: number): void {
    if (this.#state.closed) return;
    const deadlines = this.#state.deadlines;
    deadlines.now = now;
    const { handshakeMs, silenceMs } = this.#state.limits;
    if (now >= deadlines.handshake) {
      this.fault('ERR_WIRE_HANDSHAKE_TIMEOUT', `no handshake for ${handshakeMs} ms`);
    } else if (now >= deadlines.silence) {
      this.fault('ERR_WIRE_SILENCE', `no message for ${silenceMs} ms`);
    } else if (this.#state.phase === 'open') {
      if (now >= deadlines.rejects) this.#giveUpRejects();
      this.#state.extensions?.tick(now);
      if (!this.#state.closed && now >= deadlines.keepAlive) this.#out.queue().keepAlive();
    }
  }

  /** When `tick` is due, in the time of `now`; Infinity: never. */
  nextWake(): number {
    if (this.#state.closed) return NEVER;
    const own = this.#state.deadlines.next();
    return this.#state.phase === 'open' && this.#state.extensions
      ? Math.min(own, this.#state.extensions.nextWake())
      : own;
  }

  /** Everything to be written, in order, for one vectored write. Blocks are the arrays that `piece` was given. */
  takeOutput(): Uint8Array[] {
    this.#state.counters.bytesOut += this.#state.output.length;
    this.#state.replies = this.#state.replyBytes = 0;
    return this.#state.output.take();
  }

  /** Chokes the peer; what it had asked for is forgotten, with Fast explicitly, except allowed-fast pieces (BEP 6). */
  choke(): void {
    if (!this.#ready() || this.#state.amChoking) return;
    this.#state.amChoking = true;
    this.#out.message(MESSAGE_ID.choke, 0);
    for (const request of this.#state.theirs.choke()) this.#out.reject(request);
  }

  unchoke(): void {
    if (!this.#ready() || !this.#state.amChoking) return;
    this.#state.amChoking = false;
    this.#state.theirs.unchoke();
    this.#out.message(MESSAGE_ID.unchoke, 0);
  }

  interested(): void {
    if (!this.#ready() || this.#state.amInterested) return;
    this.#state.amInterested = true;
    this.#out.message(MESSAGE_ID.interested, 0);
  }

  notInterested(): void {
    if (!this.#ready() || !this.#state.amInterested) return;
    this.#state.amInterested = false;
    this.#out.message(MESSAGE_ID.notInterested, 0);
  }

  /**
   * Tells what we have, in the shortest form BEPs 3 and 6 allow; nothing where that is nothing. Throws RangeError when
   * a message other than extended and port went before.
   */
  bitfield(have: Bitfield): void {
    if (this.#ready()) this.#out.haves(have);
  }

  have(piece: number): void {
    if (this.#ready()) this.#out.message(MESSAGE_ID.have, 1, this.#state.bounds.ownPiece(piece));
  }

  /**
   * Takes a HAVE back (BEP 54); false, and nothing is sent, where the peer does not know how. What it asked for in that
   * piece stays for `reject`. Throws RangeError for no piece of the torrent.
   */
  dontHave(piece: number): boolean {
    return this.#ready() && (this.#state.extensions?.sendDontHave(this.#state.bounds.ownPiece(piece)) ?? false);
  }

  /** Asks for a range. Throws RangeError outside the torrent, over the limit, twice, or where `canRequest` is false. */
  request(piece: number, begin: number, length: number): void {
    if (!this.#ready()) return;
    this.#state.bounds.ownRange(piece, begin, length);
    if (!this.canRequest(piece)) throw new RangeError(`the peer chokes us and piece ${piece} is not allowed fast`);
    if (this.#state.ours.outstanding.has(piece, begin, length)) {
      throw new RangeError(`piece ${piece}, begin ${begin} is asked for already`);
    }
    this.#state.ours.outstanding.add(piece, begin, length);
    this.#out.message(MESSAGE_ID.request, 3, piece, begin, length);
  }

  /** Takes a request back; nothing happens where it is not outstanding. A block on its way comes as not wanted. */
  cancel(piece: number, begin: number, length: number): void {
    if (!this.#ready()) return;
    if (this.#state.block.is(piece, begin, length)) {
      this.#state.block.disown();
      this.#state.ours.outstanding.delete(piece, begin, length);
    } else if (this.#state.ours.giveUp({ piece, begin, length })) {
      this.#out.message(MESSAGE_ID.cancel, 3, piece, begin, length);
    }
  }

  /**
   * Answers a request; false, and nothing is sent, where the peer does not wait for it any more. `block` is not copied
   * and must not change until it is written.
   */
  piece(piece: number, begin: number, block: Uint8Array): boolean {
    if (!this.#ready() || !this.#state.theirs.queue.delete(piece, begin, block.length)) return false;
    this.#out.queue().piece(piece, begin, block);
    this.#state.counters.payloadOut += block.length;
    return true;
  }

  /** Refuses a request, silently without Fast; false where the peer does not wait for it any more. */
  reject(piece: number, begin: number, length: number): boolean {
    if (!this.#ready() || !this.#state.theirs.queue.delete(piece, begin, length)) return false;
    this.#out.reject({ piece, begin, length });
    return true;
  }

  /** Names a piece that is cheap to serve (BEP 6). Nothing is sent without Fast. */
  suggest(piece: number): void {
    if (this.#ready() && this.#state.fast) this.#out.message(MESSAGE_ID.suggest, 1, this.#state.bounds.ownPiece(piece));
  }

  /** Lets the peer ask for a piece while choked (BEP 6). Nothing is sent without Fast. */
  allowedFast(piece: number): void {
    if (!this.#ready() || !this.#state.fast || this.#state.theirs.allowed.has(this.#state.bounds.ownPiece(piece)))
      return;
    this.#state.theirs.allowed.add(piece);
    this.#out.message(MESSAGE_ID.allowedFast, 1, piece);
  }

  /** Tells our DHT node's UDP port (BEP 5). */
  port(port: number): void {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
    if (this.#ready()) this.#out.queue().port(port);
  }

  /** Sends our extended handshake again, saying no more of ourselves than `own`; see `updateExtendedHandshake`. */
  sendExtendedHandshake(own: OwnExtendedHandshake): void {
    if (this.#ready() && this.#state.extended) this.#state.extensions?.sendHandshake(own);
  }

  /**
   * Changes what our extended handshake says, such as `uploadOnly` (BEP 21), and sends it again, whole, where that is
   * something new (BEP 10). At any time: before the handshakes are through it is said with the first.
   */
  updateExtendedHandshake(changes: OwnExtendedHandshake): void {
    const { closed, phase, extended, extensions } = this.#state;
    const own = amend(this.#state.own, changes);
    if (closed || own === undefined) return;
    this.#state.own = own;
    if (phase === 'open' && extended) extensions?.sendHandshake(own);
  }

  /**
   * The owner reads nothing from this peer for now, for want of room: its silence is not held against it until
   * `readingResumed`, from when it has its whole time again. Our keep-alives go on, and so does the time for a handshake.
   */
  readingPaused(now: number): void {
    this.#state.deadlines.now = now;
    this.#state.deadlines.pause();
  }

  readingResumed(now: number): void {
    this.#state.deadlines.now = now;
    this.#state.deadlines.resume();
  }

  /** The owner found a fault, or wants no more of this connection; what waits in the output is lost. */
  fault(code: WireErrorCode, message: string): void {
    this.#close(new WireError(code, message));
  }

  /** Sends our handshake and makes the extensions. */
  #introduce(identity: WireIdentity): void {
    const { infoHash, peerId, fast = true, extended = true, dht = false, extensions = [] } = identity;
    this.#out.queue().bytes(encodeHandshake({ infoHash, peerId, fast, extended, dht }));
    this.#state.identity = identity;
    this.#state.own = { ...identity.extendedHandshake, ...this.#state.own };
    if (!extended) return;
    const host = {
      isOpen: (): boolean => this.#state.closed === undefined && this.#state.phase === 'open',
      unsent: (): number => this.#state.output.length,
      send: (message: Uint8Array): void => this.#out.queue().bytes(message),
      fault: (error: WireError): void => this.#close(error),
    };
    const registry = new ExtensionRegistry(host, this.#state.limits, extensions);
    this.#state.extensions = registry;
    // A factory may have failed before there was a registry to tell the others.
    if (this.#state.closed) registry.close();
  }

  /** Both handshakes are there: settles what both ends speak. */
  #open(): void {
    const { peerId, fast = true, extended = true } = this.#state.identity as WireIdentity;
    const peer = this.#state.handshake as Handshake;
    if (this.#state.closed) return;
    if (bytesEqual(peer.peerId, peerId)) throw new WireError('ERR_WIRE_SELF', 'the peer has our own peer id');
    this.#state.fast = fast && peer.fast;
    this.#state.extended = extended && peer.extended;
    this.#state.phase = 'open';
    this.#state.deadlines.opened();
    this.#state.decoder.push(this.#state.opening.takeRest());
    if (this.#state.extended) this.#state.extensions?.sendHandshake(this.#state.own);
  }

  #next(): WireEvent | undefined {
    const request = this.#state.expired.shift();
    if (request) return { type: 'reject', ...request };
    if (this.#state.haves === 'untold') {
      this.#state.haves = 'told';
      return { type: 'haves' };
    }
    if (this.#state.phase === 'handshake') return this.#onHandshake();
    if (this.#state.phase === 'accepting') {
      this.#state.opening.hold();
      return undefined;
    }
    while (this.#state.closed === undefined) {
      const step = this.#state.decoder.next();
      if (step === 'none') return undefined;
      this.#state.deadlines.heard();
      const event = this.#onStep(step);
      if (event) return event;
    }
    return undefined;
  }

  #onHandshake(): WireEvent | undefined {
    const handshake = this.#state.opening.read();
    if (!handshake) return undefined;
    this.#state.handshake = handshake;
    this.#state.phase = 'accepting';
    if (this.#state.identity) {
      if (!bytesEqual(handshake.infoHash, this.#state.identity.infoHash)) {
        const [theirs, ours] = [toHex(handshake.infoHash), toHex(this.#state.identity.infoHash)];
        throw new WireError('ERR_WIRE_INFO_HASH', `the peer answers for torrent ${theirs}, not ${ours}`);
      }
      this.#open();
    }
    return { type: 'handshake', ...handshake };
  }

  #onStep(step: Exclude<FrameStep, 'none'>): WireEvent | undefined {
    const block = this.#state.block;
    const decoder = this.#state.decoder;
    switch (step) {
      case 'keepAlive':
        return undefined;
      case 'unknown':
        this.#state.peerHavesOpen = false;
        return undefined;
      case 'message':
        return this.#onMessage(decoder.id, decoder.payload);
      case 'blockBegin': {
        this.#state.peerHavesOpen = false;
        this.#state.bounds.peerRange(decoder);
        const wanted = this.#state.ours.begin(decoder.piece, decoder.begin, decoder.length);
        if (!wanted) this.#state.counters.unrequestedBlocks++;
        return block.start(decoder, wanted);
      }
      case 'blockPart':
        this.#state.counters[block.isWanted ? 'payloadIn' : 'wastedIn'] += decoder.end - decoder.start;
        return block.part(decoder);
      case 'blockEnd':
        if (block.isWanted) this.#state.ours.outstanding.delete(block.piece, block.begin, block.length);
        return block.end();
    }
  }

  #onMessage(id: number, payload: Uint8Array): WireEvent | undefined {
    const isHaves = id === MESSAGE_ID.bitfield || id === MESSAGE_ID.haveAll || id === MESSAGE_ID.haveNone;
    if (isHaves && !this.#state.peerHavesOpen) this.#state.peerPieces.admitLater(id);
    if (id >= MESSAGE_ID.suggest && id <= MESSAGE_ID.allowedFast && !this.#state.fast) {
      throw new WireError('ERR_WIRE_ORDER', `message ${id} without the Fast extension`);
    }
    // Real clients send their extended handshake and their DHT port before the bitfield.
    if (id !== MESSAGE_ID.extended && id !== MESSAGE_ID.port) this.#state.peerHavesOpen = false;
    switch (id) {
      case MESSAGE_ID.choke:
        return this.#onChoke();
      case MESSAGE_ID.unchoke:
        if (!this.#state.peerChoking) return undefined;
        this.#state.peerChoking = false;
        this.#state.deadlines.settled();
        return { type: 'unchoke' };
      case MESSAGE_ID.interested:
        if (this.#state.peerInterested) return undefined;
        this.#state.peerInterested = true;
        return { type: 'interested' };
      case MESSAGE_ID.notInterested:
        if (!this.#state.peerInterested) return undefined;
        this.#state.peerInterested = false;
        return { type: 'notInterested' };
      case MESSAGE_ID.have:
        return this.#onHave('have', readUint32(payload, 0));
      case MESSAGE_ID.bitfield:
        this.#state.peerPieces.setBitfield(payload);
        return this.#learnt({ type: 'haves' });
      case MESSAGE_ID.haveAll:
        this.#state.peerPieces.setAll();
        return this.#learnt({ type: 'haves' });
      case MESSAGE_ID.haveNone:
        return this.#learnt({ type: 'haves' });
      case MESSAGE_ID.request:
        return this.#onRequest(readRequest(payload));
      case MESSAGE_ID.cancel:
        return this.#onCancel(readRequest(payload));
      case MESSAGE_ID.reject: {
        const request = readRequest(payload);
        return this.#state.ours.reject(request) ? { type: 'reject', ...request } : undefined;
      }
      case MESSAGE_ID.suggest: {
        const piece = this.#state.bounds.peerPiece(readUint32(payload, 0));
        // A hint about pieces that nobody can pick yet is worth nothing, and so is an endless row of them.
        if (!this.#state.bounds.isKnown || ++this.#state.suggestions > this.#state.limits.suggestions) return undefined;
        return { type: 'suggest', piece };
      }
      case MESSAGE_ID.allowedFast: {
        const piece = this.#state.bounds.peerPiece(readUint32(payload, 0));
        return this.#state.ours.allow(piece) ? { type: 'allowedFast', piece } : undefined;
      }
      case MESSAGE_ID.port:
        return { type: 'port', port: readUint16(payload, 0) };
      case MESSAGE_ID.extended:
        return this.#onExtended(payload);
      default:
        throw new Error(`the decoder knows message ${id}, the wire does not`);
    }
  }

  #onChoke(): WireEvent | undefined {
    if (this.#state.peerChoking) return undefined;
    this.#state.peerChoking = true;
    if (!this.#state.fast) return { type: 'choke', dropped: this.#state.ours.giveUpAll({ keepAllowed: false }) };
    if (this.outstanding > 0) this.#state.deadlines.choked();
    return { type: 'choke', dropped: [] };
  }

  /** A peer that choked us with Fast owed a reject for each request, and had time for it. */
  #giveUpRejects(): void {
    const { block, deadlines, expired, ours } = this.#state;
    deadlines.settled();
    expired.push(...ours.giveUpAll({ keepAllowed: true, arriving: block }));
  }

  #onHave(type: 'have' | 'dontHave', piece: number): WireEvent | undefined {
    const { peerPieces } = this.#state;
    const isNew = type === 'have' ? peerPieces.addHave(piece) : peerPieces.dropHave(piece);
    return this.#learnt(isNew ? { type, piece } : undefined);
  }

  /** What the peer has is news only once the pieces are known; until then it adds up to one 'haves'. */
  #learnt(news: WireEvent | undefined): WireEvent | undefined {
    if (this.#state.bounds.isKnown) return news;
    this.#state.haves = 'early';
    return undefined;
  }

  #onRequest(request: Request): WireEvent | undefined {
    const { bounds, theirs, counters, amChoking } = this.#state;
    bounds.peerRange(request);
    // Nobody can serve a torrent without its geometry: until then we choke, whatever we said.
    if (theirs.offer(request, amChoking || !bounds.isKnown)) return { type: 'request', ...request };
    counters.refusedRequests++;
    this.#out.rejectInReply(request);
    return undefined;
  }

  #onCancel(request: Request): WireEvent | undefined {
    // Answered already, or never asked: the two cross all the time.
    if (!this.#state.theirs.queue.delete(request.piece, request.begin, request.length)) return undefined;
    this.#out.rejectInReply(request);
    return { type: 'cancel', ...request };
  }

  #onExtended(payload: Uint8Array): WireEvent | undefined {
    if (!this.#state.extended)
      throw new WireError('ERR_WIRE_ORDER', 'an extended message without the extension protocol');
    const { extensions, deadlines } = this.#state;
    const event = this.#out.inReply(() => extensions?.receive(payload, deadlines.now));
    return event?.type === 'dontHave' ? this.#onHave('dontHave', event.piece) : event;
  }

  /** Whether commands take effect. Throws RangeError before the handshakes are through. */
  #ready(): boolean {
    if (this.#state.closed) return false;
    if (this.#state.phase !== 'open') throw new RangeError('the handshake is not through yet');
    return true;
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.#close(error);
  }

  #close(error: WireError): void {
    if (this.#state.closed) return;
    this.#state.closed = error;
    // Our answer is what tells the side that dialled that it has met itself.
    if (error.code !== 'ERR_WIRE_SELF') this.#state.output.take();
    this.#state.extensions?.close();
  }
}
