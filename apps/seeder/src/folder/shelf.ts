// What is seeded follows what lies in the folder. Rounds look at entries, when the system hints at a change and all of them
// now and then; meanwhile what has settled is hashed and checked, small entries several at a time.
// Invariants: what changed is taken out of service before anything else is done about it; one round at a time; of entries that
// are not small, one is hashed at a time; nothing is hashed while anything known waits.
import type { Torrent } from '@shoal/client';
import type { Clock } from '../clock.ts';
import { SeederError, wordsFor } from '../errors.ts';
import { FolderWatch } from './folder-watch.ts';
import type { FolderEntry, Library, LibraryEntry } from './library.ts';
import type { Look } from './look.ts';
import { AT_ONCE, mapAtOnce } from './map-at-once.ts';
import { Settling } from './settling.ts';
import { type SeededTorrent, Slot, type SlotFacts } from './slot.ts';

export interface ShelfOptions {
  readonly library: Library;
  readonly clock: Clock;
  /** How long an entry must stay as it is, and how often all are looked at. */
  readonly settleMs: number;
  readonly rescanMs: number;
  /** Adds a torrent to the session; checking begins. Throws where it cannot be. */
  readonly add: (entry: LibraryEntry) => Torrent;
  /**
   * Takes it out of the session. What is remembered of it stays as it was where its data went away whole; where they changed it is
   * forgotten, for it would be remembered with the new files' times.
   */
  readonly remove: (torrent: Torrent, remembered: 'kept' | 'forgotten') => Promise<void>;
  /** Is told what it is once it is seeded, and when it is not any more. */
  readonly onSeeding: (entry: LibraryEntry, torrent: Torrent) => SeededTorrent;
  readonly onRemoved: (seeded: SeededTorrent) => void;
  readonly onWaiting: (name: string) => void;
  readonly onProgress: (name: string, bytesDone: number, bytesTotal: number) => void;
  readonly onFault: (level: 'warning' | 'error', name: string | null, error: unknown) => void;
}

/** What hints come together in one round; a round that took long is not repeated at once. */
const GATHER_MS = 200;
const REST_FACTOR = 5;
/** Entries of up to so many bytes are hashed several at a time: what takes long is the disk's answers, not the hashing. */
const SMALL = 16 * 1024 * 1024;
const HASHED_AT_ONCE = 8;

export class Shelf {
  readonly #options: ShelfOptions;
  readonly #watch: FolderWatch;
  readonly #settling: Settling;
  readonly #slots: Map<string, Slot> = new Map();
  /** Settled: those whose torrent is known, and those to be hashed. */
  readonly #known: Set<Slot> = new Set();
  readonly #unknown: Set<Slot> = new Set();
  /** Being served, and which of them are being hashed. */
  readonly #served: Map<Slot, Promise<void>> = new Map();
  readonly #hashed: Set<Slot> = new Set();
  /** By info-hash. */
  readonly #byHash: Map<string, Slot> = new Map();
  /** Torrents being removed, by info-hash. */
  readonly #leaving: Map<string, Promise<void>> = new Map();
  /** What was told of names that cannot be torrents: each once. */
  #told: Set<string> = new Set();
  #wanted: Set<string> = new Set();
  #wantsAll = false;
  #round: Promise<void> | undefined;
  #soon: { cancel(): void } | undefined;
  #rescan: { cancel(): void } | undefined;
  #lastRoundMs = 0;
  #fault: string | null = null;
  /** Names of the first round that are not decided yet; undefined before it ended. */
  #first: Set<string> | undefined;
  #rounds = 0;
  #isReady = false;
  #isClosed = false;
  #markReady: () => void = () => undefined;
  readonly #ready: Promise<void>;

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#settling = new Settling(options.settleMs);
    this.#ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    this.#watch = new FolderWatch({
      dir: options.library.dir,
      onHint: (name) => this.#hint(name),
      onLimit: (reason) => {
        const words = `changes are seen only every ${options.rescanMs / 1_000} s in some folders, which the system cannot watch: ${reason}`;
        options.onFault('warning', null, new SeederError('ERR_SEEDER_FOLDER', words));
      },
    });
  }

  /** Begins with everything there is. */
  open(): void {
    this.#watch.cover();
    this.lookAgain();
  }

  /** Looks at the whole folder now. */
  lookAgain(): void {
    this.#wantsAll = true;
    this.#start();
  }

  /** Resolves once every entry of the first look is seeded, or was reported, or turned out to be still written to. */
  whenReady(): Promise<void> {
    return this.#ready;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why the folder cannot be read, in words, while that is so. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Times the whole folder was looked at. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Whatever is not seeded, in the order of names. */
  pending(): SlotFacts[] {
    return this.#inOrder().flatMap((slot) => (slot.state === 'seeding' ? [] : [slot.facts()]));
  }

  /** In the order of names. */
  seeded(): SeededTorrent[] {
    return this.#inOrder().flatMap(({ seeded }) => seeded ?? []);
  }

  /** Ends what is under way; what is seeded stays for whoever closes the session. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#soon?.cancel();
    this.#rescan?.cancel();
    this.#watch.close();
    for (const slot of this.#slots.values()) {
      slot.timer?.cancel();
      slot.abort?.abort();
    }
    this.#markReady();
    await Promise.all([this.#round, ...this.#served.values(), ...this.#leaving.values()]);
  }

  #inOrder(): Slot[] {
    return [...this.#slots.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #hint(name: string | null): void {
    if (name === null) this.#wantsAll = true;
    else this.#wanted.add(name);
    if (this.#isClosed || this.#soon) return;
    const delay = Math.max(GATHER_MS, this.#lastRoundMs * REST_FACTOR);
    this.#soon = this.#options.clock.setTimer(() => this.#start(), delay);
  }

  /** One round at a time; what is asked for meanwhile gets another one. */
  #start(): void {
    this.#soon?.cancel();
    this.#soon = undefined;
    if (this.#isClosed || this.#round) return;
    this.#round = this.#rounding().finally(() => {
      this.#round = undefined;
      this.#pump();
      if (this.#wantsAll) this.#start();
      else if (this.#wanted.size > 0) this.#hint([...this.#wanted][0] ?? null);
    });
  }

  async #rounding(): Promise<void> {
    const { clock, rescanMs } = this.#options;
    const [isFull, names, began] = [this.#wantsAll, this.#wanted, clock.now()];
    this.#wantsAll = false;
    this.#wanted = new Set();
    if (isFull) {
      this.#rescan?.cancel();
      this.#watch.renew();
    }
    try {
      await this.#look(names, isFull);
      this.#fault = null;
    } catch (error) {
      const words = `the folder cannot be read: ${wordsFor(error)}`;
      // What is seeded goes on: its files may be open, and a network disk may come back.
      if (this.#fault !== words)
        this.#options.onFault('error', null, new SeederError('ERR_SEEDER_FOLDER', words, error));
      this.#fault = words;
    }
    this.#lastRoundMs = clock.now() - began;
    if (this.#isClosed) return;
    if (isFull) {
      this.#rounds++;
      this.#rescan = clock.setTimer(() => this.lookAgain(), rescanMs);
      this.#first ??= new Set(this.pending().flatMap(({ name, state }) => (state === 'failed' ? [] : [name])));
    }
    this.#decide();
  }

  async #look(names: ReadonlySet<string>, isFull: boolean): Promise<void> {
    const { entries, passedOver } = await this.#options.library.scan();
    this.#tellPassedOver(passedOver);
    const here = new Map(entries.map((entry) => [entry.name, entry]));
    for (const slot of this.#slots.values()) if (!here.has(slot.name)) this.#drop(slot);
    const toInspect: Slot[] = [];
    for (const entry of entries) {
      const slot = this.#slots.get(entry.name) ?? new Slot(entry);
      this.#slots.set(entry.name, slot);
      const isOther = slot.entry.given?.file !== entry.given?.file || slot.entry.given?.stamp !== entry.given?.stamp;
      slot.entry = entry;
      // Who waits is looked at when its time has come, not at each of its writes.
      const isHinted = names.has(entry.name) && slot.timer === undefined;
      if (isFull || isHinted || isOther || slot.look === undefined) toInspect.push(slot);
    }
    await mapAtOnce(toInspect, async (slot) => {
      if (!this.#isClosed) await this.#inspect(slot, isFull);
    });
  }

  #tellPassedOver(passedOver: readonly { readonly name: string; readonly reason: string }[]): void {
    const told = new Set<string>();
    for (const { name, reason } of passedOver) {
      const key = `${name}\n${reason}`;
      told.add(key);
      if (!this.#told.has(key)) this.#options.onFault('warning', name, new SeederError('ERR_SEEDER_ENTRY', reason));
    }
    this.#told = told;
  }

  async #inspect(slot: Slot, isFull: boolean): Promise<void> {
    const { library, clock, onWaiting } = this.#options;
    let look: Look;
    try {
      look = await library.look(slot.entry);
    } catch (error) {
      // Something in it went between two looks: the next hint, or the next round, sees what became of it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#fail(slot, error, true);
      return;
    }
    this.#watch.cover(slot.name, look.folders);
    const isSame = slot.look?.print === look.print;
    if (isSame && slot.state !== 'waiting' && !(slot.state === 'failed' && slot.mayPass && isFull)) return;
    const isNews = slot.look === undefined || slot.state !== 'waiting';
    if (!isSame) {
      // Somebody writes to it: nobody should wait for that before calling the folder ready.
      if (slot.look) this.#first?.delete(slot.name);
      this.#withdraw(slot);
      slot.toldReason = null;
    }
    slot.look = look;
    slot.timer?.cancel();
    slot.timer = undefined;
    slot.known = await library.known(slot.entry, look);
    const ageMs = clock.date() - look.changedAt;
    // Kept under this very look, it was whole then.
    const isKept = slot.known?.isGiven === false;
    const waitMs = isKept ? 0 : this.#settling.look(slot.name, { print: look.print, ageMs }, clock.now());
    if (waitMs === 0) return this.#enqueue(slot);
    if (isNews) onWaiting(slot.name);
    slot.state = 'waiting';
    slot.timer = clock.setTimer(() => {
      slot.timer = undefined;
      this.#wanted.add(slot.name);
      this.#start();
    }, waitMs);
  }

  /** Takes it out of service; what was being done for it ends. */
  #withdraw(slot: Slot, remembered: 'kept' | 'forgotten' = 'forgotten'): void {
    slot.timer?.cancel();
    slot.timer = undefined;
    slot.abort?.abort();
    slot.abort = undefined;
    this.#known.delete(slot);
    this.#unknown.delete(slot);
    const { torrent, seeded } = slot;
    slot.torrent = slot.seeded = slot.known = undefined;
    slot.state = 'waiting';
    slot.reason = null;
    if (torrent) {
      const { hex } = torrent.infoHash;
      if (this.#byHash.get(hex) === slot) this.#byHash.delete(hex);
      const gone = this.#options.remove(torrent, remembered).catch((error: unknown) => {
        this.#options.onFault('warning', slot.name, error);
      });
      this.#leaving.set(
        hex,
        gone.then(() => void this.#leaving.delete(hex)),
      );
    }
    if (seeded) this.#options.onRemoved(seeded);
  }

  /** It is not in the folder any more. What is kept of it stays for a while: its disk may come back. */
  #drop(slot: Slot): void {
    this.#withdraw(slot, 'kept');
    this.#settling.forget(slot.name);
    this.#watch.cover(slot.name);
    this.#slots.delete(slot.name);
    this.#first?.delete(slot.name);
  }

  #fail(slot: Slot, error: unknown, mayPass: boolean): void {
    const reason = wordsFor(error);
    this.#withdraw(slot);
    slot.state = 'failed';
    slot.reason = reason;
    slot.mayPass = mayPass;
    this.#first?.delete(slot.name);
    if (slot.toldReason !== reason) this.#options.onFault('error', slot.name, error);
    slot.toldReason = reason;
    this.#decide();
  }

  #enqueue(slot: Slot): void {
    slot.state = 'queued';
    (slot.known ? this.#known : this.#unknown).add(slot);
    this.#pump();
  }

  /** Begins with whatever may be begun. */
  #pump(): void {
    // A round's entries are all there to choose from: hashing takes hours where checking takes none, so what is known goes first.
    if (this.#isClosed || this.#round) return;
    for (const slot of this.#known) {
      if (this.#served.size >= AT_ONCE) return;
      // Withdrawn a moment ago, and what was being done for it has not ended yet.
      if (this.#served.has(slot)) continue;
      this.#known.delete(slot);
      this.#begin(slot);
    }
    for (const slot of this.#unknown) {
      if (this.#served.size > this.#hashed.size || this.#hashed.size >= HASHED_AT_ONCE) return;
      if (this.#served.has(slot)) continue;
      if (!isSmall(slot) && [...this.#hashed].some((other) => !isSmall(other))) continue;
      this.#unknown.delete(slot);
      this.#hashed.add(slot);
      this.#begin(slot);
    }
  }

  #begin(slot: Slot): void {
    const serving = this.#serveOrFail(slot).finally(() => {
      this.#served.delete(slot);
      this.#hashed.delete(slot);
      this.#pump();
    });
    this.#served.set(slot, serving);
  }

  async #serveOrFail(slot: Slot): Promise<void> {
    const abort = new AbortController();
    const { signal } = abort;
    slot.abort = abort;
    try {
      await this.#serve(slot, signal);
      if (slot.abort === abort) slot.abort = undefined;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SeederError && error.code === 'ERR_SEEDER_CHANGED') {
        slot.look = undefined;
        this.#hint(slot.name);
      } else this.#fail(slot, error, isOfSystem(error));
    }
    this.#decide();
  }

  async #serve(slot: Slot, signal: AbortSignal): Promise<void> {
    const { add, onSeeding, library } = this.#options;
    const entry = slot.known ?? (await this.#make(slot, slot.entry, signal));
    const { hex } = entry.metainfo.infoHash;
    await this.#leaving.get(hex);
    signal.throwIfAborted();
    const other = this.#byHash.get(hex);
    if (other) throw new SeederError('ERR_SEEDER_ENTRY', `it is the same torrent as ${other.name}`);
    slot.state = 'checking';
    const torrent = add(entry);
    slot.torrent = torrent;
    this.#byHash.set(hex, slot);
    await torrent.whenChecked(signal);
    if (torrent.state !== 'seeding') {
      const { pieces, piecesDone } = torrent.snapshot();
      const count = `${pieces - piecesDone} of ${pieces} pieces are not what`;
      if (entry.isGiven) throw new SeederError('ERR_SEEDER_ENTRY', `${count} ${slot.entry.given?.file} says`);
      await library.forget(slot.name);
      signal.throwIfAborted();
      if (entry.isNew) throw new SeederError('ERR_SEEDER_ENTRY', `${count} was hashed: the data changed meanwhile`);
      const words = `${count} was hashed, though the files' sizes and times are the same: it is hashed again`;
      this.#options.onFault('warning', slot.name, new SeederError('ERR_SEEDER_ENTRY', words));
      this.#withdraw(slot);
      return this.#enqueue(slot);
    }
    signal.throwIfAborted();
    slot.state = 'seeding';
    slot.seeded = onSeeding(entry, torrent);
    this.#first?.delete(slot.name);
  }

  #make(slot: Slot, entry: FolderEntry, signal: AbortSignal): Promise<LibraryEntry> {
    slot.state = 'hashing';
    slot.hashed = { bytesDone: 0, bytesTotal: 0 };
    return this.#options.library.make(entry, slot.look as Look, {
      signal,
      onProgress: (bytesDone, bytesTotal) => {
        slot.hashed = { bytesDone, bytesTotal };
        this.#options.onProgress(slot.name, bytesDone, bytesTotal);
      },
    });
  }

  #decide(): void {
    if (this.#isReady || this.#isClosed || this.#first?.size !== 0) return;
    this.#isReady = true;
    this.#markReady();
  }
}

function isSmall({ look }: Slot): boolean {
  return look !== undefined && look.size <= SMALL;
}

/** Permissions, disks, networks: what may be otherwise the next time. */
function isOfSystem(error: unknown): boolean {
  const { errno, cause } = error as { errno?: unknown; cause?: unknown };
  return typeof errno === 'number' || typeof (cause as { errno?: unknown } | undefined)?.errno === 'number';
}
