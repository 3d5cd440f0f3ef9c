// One torrent's life: metadata → checking → downloading → seeding, and beside them paused, queued and error. Owns its
// content, its exchange with peers and its resume data. The state changes in `#enter` alone; starting, stopping and checking
// happen one after another in `#work`; the exchange runs only between `#go` and a standstill.
import type { Metainfo } from '@shoal/metainfo';
import { type Bitfield, type InfoHash, PeerId } from '@shoal/primitives';
import { CheckRun } from './check-run.ts';
import { Choice } from './choice.ts';
import type { Connection } from './connection.ts';
import { Content, type TorrentContent } from './content.ts';
import { closedBefore, SessionError } from './errors.ts';
import { EventHub } from './event-hub.ts';
import { BY_HAND, Exchange } from './exchange.ts';
import { Failure } from './failure.ts';
import { figuresOf, type Rates, ratesOf } from './figures.ts';
import type { ReadOptions } from './file-reader.ts';
import { Obtaining } from './obtaining.ts';
import type { Peer } from './peer.ts';
import { type Gathered, ResumeKeeper } from './resume-keeper.ts';
import { NORMAL_PRIORITY, type Priority } from './selection.ts';
import type { ShareLimits } from './share-limits.ts';
import { Standing } from './standing.ts';
import type { PeerSnapshot, TorrentEvent, TorrentSnapshot, TorrentState } from './torrent-facts.ts';
import type { TorrentHost, TorrentOptions } from './torrent-options.ts';
import { when } from './when.ts';

/** One torrent of a session: its content, its peers and what is remembered of it. */
export class Torrent {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  /** May be changed at any time. */
  shareLimits: ShareLimits;
  readonly forced: boolean;
  readonly #host: TorrentHost;
  readonly #hub = new EventHub<TorrentEvent>();
  readonly #exchange: Exchange;
  readonly #keeper: ResumeKeeper;
  readonly #failure: Failure;
  readonly #check: CheckRun;
  #content: Content | undefined;
  readonly #givenName: string;
  readonly #choice: Choice;
  readonly #obtaining: Obtaining;
  readonly #standing: Standing;
  /** What lies on disk is known (or there is no content to look for): it may go as soon as nothing holds it. */
  #isReady = false;
  #closed = false;
  #closing: Promise<void> | undefined;
  /** The current start, check or stop; each waits for the one before. */
  #work: Promise<void> = Promise.resolve();

  constructor(host: TorrentHost, options: TorrentOptions) {
    this.#host = host;
    this.infoHash = options.infoHash;
    this.#givenName = options.name ?? options.infoHash.hex;
    this.peerId = PeerId.create(options.peerIdPrefix, (length) => host.random.bytes(length));
    this.#standing = new Standing(options.paused ?? false, (event) => this.#hub.emit(event));
    this.forced = options.forced ?? false;
    this.#choice = new Choice(options, options.content?.metainfo.layout);
    this.#obtaining = new Obtaining({
      make: options.onMetadata,
      isWanted: () => !this.#content && !this.#stopped,
      onContent: (content) => this.provide(content),
      onFailed: (error) => this.#fail(error),
    });
    this.shareLimits = options.shareLimits ?? {};
    this.#check = new CheckRun(host.checks, (piece) => this.#hub.emit({ type: 'checked', piece }));
    this.#keeper = new ResumeKeeper({
      clock: host.clock,
      store: host.stateStore,
      infoHash: this.infoHash,
      key: options.stateKey ?? this.infoHash.hex,
      gather: () => this.#gather(),
      onFailed: (error) => {
        if (!this.error) this.#hub.emit({ type: 'saveFailed', error });
      },
    });
    this.#failure = new Failure(host.clock, () => void this.resume());
    this.#exchange = new Exchange({
      host,
      infoHash: this.infoHash,
      peerId: this.peerId,
      torrent: options,
      content: () => this.#content,
      isPrivate: () => options.private === true || this.metainfo?.private === true,
      onMetadata: (info) => this.offerMetadata(info),
      onEvent: (event) => this.#hub.emit(event),
      onReadError: (error) => this.#fail(error),
    });
    if (options.content) this.provide(options.content);
    else void this.#enqueue(() => this.#start());
  }

  get metainfo(): Metainfo | undefined {
    return this.#content?.metainfo;
  }

  get state(): TorrentState {
    return this.#standing.state;
  }

  get paused(): boolean {
    return this.#standing.paused;
  }

  /** Waits for its turn in the session's queue. */
  get queued(): boolean {
    return this.#standing.queued;
  }

  get error(): SessionError | null {
    return this.#failure.error;
  }

  get name(): string {
    return this.#content?.metainfo.name ?? this.#givenName;
  }

  /** The verified pieces; undefined while the geometry is unknown. A copy. */
  get have(): Bitfield | undefined {
    return this.#content?.have.clone();
  }

  get peers(): readonly Peer[] {
    return [...this.#exchange.swarm.peers];
  }

  /** Bytes a second; undefined: none. The session's limits hold beside it. */
  get downLimit(): number | undefined {
    return this.#exchange.swarm.downLimit.limit;
  }

  set downLimit(limit: number | undefined) {
    this.#exchange.swarm.downLimit.limit = limit;
  }

  get upLimit(): number | undefined {
    return this.#exchange.swarm.upLimit.limit;
  }

  set upLimit(limit: number | undefined) {
    this.#exchange.swarm.upLimit.limit = limit;
  }

  /** In which order pieces of equal priority are fetched. */
  get order(): 'rarest' | 'sequential' {
    return this.#choice.order;
  }

  set order(order: 'rarest' | 'sequential') {
    this.#choice.order = order;
  }

  /** One a file; undefined while the files are unknown. */
  get priorities(): readonly Priority[] | undefined {
    return this.#content?.priorities ?? this.#choice.priorities;
  }

  /**
   * Which files are wanted, 0 (not) to 7 (first) each; while it runs too. Resolves once the disk is arranged so; where that
   * fails, the torrent stops on an error. Rejects with RangeError for what are no such priorities, which changes nothing.
   */
  async select(priorities: readonly Priority[]): Promise<void> {
    const arranged = this.#choice.select(priorities);
    if (!this.#content) return;
    this.#reconsider(this.#content);
    try {
      await arranged;
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Brings the content of a torrent that was added by its hash alone; checking starts. Throws ERR_METADATA_MISMATCH, and
   * RangeError where the priorities given before are not these files', and ERR_SESSION_CLOSED after `close`.
   */
  provide(content: TorrentContent): void {
    const { metainfo } = content;
    if (!metainfo.infoHash.equals(this.infoHash)) {
      throw new SessionError(
        'ERR_METADATA_MISMATCH',
        `this torrent is ${this.infoHash.hex}, the metadata are of ${metainfo.infoHash.hex}`,
      );
    }
    if (this.#closed) throw closedBefore('its metadata came');
    if (this.#content) return;
    this.#choice.checkAgainst(metainfo.layout);
    this.#content = new Content(content, this.#host, {
      onPiece: (piece, files) => this.#onPiece(piece, files),
      onBadPiece: (piece, from) => this.#hub.emit({ type: 'badPiece', piece, from }),
      onStorageError: (error) => this.#fail(error),
      onWork: () => this.#exchange.swarm.refill(),
    });
    this.#choice.follow(this.#content);
    this.#isReady = false;
    if (metainfo.private) this.#exchange.becamePrivate();
    this.#hub.emit({ type: 'metadata', metainfo });
    this.#enter('checking');
    void this.#enqueue(() => this.#start());
  }

  /** An info dictionary whose hash was verified, from elsewhere than an extension; goes the way of those. */
  offerMetadata(info: Uint8Array): void {
    void this.#obtaining.take(info);
  }

  addPeers(addresses: readonly string[], source: string = BY_HAND): void {
    this.#exchange.swarm.offer(addresses, source);
  }

  /** Asks the sources for peers now, as far as their own limits let. */
  announceNow(): void {
    this.#exchange.announceNow();
  }

  /** Stops exchanging data and says goodbye to the sources; what is here stays. Resolves when that is done. */
  pause(): Promise<void> {
    if (this.#standing.paused || this.#closed) return this.#work;
    this.#standing.paused = true;
    this.#check.end();
    this.#failure.stopRetrying();
    this.#standing.tell();
    this.#host.torrentChanged(this);
    return this.#enqueue(() => this.#standStill('paused'));
  }

  /** Goes on after `pause` or an error, from what lies on disk. */
  resume(): Promise<void> {
    if ((!this.#standing.paused && !this.error) || this.#closed) return this.#work;
    this.#standing.paused = false;
    this.#failure.clear();
    this.#content?.readers.fail(undefined);
    this.#host.torrentChanged(this);
    return this.#enqueue(() => this.#start());
  }

  /**
   * Trusts nothing of what was known and hashes all that lies on disk; then goes on, or stays paused. Resolves when that is
   * done. An error is forgotten.
   */
  recheck(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#closed) return;
      await this.#standStill('rechecking');
      await this.#recall();
      // From here on nothing vouches for what the picker has.
      this.#isReady = false;
      await this.#keeper.distrust();
      this.#failure.clear();
      this.#content?.readers.fail(undefined);
      await this.#look();
    });
  }

  /**
   * Moves the data below another folder, while it runs; `stateKey` says where resume data is kept from then on. Rejects with
   * StorageError, and then everything is as before.
   */
  move(to: string, stateKey?: string): Promise<void> {
    const moved = this.#work.then(async () => {
      if (!this.#content) throw new SessionError('ERR_NO_METADATA', 'a torrent without metadata has nothing to move');
      await this.#content.move(to);
      if (stateKey !== undefined) await this.#keeper.rename(stateKey);
      else this.#keeper.saveSoon();
      this.#hub.emit({ type: 'moved', to });
    });
    this.#work = moved.catch(() => undefined);
    return moved;
  }

  /** The session's queue: whether it must wait for others. */
  hold(isHeld: boolean): void {
    if (this.#standing.queued === isHeld || this.#closed) return;
    this.#standing.queued = isHeld;
    this.#standing.tell();
    // At once: whoever got its place does not wait either.
    if (isHeld) void this.#exchange.stop('queued');
    void this.#enqueue(() => (isHeld ? this.#standStill('queued') : this.#go()));
  }

  /**
   * The bytes of a file in order, as they become available: what is near is fetched first. The file becomes wanted where it
   * was not. Rejects when the torrent stops on an error or closes, and with the signal's reason.
   */
  async *read(file: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    await this.#until(() => this.#content !== undefined, options.signal);
    const content = this.#content as Content;
    if (content.priorities[file] === 0) {
      await this.select(content.priorities.map((priority, index) => (index === file ? NORMAL_PRIORITY : priority)));
    }
    yield* content.readers.read(file, options);
  }

  /** Says goodbye, saves, and lets go of everything. Never rejects. */
  close(): Promise<void> {
    this.#closed = true;
    // In a turn of its own: a listener that hears of it may close the torrent too.
    this.#closing ??= Promise.resolve().then(() => this.#close());
    return this.#closing;
  }

  /** Deletes the data and what is remembered; only after `close`. Rejects with StorageError. */
  async erase(): Promise<void> {
    await this.#content?.removeData();
    await this.#keeper.forget();
  }

  async #close(): Promise<void> {
    this.#failure.stopRetrying();
    this.#check.end();
    this.#keeper.close();
    this.#content?.readers.fail(new SessionError('ERR_SESSION_CLOSED', 'the torrent was closed'));
    // At once: the step under way may wait for a disk that never answers.
    void this.#exchange.stop('the client stops');
    await this.#enqueue(() => this.#standStill('the client stops'));
    this.#exchange.detach();
    await this.#content?.close();
    this.#hub.emit({ type: 'closed' });
    this.#hub.close();
  }

  /** An accepted connection for this torrent. */
  adopt(connection: Connection, peerId: Uint8Array): void {
    this.#exchange.swarm.adopt(connection, peerId);
  }

  /** The session's address filter, or our own address, is another one. */
  addressesChanged(): void {
    this.#exchange.swarm.refilter();
    this.#exchange.swarm.rerank();
  }

  tick(now: number): void {
    const isSeeding = this.#standing.state === 'seeding';
    this.#exchange.tick(now, isSeeding);
    if (!this.#exchange.isRunning) return;
    if (this.#exchange.ledger.isWorthSaving(now)) this.#keeper.saveSoon();
    const limit = isSeeding && this.#exchange.ledger.reached(this.shareLimits, this.#content?.bytesDone ?? 0);
    if (!limit) return;
    this.#hub.emit({ type: 'shareLimit', limit });
    void this.pause();
  }

  subscribe(listener: (event: TorrentEvent) => void): () => void {
    return this.#hub.subscribe(listener);
  }

  events(signal?: AbortSignal): AsyncIterableIterator<TorrentEvent> {
    return this.#hub.iterate(signal);
  }

  /** Resolves once what lies on disk is checked, or at the first error's rejection, or the signal's. */
  whenChecked(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#standing.state === 'downloading' || this.#standing.state === 'seeding', signal);
  }

  /** Resolves once every wanted piece is verified and written. Rejects with the torrent's error, or when it closes before. */
  whenComplete(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#standing.state === 'seeding', signal);
  }

  snapshot(): TorrentSnapshot {
    return {
      ...figuresOf(this.#exchange.swarm, this.#content, this.#exchange.ledger),
      state: this.#standing.state,
      paused: this.#standing.paused,
      queued: this.#standing.queued,
      error: this.error,
      bytesChecked: this.#check.bytesChecked,
      sources: this.#exchange.status(),
    };
  }

  /** The part of the snapshot that a session sums up. */
  rates(): Rates {
    return ratesOf(this.#exchange.swarm, this.#host.clock.now());
  }

  peerSnapshots(): PeerSnapshot[] {
    return this.#exchange.swarm.snapshots();
  }

  /** How many connected peers have each piece; undefined while the geometry is unknown. A copy. */
  availability(): Uint32Array | undefined {
    return this.#content?.availability();
  }

  /** From paused, error or new to exchanging data: what lies on disk is checked first. */
  async #start(): Promise<void> {
    await this.#recall();
    if (!this.#stopped) await this.#look();
  }

  /** What a former run saved: the counters and the choice of files are known though nothing is checked yet. */
  async #recall(): Promise<void> {
    const content = this.#content;
    if (!content || this.#closed || this.#keeper.hasRecalled) return;
    const progress = await this.#host.recalls.pass(() => this.#keeper.recall(content.layout));
    this.#exchange.ledger.carryOver(progress);
    await this.#choice.recall(progress?.priorities);
  }

  /** Finds out what lies on disk, and goes on from there unless it was told to stop meanwhile. */
  async #look(): Promise<void> {
    if (this.#closed) return;
    const content = this.#content;
    if (content) {
      this.#isReady = false;
      this.#enter('checking');
      const outcome = await this.#check.run(content, this.#keeper.remembered);
      if (outcome === 'ended') return;
      if (outcome === 'read') this.#keeper.saveSoon();
      this.#exchange.swarm.setContent(content);
    }
    if (!content) void this.#obtaining.again();
    this.#isReady = true;
    this.#enter(!content ? 'metadata' : content.isComplete ? 'seeding' : 'downloading');
    this.#go();
  }

  #go(): void {
    if (!this.#stopped && !this.#standing.queued && this.#isReady) this.#exchange.start();
  }

  get #stopped(): boolean {
    return this.#standing.paused || this.#closed || this.error !== null;
  }

  #onPiece(piece: number, files: readonly number[]): void {
    this.#failure.overcome();
    this.#hub.emit({ type: 'piece', piece });
    this.#exchange.swarm.announcePiece(piece);
    if (!this.#stopped) this.#keeper.saveSoon();
    for (const file of files) this.#hub.emit({ type: 'file', file });
    const content = this.#content;
    if (!content?.isComplete || this.#standing.state !== 'downloading') return;
    // Before the queue may stop the sources.
    if (content.have.isFull) this.#exchange.complete();
    this.#enter('seeding');
    this.#hub.emit({ type: 'complete' });
    this.#exchange.swarm.completenessChanged();
    void this.#keeper.save();
  }

  /** What is wanted has changed: the torrent may have become complete by that, or incomplete. */
  #reconsider(content: Content): void {
    if (!this.error) this.#keeper.saveSoon();
    if (this.#standing.state !== 'downloading' && this.#standing.state !== 'seeding') return;
    const state = content.isComplete ? 'seeding' : 'downloading';
    if (state === this.#standing.state) return;
    this.#enter(state);
    this.#exchange.swarm.completenessChanged();
  }

  /** No peers, no sources; what arrived is on disk and the resume data say so. */
  async #standStill(reason: string): Promise<void> {
    this.#keeper.stop();
    await Promise.all([this.#exchange.stop(reason), this.#content?.finish()]);
    await this.#keeper.save();
  }

  #fail(cause: unknown): void {
    if (this.error || this.#closed) return;
    const { error, isNews } = this.#failure.occurred(cause);
    this.#check.end();
    if (this.#standing.paused) this.#failure.stopRetrying();
    this.#content?.readers.fail(error);
    if (isNews) this.#hub.emit({ type: 'error', error });
    this.#host.torrentChanged(this);
    void this.#enqueue(() => this.#standStill('the torrent stopped on an error'));
  }

  async #gather(): Promise<Gathered> {
    const storage = this.#isReady ? await this.#content?.resumeData() : undefined;
    const { priorities } = this.#choice;
    return { storage, progress: { ...this.#exchange.ledger.total, ...(priorities ? { priorities } : {}) } };
  }

  #enqueue(step: () => Promise<void> | void): Promise<void> {
    this.#work = this.#work.then(step).catch((error: unknown) => this.#fail(error));
    return this.#work;
  }

  #until(reached: () => boolean, signal?: AbortSignal): Promise<void> {
    const settled = (): boolean => {
      if (this.error) throw this.error;
      if (this.#closed && !reached()) throw closedBefore('that');
      return reached();
    };
    return when(this.#hub, settled, signal);
  }

  /** The queue decides first, so that nobody is told of a torrent that runs and then waits. */
  #enter(state: TorrentState): void {
    this.#standing.state = state;
    this.#host.torrentChanged(this);
    this.#standing.tell();
  }
}
