// From datagrams to messages. A datagram that is no message is an error; a query whose arguments cannot be is a message
// still, because its asker is owed an answer. Byte strings in a message are views of the datagram.
import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  type DecodeLimits,
  decode,
  findSpan,
  isDict,
} from '@shoal/bencode';
import { decodeCompact, type Endpoint } from '@shoal/primitives';
import type { Family } from './addresses.ts';
import { type Contact, decodeContacts } from './contacts.ts';
import { DhtError } from './errors.ts';
import {
  KRPC_ERROR,
  type KrpcCall,
  type KrpcMessage,
  MAX_SALT_LENGTH,
  MAX_SEQ,
  MAX_VALUE_LENGTH,
  type SignedPart,
} from './krpc.ts';
import { ID_LENGTH } from './node-id.ts';

/** What a stranger's datagram may hold; past `nodes` and `values` the rest is left alone. */
export interface KrpcLimits {
  /** Bytes. Nobody sends more than 1,500, and a stored value has 1,000 at most. */
  readonly size: number;
  /** Lists and dictionaries inside one another: a stored value may be any. */
  readonly depth: number;
  readonly tokens: number;
  /** Nodes of each family in an answer. */
  readonly nodes: number;
  /** Peers in an answer. */
  readonly values: number;
  /** Bytes of a transaction id, and of a token. */
  readonly idLength: number;
  /** Characters of an error's reason. */
  readonly reason: number;
}

/** What a datagram may hold unless told otherwise. */
export const DEFAULT_KRPC_LIMITS: KrpcLimits = {
  size: 4_096,
  depth: 100,
  tokens: 2_000,
  nodes: 20,
  values: 200,
  idLength: 64,
  reason: 200,
};

/** Reads one datagram. Throws DhtError ERR_DHT_MESSAGE. */
export function decodeKrpc(bytes: Uint8Array, limits: Partial<KrpcLimits> = {}): KrpcMessage {
  return new Reader(bytes, { ...DEFAULT_KRPC_LIMITS, ...limits }).message();
}

/** Arguments that cannot be. */
class Refusal extends Error {
  readonly code: number;
  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #limits: KrpcLimits;
  #oddities = 0;

  constructor(bytes: Uint8Array, limits: KrpcLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  message(): KrpcMessage {
    const root = this.#root();
    const transactionId = root.get('t');
    if (!isBytes(transactionId) || transactionId.length === 0 || transactionId.length > this.#limits.idLength) {
      throw broken(`no transaction id of 1 to ${this.#limits.idLength} bytes`);
    }
    const v = root.get('v');
    const version = isBytes(v) && v.length <= this.#limits.idLength ? v : undefined;
    const head = { transactionId, version };
    switch (asciiOf(root.get('y'))) {
      case 'q': {
        const name = asciiOf(root.get('q'));
        const given = root.get('a');
        if (name === undefined || !isDict(given)) throw broken('a query without its name or its arguments');
        const id = given.get('id');
        const readOnly = root.get('ro') === 1;
        if (!isHash(id)) throw broken(`a query without an id of ${ID_LENGTH} bytes`);
        return { kind: 'query', ...head, id, readOnly, call: this.#call(name.slice(0, 40), given) };
      }
      case 'r': {
        const returned = root.get('r');
        if (!isDict(returned)) throw broken('an answer without a dictionary');
        const id = returned.get('id');
        if (!isHash(id)) throw broken(`an answer without an id of ${ID_LENGTH} bytes`);
        return { kind: 'response', ...head, id, ip: endpointOf(root.get('ip')), ...this.#returns(returned) };
      }
      case 'e': {
        const [code, reason] = listOf(root.get('e'));
        return {
          kind: 'error',
          ...head,
          code: typeof code === 'number' ? code : KRPC_ERROR.generic,
          reason: wordsOf(reason, this.#limits.reason),
          ip: endpointOf(root.get('ip')),
        };
      }
      default:
        throw broken('neither a query nor an answer nor an error');
    }
  }

  #root(): BencodeDict {
    const { size, depth, tokens } = this.#limits;
    if (this.#bytes.length > size) throw broken(`${this.#bytes.length} bytes where ${size} are allowed`);
    let value: BencodeValue;
    try {
      const onOddity = (): void => void this.#oddities++;
      value = decode(this.#bytes, { limits: this.#bencodeLimits(depth, tokens), onOddity });
    } catch (error) {
      if (error instanceof BencodeError) throw broken(error.message);
      throw error;
    }
    if (!isDict(value)) throw broken('no dictionary');
    return value;
  }

  #bencodeLimits(depth: number, tokens: number): Partial<DecodeLimits> {
    return { depth, tokens, size: this.#limits.size, digits: 20 };
  }

  #call(name: string, given: BencodeDict): KrpcCall {
    try {
      return this.#knownCall(name, given);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { method: 'invalid', name, code: error.code, reason: error.message };
    }
  }

  #knownCall(name: string, given: BencodeDict): KrpcCall {
    switch (name) {
      case 'ping':
        return { method: 'ping' };
      case 'find_node':
        return { method: 'find_node', target: hashAt(given, 'target'), want: wantOf(given) };
      case 'get_peers':
        return { method: 'get_peers', infoHash: hashAt(given, 'info_hash'), want: wantOf(given) };
      case 'announce_peer': {
        const impliedPort = !isZero(given.get('implied_port'));
        const port = impliedPort ? 0 : given.get('port');
        if (typeof port !== 'number' || port < 0 || port > 65_535 || (port === 0 && !impliedPort)) {
          throw new Refusal(KRPC_ERROR.protocol, 'port is not in 1 to 65535');
        }
        return {
          method: 'announce_peer',
          infoHash: hashAt(given, 'info_hash'),
          port,
          impliedPort,
          token: this.#token(given),
        };
      }
      case 'get':
        return { method: 'get', target: hashAt(given, 'target'), seq: seqAt(given, 'seq'), want: wantOf(given) };
      case 'put':
        return this.#put(given);
      default: {
        const target = [given.get('target'), given.get('info_hash')].find(isHash);
        return { method: 'unknown', name, target, want: wantOf(given) };
      }
    }
  }

  #token(given: BencodeDict): Uint8Array {
    const token = given.get('token');
    if (!isBytes(token) || token.length === 0 || token.length > this.#limits.idLength) {
      throw new Refusal(KRPC_ERROR.protocol, 'no token');
    }
    return token;
  }

  #put(given: BencodeDict): KrpcCall {
    const value = this.#rawAt(['a', 'v']);
    if (value === undefined) throw new Refusal(KRPC_ERROR.protocol, 'no value');
    if (value.length > MAX_VALUE_LENGTH) {
      throw new Refusal(KRPC_ERROR.valueTooBig, `value of ${value.length} bytes, ${MAX_VALUE_LENGTH} at most`);
    }
    const salt = given.get('salt');
    if (isBytes(salt) && salt.length > MAX_SALT_LENGTH) {
      throw new Refusal(KRPC_ERROR.saltTooBig, `salt of ${salt.length} bytes, ${MAX_SALT_LENGTH} at most`);
    }
    // BEP 44: the bytes are hashed and signed, so there must be one way only to write them.
    if (this.#oddities > 0) throw new Refusal(KRPC_ERROR.protocol, 'not canonical bencode');
    return { method: 'put', token: this.#token(given), value, signed: signedOf(given) };
  }

  #returns(returned: BencodeDict): {
    nodes?: Contact[] | undefined;
    nodes6?: Contact[] | undefined;
    values?: Endpoint[] | undefined;
    token?: Uint8Array | undefined;
    value?: Uint8Array | undefined;
    publicKey?: Uint8Array | undefined;
    signature?: Uint8Array | undefined;
    seq?: bigint | undefined;
  } {
    const { nodes, idLength } = this.#limits;
    const compact = (key: string, family: Family): Contact[] | undefined => {
      const bytes = returned.get(key);
      return isBytes(bytes) ? decodeContacts(bytes, family, nodes) : undefined;
    };
    const token = returned.get('token');
    const publicKey = returned.get('k');
    const signature = returned.get('sig');
    const seq = returned.get('seq');
    return {
      nodes: compact('nodes', 4),
      nodes6: compact('nodes6', 6),
      values: returned.has('values') ? this.#values(listOf(returned.get('values'))) : undefined,
      token: isBytes(token) && token.length > 0 && token.length <= idLength ? token : undefined,
      value: returned.has('v') ? this.#rawAt(['r', 'v']) : undefined,
      publicKey: isBytes(publicKey) && publicKey.length === 32 ? publicKey : undefined,
      signature: isBytes(signature) && signature.length === 64 ? signature : undefined,
      seq: isSeq(seq) ? BigInt(seq) : undefined,
    };
  }

  #values(list: readonly BencodeValue[]): Endpoint[] {
    return list.slice(0, this.#limits.values).flatMap((value) => endpointOf(value) ?? []);
  }

  #rawAt(path: readonly string[]): Uint8Array | undefined {
    const span = findSpan(this.#bytes, path, this.#bencodeLimits(this.#limits.depth, this.#limits.tokens));
    return span && this.#bytes.subarray(span.start, span.end);
  }
}

function signedOf(given: BencodeDict): SignedPart | undefined {
  const publicKey = given.get('k');
  const signature = given.get('sig');
  const seq = seqAt(given, 'seq');
  if (publicKey === undefined && signature === undefined && seq === undefined) return undefined;
  if (!isBytes(publicKey) || publicKey.length !== 32) throw new Refusal(KRPC_ERROR.protocol, 'no key of 32 bytes');
  if (!isBytes(signature) || signature.length !== 64) {
    throw new Refusal(KRPC_ERROR.protocol, 'no signature of 64 bytes');
  }
  if (seq === undefined) throw new Refusal(KRPC_ERROR.protocol, 'no sequence number');
  const salt = given.get('salt');
  return {
    publicKey,
    signature,
    seq,
    salt: isBytes(salt) ? salt : new Uint8Array(0),
    cas: seqAt(given, 'cas'),
  };
}

function seqAt(given: BencodeDict, key: string): bigint | undefined {
  const value = given.get(key);
  if (value === undefined) return undefined;
  if (!isSeq(value)) throw new Refusal(KRPC_ERROR.protocol, `${key} is not in 0 to 2^63 - 1`);
  return BigInt(value);
}

function isSeq(value: BencodeValue | undefined): value is number | bigint {
  return (typeof value === 'number' || typeof value === 'bigint') && value >= 0 && value <= MAX_SEQ;
}

function hashAt(given: BencodeDict, key: string): Uint8Array {
  const hash = given.get(key);
  if (!isHash(hash)) throw new Refusal(KRPC_ERROR.protocol, `no ${key} of ${ID_LENGTH} bytes`);
  return hash;
}

function wantOf(given: BencodeDict): Family[] | undefined {
  const want = given.get('want');
  if (!Array.isArray(want)) return undefined;
  const names = want.slice(0, 8).map(asciiOf);
  return ([4, 6] as const).filter((family) => names.includes(`n${family}`));
}

function endpointOf(value: BencodeValue | undefined): Endpoint | undefined {
  if (!isBytes(value) || (value.length !== 6 && value.length !== 18)) return undefined;
  return decodeCompact(value, value.length === 6 ? 4 : 6)[0];
}

function listOf(value: BencodeValue | undefined): readonly BencodeValue[] {
  return Array.isArray(value) ? value : [];
}

function isBytes(value: BencodeValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}

function isHash(value: BencodeValue | undefined): value is Uint8Array {
  return isBytes(value) && value.length === ID_LENGTH;
}

function isZero(value: BencodeValue | undefined): boolean {
  return value === undefined || value === 0;
}

function asciiOf(value: BencodeValue | undefined): string | undefined {
  return isBytes(value) && value.length <= 64 ? String.fromCharCode(...value) : undefined;
}

/** For the user's screen: printable ASCII, so that nothing in it moves a cursor. */
function wordsOf(value: BencodeValue | undefined, limit: number): string {
  if (!isBytes(value)) return '';
  return String.fromCharCode(...value.subarray(0, limit)).replace(/[^ -~]/g, '.');
}

function broken(what: string): DhtError {
  return new DhtError('ERR_DHT_MESSAGE', `not a DHT message: ${what}`);
}
