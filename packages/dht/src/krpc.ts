// The messages of the DHT (BEPs 5, 32, 42, 43, 44), parsed once: what comes out of `decodeKrpc` is checked.
import type { Endpoint } from '@shoal/primitives';
import type { Family } from './addresses.ts';
import type { Contact } from './contacts.ts';

/** One datagram of the DHT (BEP 5). */
export type KrpcMessage = KrpcQuery | KrpcResponse | KrpcError;

/** What every message has. */
interface KrpcHead {
  /** Chosen by who asks, handed back by who answers. */
  readonly transactionId: Uint8Array;
  /** Who wrote the program: two letters and two bytes of version (BEP 5, `v`). */
  readonly version?: Uint8Array | undefined;
}

/** A question of the DHT (BEPs 5, 44). */
export interface KrpcQuery extends KrpcHead {
  readonly kind: 'query';
  /** The asker's id. */
  readonly id: Uint8Array;
  /** The asker answers no queries and wants to stand in no table (BEP 43). */
  readonly readOnly: boolean;
  readonly call: KrpcCall;
}

/** The queries. `want` names the families of nodes that are wanted (BEP 32); undefined: that of the asker's address. */
export type KrpcCall =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: Uint8Array; readonly want?: readonly Family[] | undefined }
  | { readonly method: 'get_peers'; readonly infoHash: Uint8Array; readonly want?: readonly Family[] | undefined }
  | {
      readonly method: 'announce_peer';
      readonly infoHash: Uint8Array;
      /** 1 to 65535, or 0 where the port is implied. */
      readonly port: number;
      /** The datagram's source port counts instead of `port`. */
      readonly impliedPort: boolean;
      readonly token: Uint8Array;
    }
  | {
      readonly method: 'get';
      readonly target: Uint8Array;
      /** The value is wanted only where its sequence number is above this. */
      readonly seq?: bigint | undefined;
      readonly want?: readonly Family[] | undefined;
    }
  | {
      readonly method: 'put';
      readonly token: Uint8Array;
      /** As it stood in the message, bencoded. */
      readonly value: Uint8Array;
      /** Undefined for an immutable item. */
      readonly signed?: SignedPart | undefined;
    }
  /** A query of another time: answered as `find_node` where it has a target. */
  | {
      readonly method: 'unknown';
      readonly name: string;
      readonly target?: Uint8Array | undefined;
      readonly want?: readonly Family[] | undefined;
    }
  /** A query of ours with arguments that cannot be; `code` and `reason` are the answer. */
  | { readonly method: 'invalid'; readonly name: string; readonly code: number; readonly reason: string };

/** What makes a put mutable (BEP 44). */
export interface SignedPart {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  readonly seq: bigint;
  /** At most 64 bytes, empty where there is none. */
  readonly salt: Uint8Array;
  /** Compare and swap: the sequence number that is to be replaced. */
  readonly cas?: bigint | undefined;
}

/** An answer of the DHT. */
export interface KrpcResponse extends KrpcHead {
  readonly kind: 'response';
  /** The answerer's id. */
  readonly id: Uint8Array;
  /** The asker as the answerer sees it (BEP 42). */
  readonly ip?: Endpoint | undefined;
  readonly nodes?: readonly Contact[] | undefined;
  readonly nodes6?: readonly Contact[] | undefined;
  readonly values?: readonly Endpoint[] | undefined;
  readonly token?: Uint8Array | undefined;
  /** As it stood in the message, bencoded (BEP 44). Nothing about it is verified. */
  readonly value?: Uint8Array | undefined;
  readonly publicKey?: Uint8Array | undefined;
  readonly signature?: Uint8Array | undefined;
  readonly seq?: bigint | undefined;
}

/** An answer that refuses (BEP 5). */
export interface KrpcError extends KrpcHead {
  readonly kind: 'error';
  readonly code: number;
  readonly reason: string;
  readonly ip?: Endpoint | undefined;
}

/** The codes of errors (BEPs 5 and 44). */
export const KRPC_ERROR = {
  generic: 201,
  server: 202,
  protocol: 203,
  unknownMethod: 204,
  valueTooBig: 205,
  badSignature: 206,
  saltTooBig: 207,
  casMismatch: 301,
  oldSequence: 302,
} as const;

/** Bytes of a stored value in its bencoded form, and of a salt (BEP 44). */
export const MAX_VALUE_LENGTH = 1_000;
export const MAX_SALT_LENGTH = 64;
/** What `seq` and `cas` can hold (BEP 44). */
export const MAX_SEQ = 0x7fff_ffff_ffff_ffffn;
