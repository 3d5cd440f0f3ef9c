// The dictionary of BEP 10's handshake, message 20 with id 0. An entry that cannot be is left out, not punished: only
// what is no dictionary at all is a fault.
import { type BencodeDict, BencodeError, type BencodeInput, decode, encode, isDict, textOf } from '@shoal/bencode';
import { WireError } from './errors.ts';
import type { ExtendedHandshake, OwnExtendedHandshake } from './extension.ts';

const DECODE_LIMITS = { depth: 16, tokens: 4_096 } as const;
/** Names of the peer that are kept. */
const MOST_EXTENSIONS = 128;
const MOST_CLIENT_CHARACTERS = 128;

/**
 * The payload of our handshake. `ids` is `m`: names and the ids at which we take them. `fields` are what the extensions
 * add. Throws RangeError for a port or queue length that cannot be.
 */
export function encodeExtendedHandshake(
  ids: ReadonlyMap<string, number>,
  own: OwnExtendedHandshake = {},
  fields: { readonly [key: string]: BencodeInput | undefined } = {},
): Uint8Array {
  const { client, port, reqq, yourIp, uploadOnly } = own;
  if (port !== undefined && !isBetween(port, 1, 65_535)) throw new RangeError(`not a port: ${port}`);
  if (reqq !== undefined && !isBetween(reqq, 1, 0x7fffffff)) throw new RangeError(`not a queue length: ${reqq}`);
  if (yourIp !== undefined && yourIp.length !== 4 && yourIp.length !== 16) {
    throw new RangeError(`an IP address has 4 or 16 bytes, not ${yourIp.length}`);
  }
  return encode({
    ...fields,
    m: ids,
    v: client,
    p: port,
    reqq,
    yourip: yourIp,
    upload_only: uploadOnly === undefined ? undefined : Number(uploadOnly),
  });
}

/** What we say of ourselves once `changes` are made; undefined where they change nothing. */
export function amend(own: OwnExtendedHandshake, changes: OwnExtendedHandshake): OwnExtendedHandshake | undefined {
  // Not to say `upload_only` is to deny it.
  const told: OwnExtendedHandshake = { uploadOnly: false, ...own };
  const isNew = Object.entries(changes).some(([key, value]) => told[key as keyof OwnExtendedHandshake] !== value);
  return isNew ? { ...own, ...changes } : undefined;
}

/**
 * Reads the payload of a handshake; a copy of it is kept. A later handshake amends the `former` one: what it does not
 * mention stays, id 0 ends an extension. Throws ERR_WIRE_EXTENDED_HANDSHAKE.
 */
export function decodeExtendedHandshake(payload: Uint8Array, former?: ExtendedHandshake): ExtendedHandshake {
  const dictionary = decodeDictionary(payload);
  const extensions = new Map(former?.extensions);
  const m = dictionary.get('m');
  if (m !== undefined && isDict(m)) {
    for (const [name, id] of m) {
      if (id === 0) extensions.delete(name);
      else if (isBetween(id, 1, 255) && (extensions.has(name) || extensions.size < MOST_EXTENSIONS)) {
        extensions.set(name, id);
      }
    }
  }
  const port = dictionary.get('p');
  const reqq = dictionary.get('reqq');
  const yourIp = dictionary.get('yourip');
  const uploadOnly = dictionary.get('upload_only');
  return {
    extensions,
    client: textOf(dictionary.get('v'))?.slice(0, MOST_CLIENT_CHARACTERS) ?? former?.client,
    port: isBetween(port, 1, 65_535) ? port : former?.port,
    reqq: isBetween(reqq, 1, 0x7fffffff) ? reqq : former?.reqq,
    yourIp: yourIp instanceof Uint8Array && (yourIp.length === 4 || yourIp.length === 16) ? yourIp : former?.yourIp,
    uploadOnly: typeof uploadOnly === 'number' ? uploadOnly !== 0 : (former?.uploadOnly ?? false),
    dictionary,
  };
}

function decodeDictionary(payload: Uint8Array): BencodeDict {
  try {
    const value = decode(payload.slice(), { limits: { ...DECODE_LIMITS, size: payload.length } });
    if (isDict(value)) return value;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new WireError('ERR_WIRE_EXTENDED_HANDSHAKE', `extended handshake: ${error.message}`, { cause: error });
  }
  throw new WireError('ERR_WIRE_EXTENDED_HANDSHAKE', 'the extended handshake is no dictionary');
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
