// Digests, signatures and randomness of node:crypto, in the forms that the DHT has them: raw keys of 32 bytes.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign as signWith,
  verify as verifyWith,
} from 'node:crypto';
import { type BencodeInput, encode } from '@shoal/bencode';
import { concatBytes } from '@shoal/primitives';
import { DhtError } from '../errors.ts';
import { type ImmutableItem, type MutableItem, signedBytes } from '../item.ts';
import { MAX_SALT_LENGTH, MAX_SEQ, MAX_VALUE_LENGTH } from '../krpc.ts';
import type { DhtMeans } from '../node-options.ts';

/** What stands before the 32 bytes in the DER forms of ed25519 keys (RFC 8410). */
const SPKI: Uint8Array = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);
const PKCS8: Uint8Array = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

export const NODE_MEANS: DhtMeans = {
  sha1: (bytes) => new Uint8Array(createHash('sha1').update(bytes).digest()),
  random: (length) => new Uint8Array(randomBytes(length)),
  verify: (signature, message, publicKey) => {
    try {
      return verifyWith(null, message, publicKeyOf(publicKey), signature);
    } catch {
      // 32 bytes that are no point of the curve.
      return false;
    }
  },
};

/** Who may replace a mutable item (BEP 44): an ed25519 key pair. */
export interface ItemSigner {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The secret: 32 bytes, from which `createItemSigner` makes the same pair again (RFC 8032). */
  readonly seed: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** A key pair from its seed of 32 bytes; a new one without. Throws RangeError for another length. */
export function createItemSigner(seed: Uint8Array = randomBytes(32)): ItemSigner {
  if (seed.length !== 32) throw new RangeError(`a seed has 32 bytes, not ${seed.length}`);
  const secret = createPrivateKey({ key: Buffer.from(concatBytes([PKCS8, seed])), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return {
    publicKey: Uint8Array.from(spki.subarray(SPKI.length)),
    seed: Uint8Array.from(seed),
    sign: (message) => new Uint8Array(signWith(null, message, secret)),
  };
}

/** An item that lies under its own digest. Throws DhtError ERR_DHT_ITEM for a value of more than 1,000 bytes. */
export function immutableItem(value: BencodeInput): ImmutableItem {
  return { kind: 'immutable', value: encodedValue(value) };
}

/**
 * An item that lies under a key, signed. `seq` must be above that of the item it replaces; `salt` tells items of one key
 * apart. Throws DhtError ERR_DHT_ITEM for what no node would take.
 */
export function mutableItem(
  signer: ItemSigner,
  given: { readonly value: BencodeInput; readonly seq: bigint; readonly salt?: Uint8Array },
): MutableItem {
  const { seq, salt = new Uint8Array(0) } = given;
  if (seq < 0n || seq > MAX_SEQ) {
    throw new DhtError('ERR_DHT_ITEM', `a sequence number of ${seq}, 0 to 2^63 - 1 expected`);
  }
  if (salt.length > MAX_SALT_LENGTH) {
    throw new DhtError('ERR_DHT_ITEM', `a salt of ${salt.length} bytes, ${MAX_SALT_LENGTH} at most`);
  }
  const value = encodedValue(given.value);
  const signature = signer.sign(signedBytes(seq, value, salt));
  return { kind: 'mutable', value, publicKey: signer.publicKey, salt, seq, signature };
}

function encodedValue(value: BencodeInput): Uint8Array {
  const bytes = encode(value);
  if (bytes.length > MAX_VALUE_LENGTH) {
    throw new DhtError('ERR_DHT_ITEM', `a value of ${bytes.length} bytes when bencoded, ${MAX_VALUE_LENGTH} at most`);
  }
  return bytes;
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(concatBytes([SPKI, raw])), format: 'der', type: 'spki' });
}
