// What a connection shows of itself, read only.
import type { Bitfield } from '@shoal/primitives';
import type { ConnectionState } from './connection-state.ts';
import type { WireError } from './errors.ts';
import type { ExtendedHandshake } from './extension.ts';
import type { Request } from './message.ts';
import type { WireCounters } from './options.ts';

/** The readable side of a `Wire`. */
export abstract class ConnectionView {
  readonly #state: ConnectionState;

  constructor(state: ConnectionState) {
    this.#state = state;
  }

  get amChoking(): boolean {
    return this.#state.amChoking;
  }
  get amInterested(): boolean {
    return this.#state.amInterested;
  }
  get peerChoking(): boolean {
    return this.#state.peerChoking;
  }
  get peerInterested(): boolean {
    return this.#state.peerInterested;
  }
  /** What the peer has, to be read only; undefined until the geometry is known. */
  get peerHave(): Bitfield | undefined {
    return this.#state.peerPieces.field;
  }
  /** The peer's, 20 bytes; undefined until its handshake came. */
  get peerId(): Uint8Array | undefined {
    return this.#state.handshake?.peerId;
  }
  /** The torrent's 20-byte wire key; on an accepted connection undefined until the peer's handshake came. */
  get infoHash(): Uint8Array | undefined {
    return this.#state.identity?.infoHash ?? this.#state.handshake?.infoHash;
  }
  /** Whether both ends speak the Fast extension (BEP 6). */
  get fast(): boolean {
    return this.#state.fast;
  }
  /** Whether both ends speak the extension protocol (BEP 10). */
  get extended(): boolean {
    return this.#state.extended;
  }
  /** Whether the peer runs a DHT node too (BEP 5's reserved bit), and so takes PORT. */
  get peerHasDht(): boolean {
    return this.#state.handshake?.dht === true;
  }
  get peerHandshake(): ExtendedHandshake | undefined {
    return this.#state.extensions?.peer;
  }
  /** How many of our requests are in flight, without those cancelled. */
  get outstanding(): number {
    return this.#state.ours.outstanding.size;
  }
  /** A snapshot of our requests in flight, oldest first. */
  requests(): Request[] {
    return this.#state.ours.outstanding.toArray();
  }
  get peerRequestCount(): number {
    return this.#state.theirs.queue.size;
  }
  /** A snapshot of the peer's requests that wait for us, oldest first, of the `most` oldest. Default: all. */
  peerRequests(most?: number): Request[] {
    return this.#state.theirs.queue.toArray(most);
  }
  /** The oldest of them, which stays until `piece` or `reject` answers it. */
  nextPeerRequest(): Request | undefined {
    return this.#state.theirs.queue.first();
  }
  /** Why the connection ended. */
  get closed(): WireError | undefined {
    return this.#state.closed;
  }
  get counters(): WireCounters {
    return this.#state.counters;
  }
  /** Bytes that wait to be taken. */
  get outputBytes(): number {
    return this.#state.output.length;
  }
  /** Whether `request` may be called for a piece: unchoked, or the piece is allowed fast, and the geometry is known. */
  canRequest(piece: number): boolean {
    if (this.#state.closed || !this.#state.bounds.isKnown) return false;
    return !this.#state.peerChoking || this.#state.ours.allowed.has(piece);
  }

  /** Throws where the state contradicts itself. For tests. */
  checkInvariants(): void {
    this.#state.checkInvariants();
  }
}
