// All that one connection knows, without any rule of how it changes: that is wire.ts alone.
import { ArrivingBlock } from './arriving-block.ts';
import { Bounds } from './bounds.ts';
import { Deadlines } from './deadlines.ts';
import type { WireError } from './errors.ts';
import type { OwnExtendedHandshake } from './extension.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import { FrameDecoder } from './frame-decoder.ts';
import type { Handshake } from './handshake.ts';
import { IncomingRequests } from './incoming-requests.ts';
import { resolveLimits, type WireLimits } from './limits.ts';
import type { Request } from './message.ts';
import { Opening } from './opening.ts';
import type { WireCounters, WireIdentity, WireOptions } from './options.ts';
import { OutgoingRequests } from './outgoing-requests.ts';
import { OutputQueue } from './output.ts';
import { PeerPieces } from './peer-pieces.ts';

/** The data of one connection. */
export class ConnectionState {
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
  readonly opening: Opening;
  readonly decoder: FrameDecoder;
  readonly output: OutputQueue = new OutputQueue();
  readonly block: ArrivingBlock = new ArrivingBlock();
  readonly bounds: Bounds;
  readonly peerPieces: PeerPieces;
  readonly ours: OutgoingRequests;
  readonly theirs: IncomingRequests;
  readonly counters: { -readonly [K in keyof WireCounters]: WireCounters[K] } = {
    payloadIn: 0,
    payloadOut: 0,
    wastedIn: 0,
    bytesIn: 0,
    bytesOut: 0,
    unrequestedBlocks: 0,
    refusedRequests: 0,
  };
  /** Waiting for the peer's handshake; for our owner's answer to it; both are through. */
  phase: 'handshake' | 'accepting' | 'open' = 'handshake';
  /** Ours; undefined on an accepted connection until it is answered. */
  identity: WireIdentity | undefined;
  /** What our extended handshake says of us. */
  own: OwnExtendedHandshake = {};
  /** The peer's. */
  handshake: Handshake | undefined;
  extensions: ExtensionRegistry | undefined;
  closed: WireError | undefined;
  closedTold = false;
  fast = false;
  extended = false;
  amChoking = true;
  amInterested = false;
  peerChoking = true;
  peerInterested = false;
  /** Whether the next message may still be a bitfield, have-all or have-none. */
  peerHavesOpen = true;
  ownHavesOpen = true;
  /** What the peer has: known to the owner, came before the geometry, or is to be told as one 'haves' now. */
  haves: 'told' | 'early' | 'untold' = 'told';
  /** Requests of ours that were given up for want of a reject, not told yet. */
  expired: Request[] = [];
  suggestions = 0;
  /** Rejects the peer caused since the output was last taken. */
  replies = 0;
  /** Bytes of what extensions answered since then. */
  replyBytes = 0;

  constructor(options: WireOptions) {
    this.limits = resolveLimits(options.limits);
    this.deadlines = new Deadlines(this.limits, options.now);
    this.opening = new Opening(this.limits.heldBytes);
    this.decoder = new FrameDecoder(this.limits);
    this.bounds = new Bounds(this.limits);
    this.peerPieces = new PeerPieces(this.limits);
    this.ours = new OutgoingRequests(this.limits);
    this.theirs = new IncomingRequests(this.limits);
  }

  /** Throws where the state contradicts itself. For tests. */
  checkInvariants(): void {
    const { ours, theirs, block, closed, output } = this;
    ours.checkInvariants();
    theirs.checkInvariants();
    this.decoder.checkInvariants();
    if (closed && closed.code !== 'ERR_WIRE_SELF' && output.length > 0)
      throw new Error('a closed connection has output');
    if (closed) return;
    const requests = ours.outstanding.size + theirs.queue.size;
    if (!this.bounds.isKnown && requests > 0) throw new Error(`${requests} requests without a geometry`);
    if (this.bounds.isKnown !== (this.peerPieces.field !== undefined)) throw new Error('a geometry without a have-map');
    if (this.phase !== 'open' && requests > 0) throw new Error(`${requests} requests before the handshake is through`);
    if (this.peerChoking && !this.fast && ours.outstanding.size > 0) throw new Error('a choke left requests');
    if (this.amChoking && theirs.queue.toArray().some(({ piece }) => !theirs.allowed.has(piece))) {
      throw new Error('a choked peer has requests queued');
    }
    if (block.isWanted && !ours.outstanding.has(block.piece, block.begin, block.length)) {
      throw new Error('the block that arrives is wanted, but not outstanding');
    }
  }
}
