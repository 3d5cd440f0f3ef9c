// The info dictionary of one torrent (BEP 9): fetched from whoever has it, checked, offered, and served. Each size that
// peers claim is an assembly of its own, so that nobody can block it with a lie. Invariants: nothing is offered unless every
// hash of the torrent is right; all assemblies together hold `HELD_FACTOR` times the largest dictionary at most; whoever alone sent a
// wrong one is not asked again; nothing is fetched once the dictionary is known, or the torrent is gone.
import { bytesEqual } from '@shoal/primitives';
import type { ExtensionContext } from '@shoal/wire';
import { Assembly } from './assembly.ts';
import type { AttachedMetadata, Digest, MetadataPeerInfo, MetadataProgress, MetadataTorrent } from './contract.ts';
import { MetadataPeer, type PeerExchange } from './metadata-peer.ts';

/** Over all assemblies, in dictionaries of the largest size. */
const HELD_FACTOR = 2;
/** Unfinished assemblies that are kept though whoever said their size has gone: it may come back. */
const ORPHANS = 4;
/** Liars that are remembered. */
const BARRED = 1_000;
/** How long one peer may take for a whole dictionary while the others wait; honest ones send a piece in far less. */
const TURN_MS = 30_000;
const TURN_PER_PIECE_MS = 2_000;
const AFTER_TURN_MS = 60_000;

export interface ExchangeOptions {
  readonly sha1: Digest;
  readonly sha256: Digest;
  readonly maxSize: number;
  readonly onProgress: ((progress: MetadataProgress) => void) | undefined;
}

interface Candidate {
  readonly assembly: Assembly<MetadataPeer>;
  readonly peers: Set<MetadataPeer>;
}

export class MetadataExchange implements AttachedMetadata, PeerExchange {
  readonly #torrent: MetadataTorrent;
  readonly #options: ExchangeOptions;
  readonly #peers: Set<MetadataPeer> = new Set();
  /** By size, in the order in which the sizes were first said. */
  readonly #candidates: Map<number, Candidate> = new Map();
  readonly #barred: Set<string> = new Set();
  /** Until the torrent has it for itself. */
  #verified: Uint8Array | undefined;
  #isDetached = false;
  #tickedAt: number | undefined;
  /** Of dictionaries whose digests are being computed. */
  #checking = 0;

  constructor(torrent: MetadataTorrent, options: ExchangeOptions) {
    this.#torrent = torrent;
    this.#options = options;
  }

  get isFetching(): boolean {
    return !this.#isDetached && this.#verified === undefined && this.#torrent.info() === undefined;
  }

  get progress(): MetadataProgress {
    const best = [...this.#candidates.values()].sort((a, b) => b.assembly.heldBytes - a.assembly.heldBytes)[0]
      ?.assembly;
    return { received: best?.heldBytes ?? 0, size: best?.size ?? null, peers: this.#peers.size };
  }

  connect(peer: MetadataPeerInfo): ((context: ExtensionContext) => MetadataPeer) | undefined {
    if (this.#torrent.private) return undefined;
    const { address } = peer;
    return (context: ExtensionContext) =>
      new MetadataPeer({ exchange: this, context, address, isBarred: this.#barred.has(address) });
  }

  detach(): void {
    this.#isDetached = true;
    this.#drop();
  }

  info(): Uint8Array | undefined {
    const info = this.#torrent.info();
    if (info) this.#verified = undefined;
    return this.#torrent.private ? undefined : (info ?? this.#verified);
  }

  join(peer: MetadataPeer): void {
    // Who is only served need not be known here.
    if (!this.isFetching || this.#peers.has(peer)) return;
    this.#peers.add(peer);
    this.#progressed();
  }

  leave(peer: MetadataPeer): void {
    if (!this.#peers.delete(peer)) return;
    this.#exit(peer);
    this.#progressed();
  }

  enter(peer: MetadataPeer, size: number): Assembly<MetadataPeer> | undefined {
    this.#exit(peer);
    if (size > this.#options.maxSize) return undefined;
    let candidate = this.#candidates.get(size);
    if (!candidate) {
      candidate = { assembly: new Assembly(size), peers: new Set() };
      this.#candidates.set(size, candidate);
    }
    candidate.peers.add(peer);
    return candidate.assembly;
  }

  received(peer: MetadataPeer, assembly: Assembly<MetadataPeer>, piece: number, data: Uint8Array): void {
    if (!assembly.store(piece, data, peer)) return;
    this.#progressed();
    if (assembly.isWhole) void this.#check(assembly);
    else this.#keepWithinBudget();
  }

  gaveUp(peer: MetadataPeer, assembly: Assembly<MetadataPeer>): void {
    if (assembly.soleSource !== peer) return;
    peer.forget();
    assembly.clear();
  }

  tick(now: number): void {
    if (now === this.#tickedAt) return;
    this.#tickedAt = now;
    if (!this.isFetching) {
      this.#drop();
      return;
    }
    for (const peer of this.#peers) peer.expire(now);
    for (const { assembly } of this.#candidates.values()) {
      const { soleSource } = assembly;
      if (soleSource === undefined) continue;
      assembly.turnEndsAt ??= now + TURN_MS + TURN_PER_PIECE_MS * assembly.pieceCount;
      if (assembly.turnEndsAt <= now) soleSource.rest(AFTER_TURN_MS);
    }
  }

  checkInvariants(): void {
    for (const [size, { assembly }] of this.#candidates) {
      if (assembly.size !== size) throw new Error(`${assembly.size} bytes stand under ${size}`);
      assembly.checkInvariants();
    }
    const most = HELD_FACTOR * this.#options.maxSize;
    if (this.#held > most) throw new Error(`${this.#held} bytes are held, at most ${most}`);
  }

  get #held(): number {
    let bytes = this.#checking;
    for (const { assembly } of this.#candidates.values()) bytes += assembly.heldBytes;
    return bytes;
  }

  /** Peers keep their assemblies: what those hold goes at once. */
  #drop(): void {
    for (const { assembly } of this.#candidates.values()) assembly.clear();
    this.#candidates.clear();
    this.#peers.clear();
  }

  #exit(peer: MetadataPeer): void {
    let orphans = 0;
    for (const { assembly, peers } of [...this.#candidates.values()].reverse()) {
      if (peers.delete(peer) && assembly.soleSource === peer) assembly.clear();
      if (peers.size > 0 || assembly.isBeingChecked) continue;
      if (assembly.isEmpty || ++orphans > ORPHANS) this.#candidates.delete(assembly.size);
    }
  }

  /**
   * Gives up what is largest for each peer that speaks for it: to keep out a small dictionary so, many must lie, and to keep out a large
   * one, more than tell the truth.
   */
  #keepWithinBudget(): void {
    const most = HELD_FACTOR * this.#options.maxSize;
    const weight = ({ assembly, peers }: Candidate): number => assembly.size / peers.size;
    while (this.#held > most) {
      const [worst] = [...this.#candidates.values()]
        .filter(({ assembly }) => assembly.heldBytes > 0)
        .sort((a, b) => weight(b) - weight(a));
      if (!worst) return;
      worst.assembly.clear();
      for (const peer of worst.peers) {
        peer.forget();
        peer.rest(AFTER_TURN_MS);
      }
      if (worst.peers.size === 0) this.#candidates.delete(worst.assembly.size);
    }
  }

  async #check(assembly: Assembly<MetadataPeer>): Promise<void> {
    assembly.isBeingChecked = true;
    const { bytes, sources } = assembly.take();
    this.#checking += bytes.length;
    const isRight = await this.#isRight(bytes).catch(() => undefined);
    this.#checking -= bytes.length;
    assembly.isBeingChecked = false;
    if (!this.isFetching) return;
    if (isRight) {
      this.#verified = bytes;
      this.#drop();
      this.#torrent.offerMetadata(bytes);
      return;
    }
    if (isRight === undefined) {
      // Not a peer's fault: the digest failed. Once more, later.
      for (const peer of sources) peer.rest(AFTER_TURN_MS);
    } else if (sources.size === 1) {
      for (const peer of sources) this.#bar(peer, bytes.length);
    } else {
      assembly.isSuspect = true;
    }
    this.#progressed();
  }

  async #isRight(info: Uint8Array): Promise<boolean> {
    const { hashes } = this.#torrent;
    for (const { version, bytes } of hashes) {
      const digest = await (version === 'v1' ? this.#options.sha1(info) : this.#options.sha256(info));
      if (!bytesEqual(digest, bytes)) return false;
    }
    return hashes.length > 0;
  }

  #bar(peer: MetadataPeer, size: number): void {
    const [oldest] = this.#barred;
    if (this.#barred.size >= BARRED && oldest !== undefined) this.#barred.delete(oldest);
    this.#barred.add(peer.address);
    peer.blame(`${size} bytes of metadata do not have the torrent's hash`);
  }

  #progressed(): void {
    if (this.isFetching) this.#options.onProgress?.(this.progress);
  }
}
