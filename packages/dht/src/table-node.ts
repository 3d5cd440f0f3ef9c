// One node of the routing table and how it fares (BEP 5): good, questionable or bad.
import { formatEndpoint } from '@shoal/primitives';
import { crowdOf } from './addresses.ts';
import { type Contact, compactContact } from './contacts.ts';
import { isNodeIdFor } from './node-id.ts';

/** A node that was neither heard of nor has answered for so long is questionable. */
const SILENCE_MS = 15 * 60_000;
/** Unanswered queries in a row that make a node bad. */
const MAX_FAILURES = 2;

export type NodeHealth = 'good' | 'questionable' | 'bad';

export class TableNode {
  readonly id: Uint8Array;
  readonly host: string;
  readonly port: number;
  readonly compact: Uint8Array;
  /** `host:port`. */
  readonly name: string;
  readonly crowd: string;
  /** Its id is one that its address may bear (BEP 42). */
  readonly isCompliant: boolean;
  /** When it last answered us; every node in the table has. */
  lastAnswer: number;
  /** When it last answered, or asked. */
  lastSeen: number;
  /** Queries without an answer since. */
  failures = 0;

  constructor(contact: Contact, now: number) {
    this.id = Uint8Array.from(contact.id);
    this.host = contact.host;
    this.port = contact.port;
    this.compact = compactContact(contact);
    this.name = formatEndpoint(contact);
    this.crowd = crowdOf(contact);
    this.isCompliant = isNodeIdFor(this.id, contact.host);
    this.lastAnswer = now;
    this.lastSeen = now;
  }

  health(now: number): NodeHealth {
    if (this.failures >= MAX_FAILURES) return 'bad';
    return now - this.lastSeen < SILENCE_MS && this.failures === 0 ? 'good' : 'questionable';
  }

  answered(now: number): void {
    this.lastAnswer = now;
    this.lastSeen = now;
    this.failures = 0;
  }
}
