// One entry of the folder on its way to being seeded, and what others may see of it.
import type { Torrent } from '@shoal/client';
import type { FolderEntry, LibraryEntry } from './library.ts';
import type { Look } from './look.ts';

/** A torrent that is seeded. */
export interface SeededTorrent {
  readonly entry: LibraryEntry;
  readonly torrent: Torrent;
  /** Paths with `/`, lengths in bytes. */
  readonly files: readonly { readonly path: string; readonly length: number }[];
  /** Bytes. */
  readonly size: number;
}

/**
 * `waiting`: still being written, or so it seems; `queued`: others are hashed first; `checking`: read once more against its
 * torrent; `failed`: not seeded, for a reason.
 */
export type SlotState = 'waiting' | 'queued' | 'hashing' | 'checking' | 'seeding' | 'failed';

export interface SlotFacts {
  readonly name: string;
  readonly state: SlotState;
  /** In words; where it failed. */
  readonly reason: string | null;
  /** Of what is being hashed or checked; otherwise 0. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export class Slot {
  entry: FolderEntry;
  state: SlotState = 'waiting';
  reason: string | null = null;
  /** The last failure that was reported: its repetitions are not. */
  toldReason: string | null = null;
  look: Look | undefined;
  /** A torrent that need not be made. */
  known: LibraryEntry | undefined;
  torrent: Torrent | undefined;
  seeded: SeededTorrent | undefined;
  /** Whether the failure may pass by itself. */
  mayPass = false;
  hashed = { bytesDone: 0, bytesTotal: 0 };
  /** Ends what is being done for it; undefined where nothing is. */
  abort: AbortController | undefined;
  timer: { cancel(): void } | undefined;

  constructor(entry: FolderEntry) {
    this.entry = entry;
  }

  get name(): string {
    return this.entry.name;
  }

  facts(): SlotFacts {
    const { name, state, reason } = this;
    if (state === 'hashing') return { name, state, reason, ...this.hashed };
    const snapshot = state === 'checking' ? this.torrent?.snapshot() : undefined;
    return { name, state, reason, bytesDone: snapshot?.bytesChecked ?? 0, bytesTotal: snapshot?.bytesTotal ?? 0 };
  }
}
