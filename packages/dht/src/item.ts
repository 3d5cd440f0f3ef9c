// Stored items (BEP 44): what a target is, what is signed, what is an item at all.
import { decode, encode } from '@shoal/bencode';
import { bytesEqual, concatBytes } from '@shoal/primitives';
import { DhtError } from './errors.ts';
import { MAX_SALT_LENGTH, MAX_SEQ, MAX_VALUE_LENGTH } from './krpc.ts';

/** A value that is its own address: the target is its digest. */
export interface ImmutableItem {
  readonly kind: 'immutable';
  /** Bencoded, at most 1,000 bytes. */
  readonly value: Uint8Array;
}

/** A value under a key, which who holds the secret key can replace. */
export interface MutableItem {
  readonly kind: 'mutable';
  /** Bencoded, at most 1,000 bytes. */
  readonly value: Uint8Array;
  /** ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** At most 64 bytes; empty where there is none. */
  readonly salt: Uint8Array;
  /** From 0 to 2^63 - 1; a higher one replaces a lower one. */
  readonly seq: bigint;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** A value that the DHT keeps (BEP 44). */
export type Item = ImmutableItem | MutableItem;

export interface ItemMeans {
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  /** Ed25519. Never throws. */
  readonly verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
}

/** What a mutable item's signature is over. */
export function signedBytes(seq: bigint, value: Uint8Array, salt: Uint8Array): Uint8Array {
  // In the order of a dictionary's keys, so that it is one without its first and last byte.
  const entries = encode({ salt: salt.length > 0 ? salt : undefined, seq });
  return concatBytes([entries.subarray(1, -1), V, value]);
}

const V = Uint8Array.of(0x31, 0x3a, 0x76);

/** Where a mutable item lies. 20 bytes. */
export function mutableTarget(publicKey: Uint8Array, salt: Uint8Array, sha1: ItemMeans['sha1']): Uint8Array {
  return sha1(concatBytes([publicKey, salt]));
}

/** Where an item lies. 20 bytes. */
export function targetOf(item: Item, sha1: ItemMeans['sha1']): Uint8Array {
  return item.kind === 'immutable' ? sha1(item.value) : mutableTarget(item.publicKey, item.salt, sha1);
}

/** Whether an item is what was looked for, and signed by whom it should be. */
export function isGenuine(item: Item, target: Uint8Array, { sha1, verify }: ItemMeans): boolean {
  if (!bytesEqual(targetOf(item, sha1), target)) return false;
  if (item.kind === 'immutable') return true;
  return verify(item.signature, signedBytes(item.seq, item.value, item.salt), item.publicKey);
}

/** Throws DhtError ERR_DHT_ITEM for what no node would take. */
export function checkItem(item: Item, means: ItemMeans): void {
  const refuse = (why: string): never => {
    throw new DhtError('ERR_DHT_ITEM', why);
  };
  if (item.value.length > MAX_VALUE_LENGTH) {
    refuse(`a value of ${item.value.length} bytes when bencoded, ${MAX_VALUE_LENGTH} at most`);
  }
  if (!isCanonical(item.value)) refuse('a value that is not canonical bencode');
  if (item.kind === 'immutable') return;
  if (item.salt.length > MAX_SALT_LENGTH) refuse(`a salt of ${item.salt.length} bytes, ${MAX_SALT_LENGTH} at most`);
  if (item.publicKey.length !== 32) refuse(`a public key of ${item.publicKey.length} bytes, 32 expected`);
  if (item.seq < 0n || item.seq > MAX_SEQ) refuse(`a sequence number of ${item.seq}, 0 to 2^63 - 1 expected`);
  if (!isGenuine(item, targetOf(item, means.sha1), means)) refuse('a signature that does not fit its key and value');
}

function isCanonical(value: Uint8Array): boolean {
  try {
    decode(value, { strict: true });
    return true;
  } catch {
    return false;
  }
}
