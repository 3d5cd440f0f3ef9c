// What a Wire tells its owner.
import type { WireError } from './errors.ts';
import type { ExtendedHandshake } from './extension.ts';
import type { Handshake } from './handshake.ts';
import type { Request } from './message.ts';

/** The block events are one reused object per connection and kind: read them before the next `poll`. */
export interface BlockEvent {
  piece: number;
  /** Bytes from the start of the piece. */
  begin: number;
  /** Bytes of the whole block. */
  length: number;
  /** False: not asked for any more (a race), or never. Drop the bytes. */
  wanted: boolean;
}

/** A run of a block's bytes. */
export interface BlockPart extends BlockEvent {
  readonly type: 'blockPart';
  /** Bytes of the block before this part. */
  offset: number;
  /** The bytes, a view valid until the next `receive`. Made when read: one small object. */
  readonly bytes: Uint8Array;
  /** The same without a view: bytes [start, end) of `chunk`. */
  chunk: Uint8Array;
  start: number;
  end: number;
}

/** What the peer did, or what became of the connection: what `poll` answers. */
export type WireEvent =
  /** The peer's handshake is whole. On an accepted connection: answer with `accept`, or `fault`. */
  | ({ readonly type: 'handshake' } & Handshake)
  /** `dropped`: our requests that died with it; with Fast none do, each is answered or rejected (BEP 6). */
  | { readonly type: 'choke'; readonly dropped: readonly Request[] }
  | { readonly type: 'unchoke' | 'interested' | 'notInterested' }
  /** One piece more. */
  | { readonly type: 'have'; readonly piece: number }
  /** One piece less (BEP 54). Requests of ours for it stay out: cancel them, or wait for the rejects. */
  | { readonly type: 'dontHave'; readonly piece: number }
  /** A bitfield, have-all or have-none arrived or became known: read `peerHave`. */
  | { readonly type: 'haves' }
  /** The peer asks for a block and we do not choke it, or the piece is allowed fast. */
  | ({ readonly type: 'request' } & Request)
  /** The peer takes a request back that waited; with Fast it has been rejected already. */
  | ({ readonly type: 'cancel' } & Request)
  | ({ readonly type: 'blockBegin' | 'blockEnd' } & Readonly<BlockEvent>)
  | Readonly<BlockPart>
  /** The peer will not answer this request of ours (BEP 6), or took too long to say so after a choke. */
  | ({ readonly type: 'reject' } & Request)
  | { readonly type: 'suggest' | 'allowedFast'; readonly piece: number }
  /** The peer's DHT port (BEP 5). */
  | { readonly type: 'port'; readonly port: number }
  /** Again when it changes, and when an `upload_only` message changed it. */
  | { readonly type: 'extendedHandshake'; readonly handshake: ExtendedHandshake }
  /** The last event there is. */
  | { readonly type: 'closed'; readonly error: WireError };

/** The reused event of a block's bytes. */
export class BlockPartEvent implements BlockPart {
  readonly type = 'blockPart' as const;
  piece = 0;
  begin = 0;
  length = 0;
  wanted = false;
  offset = 0;
  chunk: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  get bytes(): Uint8Array {
    return this.chunk.subarray(this.start, this.end);
  }
}
