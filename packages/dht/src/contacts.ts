// Nodes and peers in their compact forms: 26 bytes a node over IPv4 (BEP 5), 38 over IPv6 (BEP 32), 6 and 18 a peer.
import { concatBytes, decodeCompact, type Endpoint, encodeCompact } from '@shoal/primitives';
import { type Family, familyOf } from './addresses.ts';
import { ID_LENGTH } from './node-id.ts';

/** A node as others tell of it. */
export interface Contact extends Endpoint {
  /** 20 bytes. */
  readonly id: Uint8Array;
  /** The compact form, where it is at hand. */
  readonly compact?: Uint8Array;
}

export const NODE_LENGTH: Readonly<Record<Family, number>> = { 4: 26, 6: 38 };

/** The nodes in their compact form; those of the other family are left out. */
export function encodeContacts(contacts: readonly Contact[], family: Family): Uint8Array {
  return concatBytes(
    contacts.flatMap((contact) => {
      const compact = contact.compact ?? compactContact(contact);
      return compact.length === NODE_LENGTH[family] ? [compact] : [];
    }),
  );
}

/** One node in its compact form; only its id where its host is no IP address. */
export function compactContact(contact: Contact): Uint8Array {
  return concatBytes([contact.id, encodeCompact([contact], familyOf(contact.host))]);
}

/** Reads compact nodes, at most `limit`; a rest that is no whole node is left alone. */
export function decodeContacts(bytes: Uint8Array, family: Family, limit: number): Contact[] {
  const size = NODE_LENGTH[family];
  const count = Math.min(limit, Math.floor(bytes.length / size));
  const contacts: Contact[] = [];
  for (let at = 0; at < count * size; at += size) {
    const [endpoint] = decodeCompact(bytes.subarray(at + ID_LENGTH, at + size), family);
    if (endpoint) contacts.push({ id: bytes.subarray(at, at + ID_LENGTH), host: endpoint.host, port: endpoint.port });
  }
  return contacts;
}
