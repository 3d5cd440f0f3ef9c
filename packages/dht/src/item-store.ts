// Items that others stored here (BEP 44).
// Invariants: no more items than the limit; an item that has expired is never handed out; what is stored under a target
// has been verified to belong there; a sequence number never goes down.
import { bytesEqual, toHex } from '@shoal/primitives';
import type { Item } from './item.ts';
import { KRPC_ERROR } from './krpc.ts';
import { compareDistance } from './node-id.ts';

/** How many items are kept for others, and for how long. */
export interface ItemStoreLimits {
  readonly items: number;
  /** Milliseconds without a put after which an item is forgotten; BEP 44 has two hours. */
  readonly expiryMs: number;
}

const DEFAULT_ITEM_STORE_LIMITS: ItemStoreLimits = { items: 1_000, expiryMs: 2 * 3_600_000 };

interface Entry {
  readonly target: Uint8Array;
  readonly item: Item;
  readonly expiresAt: number;
}

export class ItemStore {
  readonly #limits: ItemStoreLimits;
  readonly #entries: Map<string, Entry> = new Map();

  constructor(limits: Partial<ItemStoreLimits> = {}) {
    this.#limits = { ...DEFAULT_ITEM_STORE_LIMITS, ...limits };
  }

  get size(): number {
    return this.#entries.size;
  }

  get(target: Uint8Array, now: number): Item | undefined {
    const entry = this.#entries.get(toHex(target));
    return entry && entry.expiresAt > now ? entry.item : undefined;
  }

  /**
   * Whether a genuine item may be stored, and if not the code of BEP 44 for why. Before its signature is verified, because
   * that costs most.
   */
  refusal(target: Uint8Array, item: Item, cas: bigint | undefined, now: number): number | undefined {
    const known = this.get(target, now);
    if (item.kind === 'immutable' || known?.kind !== 'mutable') return undefined;
    if (cas !== undefined && cas !== known.seq) return KRPC_ERROR.casMismatch;
    if (item.seq < known.seq) return KRPC_ERROR.oldSequence;
    // The same again keeps it alive; another value under the same number would let two of them be about.
    return item.seq === known.seq && !bytesEqual(item.value, known.value) ? KRPC_ERROR.oldSequence : undefined;
  }

  /** Stores a genuine item that `refusal` lets pass, under its target. `ownId` decides what gives way: the farthest. */
  put(target: Uint8Array, item: Item, ownId: Uint8Array, now: number): void {
    const key = toHex(target);
    this.#entries.delete(key);
    this.#entries.set(key, { target: target.slice(), item: copyOf(item), expiresAt: now + this.#limits.expiryMs });
    if (this.#entries.size <= this.#limits.items) return;
    let farthest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (!farthest || compareDistance(ownId, entry.target, farthest.target) > 0) farthest = entry;
    }
    if (farthest) this.#entries.delete(toHex(farthest.target));
  }

  /** Forgets what has expired: the entries are in the order of their puts. */
  expire(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAt > now) return;
      this.#entries.delete(key);
    }
  }
}

/** What is kept must not be a view of a datagram. */
function copyOf(item: Item): Item {
  const value = item.value.slice();
  if (item.kind === 'immutable') return { kind: 'immutable', value };
  const { seq, publicKey, salt, signature } = item;
  return {
    kind: 'mutable',
    value,
    seq,
    publicKey: publicKey.slice(),
    salt: salt.slice(),
    signature: signature.slice(),
  };
}
