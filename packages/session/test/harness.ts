// A simulated swarm: sessions on one virtual network and clock, with torrents made from a seed.
import { createHash } from 'node:crypto';
import { createMetainfo, type Metainfo, parseMetainfo } from '@shoal/metainfo';
import { createHasher, MemoryStorage, type Storage, StorageError } from '@shoal/storage';
import {
  FaultyStorage,
  type SeededRandom,
  SimClock,
  type SimHost,
  type SimHostOptions,
  SimNetwork,
  seededRandom,
} from '@shoal/testkit';
import {
  type AddOptions,
  type PeerSource,
  Session,
  type SessionOptions,
  type StateStore,
  type Torrent,
} from '../src/index.ts';

export const digests = {
  sha1: (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha1').update(bytes).digest()),
  sha256: (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest()),
};

/** Synchronous, so that a run depends on the seed alone. */
export const hasher = createHasher({ sha1: digests.sha1 });

export interface MadeTorrent {
  readonly metainfo: Metainfo;
  readonly data: Uint8Array;
}

export function makeTorrent(random: SeededRandom, lengths: readonly number[], pieceLength: number): MadeTorrent {
  const data = random.bytes(lengths.reduce((sum, length) => sum + length, 0));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += pieceLength) pieces.push(digests.sha1(data.subarray(at, at + pieceLength)));
  const bytes = createMetainfo({
    name: 'made',
    pieceLength,
    pieces: new Uint8Array(Buffer.concat(pieces)),
    files: lengths.map((length, index) => ({ path: ['made', `file-${index}`], length })),
    creationDate: null,
  });
  return { metainfo: parseMetainfo(bytes, digests), data };
}

/** A store of everything, as a seed's disk. */
export async function filledStorage(made: MadeTorrent): Promise<MemoryStorage> {
  const { layout } = made.metainfo;
  const storage = new MemoryStorage({ layout });
  await storage.open();
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const at = piece * layout.pieceLength;
    await storage.write(piece, 0, made.data.subarray(at, at + layout.pieceSize(piece)));
  }
  return storage;
}

/** A disk whose faults are the storage contract's own errors. */
export function faultyDisk(inner: Storage, clock?: SimClock): FaultyStorage {
  return new FaultyStorage(inner, {
    ...(clock ? { clock } : {}),
    error: (fault, message) => new StorageError(fault === 'full' ? 'ERR_STORAGE_FULL' : 'ERR_STORAGE_IO', message),
  });
}

/**
 * The same bytes for one run after another, as a disk keeps them: closing ends the run's use of it, not the bytes. A
 * function answers the disk of the moment.
 */
export function outliving(storage: Storage | (() => Storage)): Storage {
  const disk = typeof storage === 'function' ? storage : (): Storage => storage;
  return {
    open: () => disk().open(),
    read: (piece, begin, into) => disk().read(piece, begin, into),
    write: (piece, begin, bytes) => disk().write(piece, begin, bytes),
    stamps: () => disk().stamps(),
    flush: () => disk().flush(),
    setWanted: (files) => disk().setWanted(files),
    move: (to) => disk().move(to),
    remove: () => disk().remove(),
    close: async () => undefined,
  };
}

export async function contentOf(storage: Storage, made: MadeTorrent): Promise<Uint8Array> {
  const { layout } = made.metainfo;
  const all = new Uint8Array(layout.totalLength);
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const at = piece * layout.pieceLength;
    await storage.read(piece, 0, all.subarray(at, at + layout.pieceSize(piece)));
  }
  return all;
}

/** Tells every torrent of every other one that has started: what a tracker does, without one. */
class Rendezvous {
  readonly #here = new Map<string, (addresses: readonly string[]) => void>();

  source(address: string): PeerSource {
    return {
      name: 'rendezvous',
      start: (torrent) => {
        for (const offer of this.#here.values()) offer([address]);
        torrent.offerPeers([...this.#here.keys()]);
        this.#here.set(address, (addresses) => torrent.offerPeers(addresses));
      },
      complete: () => undefined,
      stop: async () => void this.#here.delete(address),
      status: () => [],
    };
  }
}

export interface Member {
  readonly host: SimHost;
  readonly session: Session;
  readonly torrent: Torrent;
  readonly storage: Storage;
}

export interface MemberOptions {
  readonly storage?: Storage;
  readonly host?: SimHostOptions;
  readonly session?: Partial<SessionOptions>;
  readonly sources?: readonly PeerSource[];
  readonly stateStore?: StateStore;
  readonly torrent?: Partial<AddOptions>;
  /** Of the torrent it is told nothing but the hash. */
  readonly byHash?: boolean;
}

export class World {
  readonly random: SeededRandom;
  readonly clock = new SimClock();
  readonly network: SimNetwork;
  readonly rendezvous = new Rendezvous();
  readonly members: Member[] = [];

  constructor(seed: string | number, oddSplits = false) {
    this.random = seededRandom(seed);
    this.network = new SimNetwork({ clock: this.clock, random: this.random, oddSplits });
  }

  async join(ip: string, made: MadeTorrent, options: MemberOptions = {}): Promise<Member> {
    return this.joinOn(this.network.host(ip, options.host), made, options);
  }

  async joinOn(host: SimHost, made: MadeTorrent, options: MemberOptions = {}): Promise<Member> {
    const storage = options.storage ?? new MemoryStorage({ layout: made.metainfo.layout });
    const session = new Session({
      clock: this.clock,
      random: this.random.fork(`${host.ip} ${this.members.length}`),
      hasher,
      transports: [host],
      ...(options.stateStore ? { stateStore: options.stateStore } : {}),
      ...options.session,
    });
    await session.listen();
    const torrent = session.add({
      infoHash: made.metainfo.infoHash,
      ...(options.byHash ? {} : { content: { metainfo: made.metainfo, storage } }),
      sources: options.sources ?? [this.rendezvous.source(host.address())],
      ...options.torrent,
    });
    const member = { host, session, torrent, storage };
    this.members.push(member);
    return member;
  }

  /** Runs until every torrent is whole; fails after `limitMs` of virtual time. */
  async untilComplete(limitMs: number): Promise<void> {
    const done = (): boolean => this.members.every(({ torrent }) => torrent.state === 'seeding');
    await this.clock.run(done, limitMs);
    if (!done()) {
      const states = this.members.map(({ host, torrent }) => `${host.ip} ${torrent.state} ${torrent.have?.count}`);
      throw new Error(`not complete after ${limitMs} ms:\n${states.join('\n')}`);
    }
  }

  /** Lets a promise settle in virtual time; answers what it settles to. */
  settle<T>(promise: Promise<T>, limitMs = 10_000): Promise<T> {
    return this.clock.settle(promise, limitMs);
  }

  async close(): Promise<void> {
    await this.settle(Promise.all(this.members.map(({ session }) => session.close())));
  }
}

export function memoryStateStore(): StateStore {
  const saved = new Map<string, Uint8Array>();
  return {
    load: async (key) => saved.get(key),
    save: async (key, bytes) => void saved.set(key, Uint8Array.from(bytes)),
    remove: async (key) => void saved.delete(key),
  };
}
