// What the benchmark asks of a BitTorrent client: to start as a seed or as a leech of one torrent, and to say how far it is.
import type { Child } from '../child.ts';
import type { Profile } from './profiles.ts';

export type Role = 'seed' | 'leech';

export interface Address {
  /** In 127.0.0.0/8. */
  readonly host: string;
  readonly port: number;
}

export interface Task {
  readonly role: Role;
  /** Path of the .torrent file, which names no tracker. */
  readonly torrent: string;
  /** The same with a tracker in it that names the seeds: for a leech that cannot be told them, and who wants a tracker at all. */
  readonly announced: string;
  /** The folder that holds, or will hold, the payload. */
  readonly dir: string;
  /** A folder of its own, there and empty, for whatever it remembers. */
  readonly stateDir: string;
  /** Its own address on loopback: some clients keep one connection to each address. */
  readonly host: string;
  /** A port that nobody had a moment ago, for a client that does not say which the system gave it. */
  readonly port: number;
  /** Another one, for a client that is driven through one. */
  readonly controlPort: number;
  /** A leech: the seeds, its only peers. */
  readonly dial: readonly Address[];
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

export interface Peer {
  readonly child: Child;
  /** A seed: resolves with the port on which it takes peers, its data checked. */
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
  /** Why it cannot take part in this role of a profile; absent where it takes part in all. */
  lacks?(profile: Profile, role: Role): string | undefined;
  start(task: Task): Peer;
}
