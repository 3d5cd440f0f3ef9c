// The message of BEP 11: who was added since the last one, with flags, and who was dropped, in the compact forms of both
// address families. A decoder takes so many and looks at no more.
import { type BencodeDict, BencodeError, type BencodeInput, decode, encode, isDict } from '@shoal/bencode';
import { decodeCompact, type Endpoint, encodeCompact } from '@shoal/primitives';
import { UtPexError } from './errors.ts';

/** The bits of a contact's flags (BEP 11). */
export const PEX_FLAG: {
  readonly prefersEncryption: 0x01;
  readonly uploadOnly: 0x02;
  readonly utp: 0x04;
  readonly holepunch: 0x08;
  readonly reachable: 0x10;
} = { prefersEncryption: 0x01, uploadOnly: 0x02, utp: 0x04, holepunch: 0x08, reachable: 0x10 };

export interface PexContact extends Endpoint {
  /** Bits of `PEX_FLAG`, and others that are not known yet; 0 where the message has none for it. */
  readonly flags: number;
}

/** Who came and who left since the last message (BEP 11). */
export interface PexMessage {
  readonly added: readonly PexContact[];
  readonly dropped: readonly Endpoint[];
}

/** What a message may hold. */
export interface PexLimits {
  /** Contacts that are taken of those added, and of those dropped; libtorrent sends up to 100. */
  readonly contacts: number;
  /** Bytes of a message; libtorrent takes half a megabyte. */
  readonly size: number;
}

const DEFAULT_LIMITS: PexLimits = { contacts: 100, size: 512 * 1024 };
/** Six keys are known; others may come with time. */
const DICTIONARY_LIMITS = { depth: 8, tokens: 256, digits: 20 } as const;
const BYTES = { 4: 6, 6: 18 } as const;

/** What is empty is left out. Throws RangeError for nothing at all, which BEP 11 forbids, and for a host that is a name. */
export function encodePexMessage({ added, dropped }: PexMessage): Uint8Array {
  if (added.length + dropped.length === 0) throw new RangeError('a message adds or drops somebody');
  const fields: Record<string, BencodeInput> = {};
  for (const family of [4, 6] as const) {
    const suffix = family === 4 ? '' : '6';
    const isOfFamily = ({ host }: Endpoint): boolean => host.includes(':') === (family === 6);
    const [in_, out] = [added.filter(isOfFamily), dropped.filter(isOfFamily)];
    if (in_.length > 0) {
      fields[`added${suffix}`] = compact(in_, family);
      fields[`added${suffix}.f`] = Uint8Array.from(in_, ({ flags }) => flags);
    }
    if (out.length > 0) fields[`dropped${suffix}`] = compact(out, family);
  }
  return encode(fields);
}

/**
 * Reads a message: the first contacts of each kind, IPv4 before IPv6, as many as the limits say. Keys that are missing or
 * no strings count as empty; bytes behind the last whole contact are left. Throws UtPexError.
 */
export function decodePexMessage(payload: Uint8Array, limits: Partial<PexLimits> = {}): PexMessage {
  const { contacts, size } = { ...DEFAULT_LIMITS, ...limits };
  const dictionary = readDictionary(payload, size);
  const read = (kind: 'added' | 'dropped'): PexContact[] => {
    const found: PexContact[] = [];
    for (const family of [4, 6] as const) {
      const key = family === 4 ? kind : `${kind}6`;
      const flags = bytesAt(dictionary, `${key}.f`);
      const bytes = bytesAt(dictionary, key);
      const count = Math.min(contacts - found.length, Math.floor(bytes.length / BYTES[family]));
      for (const [index, endpoint] of decodeCompact(bytes.subarray(0, count * BYTES[family]), family).entries()) {
        found.push({ ...endpoint, flags: flags[index] ?? 0 });
      }
    }
    return found;
  };
  return { added: read('added'), dropped: read('dropped').map(({ host, port }) => ({ host, port })) };
}

function compact(endpoints: readonly Endpoint[], family: 4 | 6): Uint8Array {
  const bytes = encodeCompact(endpoints, family);
  if (bytes.length === endpoints.length * BYTES[family]) return bytes;
  throw new RangeError(`not all of these are IP addresses: ${endpoints.map(({ host }) => host).join(', ')}`);
}

function bytesAt(dictionary: BencodeDict, key: string): Uint8Array {
  const value = dictionary.get(key);
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function readDictionary(payload: Uint8Array, size: number): BencodeDict {
  try {
    const value = decode(payload, { limits: { ...DICTIONARY_LIMITS, size } });
    if (isDict(value)) return value;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new UtPexError('ERR_UT_PEX_MESSAGE', error.message, { cause: error });
  }
  throw new UtPexError('ERR_UT_PEX_MESSAGE', 'not a dictionary');
}
