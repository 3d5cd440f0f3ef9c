// From what the user types to what lies in the DHT: 20 bytes.
import { createHash } from 'node:crypto';
import { mutableTarget } from '@shoal/dht';
import { fromHex } from '@shoal/primitives';
import { CliError, EXIT } from '../exit.ts';
import { isLink, readLink } from '../source.ts';

/** An info-hash or node id of 40 hexadecimal digits, any other form of info-hash, a magnet link. Throws CliError. */
export function hashOf(text: string): Uint8Array {
  if (!isLink(text)) {
    throw wrong(`not a hash of 40 hexadecimal digits, nor a magnet link: ${JSON.stringify(text.slice(0, 80))}`);
  }
  const { infoHash, infoHashV2 } = readLink(text);
  return (infoHash ?? infoHashV2)?.wireKey as Uint8Array;
}

export interface ItemPlace {
  /** 20 bytes. */
  readonly target: Uint8Array;
  /** Empty where there is none. */
  readonly salt: Uint8Array;
}

/** Where an item lies that is named by its target or by its key. Throws CliError. */
export function itemPlace(
  target: string | undefined,
  { key, salt: text = '' }: { readonly key?: string; readonly salt?: string },
): ItemPlace {
  const salt = new TextEncoder().encode(text);
  if ((target === undefined) === (key === undefined)) {
    throw wrong('an item is named by its TARGET or by --key PUBLIC-KEY, one of them');
  }
  if (key !== undefined) return { target: targetOfKey(fromHex(key) as Uint8Array, salt), salt };
  const bytes = /^[0-9a-f]{40}$/i.test(target ?? '') ? fromHex(target ?? '') : undefined;
  if (!bytes) throw wrong(`not a target of 40 hexadecimal digits: ${JSON.stringify(target?.slice(0, 80))}`);
  return { target: bytes, salt };
}

export function targetOfKey(publicKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return mutableTarget(publicKey, salt, (bytes) => createHash('sha1').update(bytes).digest());
}

function wrong(message: string): CliError {
  return new CliError('ERR_USAGE', message, { status: EXIT.wrong });
}
