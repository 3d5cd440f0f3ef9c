// What the benchmark asks of a BitTorrent client: to start as a seed or as a leech of one torrent, and to say how far it is.
import type { Child } from '../child.ts';

export type Role = 'seed' | 'leech';

export interface Task {
  readonly role: Role;
  /** Path of the .torrent file. */
  readonly torrent: string;
  /** The folder that holds, or will hold, the payload. */
  readonly dir: string;
  /** A folder of its own for whatever it remembers. */
  readonly stateDir: string;
  /** A leech: the loopback port of the seed, its only peer. */
  readonly dial?: number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

export interface Peer {
  readonly child: Child;
  /** A seed: resolves with the loopback port on which it takes peers, its data checked. */
  listening(): Promise<number>;
  /** Resolves when the first byte of payload was sent or received; absent where the client does not tell. */
  firstByte?(): Promise<void>;
  /** A leech: resolves when every piece is verified. */
  complete(): Promise<void>;
}

export interface Client {
  readonly name: string;
  /** Its version, or why it cannot take part. */
  probe(signal: AbortSignal): Promise<{ readonly version: string } | { readonly missing: string }>;
  start(task: Task): Peer;
}
