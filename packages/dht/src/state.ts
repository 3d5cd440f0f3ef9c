// What a node keeps over a restart: its ids and the nodes it knows, bencoded.
import { BencodeError, type BencodeValue, decode, encode, isDict } from '@shoal/bencode';
import type { Family } from './addresses.ts';
import { type Contact, decodeContacts, encodeContacts, NODE_LENGTH } from './contacts.ts';
import { DhtError } from './errors.ts';
import { ID_LENGTH } from './node-id.ts';

/** What a node remembers between runs. */
export interface DhtState {
  /** Of each family, where there is one. */
  readonly ids: Readonly<Partial<Record<Family, Uint8Array>>>;
  /** Of both families. */
  readonly nodes: readonly Contact[];
}

const VERSION = 1;
/** Nodes of each family: more than a table of a net of 8 million holds. */
const MAX_NODES = 400;
const MAX_SIZE = 64 * 1024;

/** Bencode of a state; `decodeState` reads it back. */
export function encodeState({ ids, nodes }: DhtState): Uint8Array {
  const compact = (family: Family): Uint8Array =>
    encodeContacts(nodes, family).subarray(0, MAX_NODES * NODE_LENGTH[family]);
  return encode({ version: VERSION, id4: ids[4], id6: ids[6], nodes: compact(4), nodes6: compact(6) });
}

/** Throws DhtError ERR_DHT_STATE for what is no saved state, or another version's. */
export function decodeState(bytes: Uint8Array): DhtState {
  const root = rootOf(bytes);
  if (!isDict(root)) throw broken('no dictionary');
  if (root.get('version') !== VERSION) throw broken(`not version ${VERSION}`);
  const idAt = (key: string): Uint8Array | undefined => {
    const id = root.get(key);
    if (id === undefined) return undefined;
    if (!(id instanceof Uint8Array) || id.length !== ID_LENGTH) throw broken(`${key} is not ${ID_LENGTH} bytes`);
    return Uint8Array.from(id);
  };
  const nodesAt = (key: string, family: Family): Contact[] => {
    const compact = root.get(key);
    if (!(compact instanceof Uint8Array)) throw broken(`no ${key}`);
    return decodeContacts(Uint8Array.from(compact), family, MAX_NODES);
  };
  const [four, six] = [idAt('id4'), idAt('id6')];
  return {
    ids: { ...(four ? { 4: four } : {}), ...(six ? { 6: six } : {}) },
    nodes: [...nodesAt('nodes', 4), ...nodesAt('nodes6', 6)],
  };
}

function rootOf(bytes: Uint8Array): BencodeValue {
  try {
    return decode(bytes, { limits: { size: MAX_SIZE, depth: 4, tokens: 100, digits: 20 } });
  } catch (error) {
    if (error instanceof BencodeError) throw broken(error.message);
    throw error;
  }
}

function broken(what: string): DhtError {
  return new DhtError('ERR_DHT_STATE', `not the saved state of a DHT node: ${what}`);
}
