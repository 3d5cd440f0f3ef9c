// What a block may cost, in counts that no machine changes: memory made, calls of the disk, of the stream, of the clock,
// timers, promises. Each bound is a little above what was counted, and far below one a block where it should be none.
import { createHook } from 'node:async_hooks';
import { createMetainfo, type Metainfo, parseMetainfo } from '@shoal/metainfo';
import { Bitfield, BLOCK_LENGTH } from '@shoal/primitives';
import { MemoryStorage, type Storage } from '@shoal/storage';
import { Wire, type WireEvent } from '@shoal/wire';
import { expect, test } from 'vitest';
import { type ByteStream, Session, type StreamHandler } from '../src/index.ts';
import { digests } from './harness.ts';

const PIECE = 256 * 1024;
const PIECES = 256;
const BLOCKS = (PIECES * PIECE) / BLOCK_LENGTH;
/** Of the session; a tenth of what is carried. */
const MEMORY = 8 * 1024 * 1024;
/** What the peer's system hands over at once. */
const CHUNK = 256 * 1024;

/** Every piece is the same. */
const content = new Uint8Array(PIECE).map((_, index) => (index * 7 + (index >> 9)) & 0xff);
const metainfo: Metainfo = parseMetainfo(
  createMetainfo({
    name: 'same',
    pieceLength: PIECE,
    pieces: new Uint8Array(Buffer.concat(Array<Uint8Array>(PIECES).fill(digests.sha1(content)))),
    files: [{ path: ['same'], length: PIECES * PIECE }],
    creationDate: null,
  }),
  digests,
);

/** What the session had done for it. */
class Counts {
  /** The big buffers that were made. */
  made: ArrayBufferLike[] = [];
  hashed = 0;
  reads = 0;
  writes = 0;
  streamWrites = 0;
  clock = 0;
  timers = 0;
  promises = 0;
}

/** The other end of the session's only connection: a real wire that has all, or wants all. */
class OtherEnd implements ByteStream {
  readonly localAddress = '10.0.0.1:1';
  readonly remoteAddress = '10.0.0.2:2';
  /** One write behind, always. */
  unsent = 0;
  readonly done: Promise<void>;
  /** The memory that the session's blocks came in. */
  readonly received = new Set<ArrayBufferLike>();
  readonly #role: 'seed' | 'leech';
  readonly #counts: Counts;
  readonly #wire: Wire;
  readonly #chunk = new Uint8Array(CHUNK);
  #handler!: StreamHandler;
  #next = 0;
  #arrived = 0;
  #end!: () => void;

  constructor(role: 'seed' | 'leech', counts: Counts) {
    this.#role = role;
    this.#counts = counts;
    this.done = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#wire = new Wire({ role: 'accept', now: 0, limits: { queuedRequests: 2_000 } });
  }

  open(handler: StreamHandler): void {
    this.#handler = handler;
  }

  write(buffers: readonly Uint8Array[]): boolean {
    this.#counts.streamWrites++;
    this.unsent = buffers.reduce((sum, { length }) => sum + length, 0);
    for (const buffer of buffers) {
      this.#wire.receive(buffer, 0);
      for (let event = this.#wire.poll(); event; event = this.#wire.poll()) this.#on(event);
    }
    setImmediate(() => this.#answer());
    return true;
  }

  #on(event: WireEvent): void {
    if (event.type === 'handshake') {
      this.#wire.accept({ infoHash: metainfo.infoHash.wireKey, peerId: new Uint8Array(20).fill(65), extended: false });
      this.#wire.setGeometry({ pieceCount: PIECES, pieceSize: () => PIECE });
      const have = new Bitfield(PIECES);
      if (this.#role === 'seed') for (let piece = 0; piece < PIECES; piece++) have.set(piece);
      this.#wire.bitfield(have);
      if (this.#role === 'seed') this.#wire.unchoke();
      else this.#wire.interested();
    } else if (event.type === 'unchoke') {
      for (let asked = 0; asked < 64; asked++) this.#ask();
    } else if (event.type === 'blockEnd') {
      this.#ask();
      if (++this.#arrived === BLOCKS) this.#end();
    } else if (event.type === 'blockPart') {
      this.received.add(event.chunk.buffer);
    } else if (event.type === 'closed') {
      throw event.error;
    }
  }

  #ask(): void {
    if (this.#next === BLOCKS) return;
    const at = this.#next++ * BLOCK_LENGTH;
    this.#wire.request(Math.floor(at / PIECE), at % PIECE, BLOCK_LENGTH);
  }

  /** Sends what was asked for, and whatever else waits, in chunks as a system hands them over. */
  #answer(): void {
    for (let request = this.#wire.nextPeerRequest(); request; request = this.#wire.nextPeerRequest()) {
      const { piece, begin, length } = request;
      this.#wire.piece(piece, begin, content.subarray(begin, begin + length));
    }
    let filled = 0;
    const flush = (): void => {
      if (filled > 0) this.#handler.onData(this.#chunk.subarray(0, filled));
      filled = 0;
    };
    for (const buffer of this.#wire.takeOutput()) {
      for (let at = 0; at < buffer.length; ) {
        const part = buffer.subarray(at, at + CHUNK - filled);
        this.#chunk.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === CHUNK) flush();
      }
    }
    flush();
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
  destroy(): void {}
}

/** One session and one other end, and what it took to carry everything. */
async function carry(role: 'seed' | 'leech', storage: Storage): Promise<{ counts: Counts; other: OtherEnd }> {
  const counts = new Counts();
  const other = new OtherEnd(role === 'seed' ? 'leech' : 'seed', counts);
  const counted: Storage = {
    ...through(storage),
    read: (piece, begin, into) => {
      counts.reads++;
      return storage.read(piece, begin, into);
    },
    write: (piece, begin, bytes) => {
      counts.writes++;
      return storage.write(piece, begin, bytes);
    },
  };
  const session = new Session({
    clock: {
      now: () => {
        counts.clock++;
        return performance.now();
      },
      setTimer: (callback, delayMs) => {
        counts.timers++;
        const timer = setTimeout(callback, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    },
    random: { bytes: (length) => new Uint8Array(length).fill(7), number: Math.random },
    hasher: {
      verify: (bytes) => {
        counts.hashed += bytes.length;
        return 'ok';
      },
      begin: () => ({
        update: (bytes) => {
          counts.hashed += bytes.length;
        },
        finish: (rest) => {
          counts.hashed += rest.length;
          return 'ok';
        },
      }),
    },
    memory: MEMORY,
    allocate: (bytes) => {
      const buffer = new Uint8Array(bytes);
      counts.made.push(buffer.buffer);
      return buffer;
    },
    transports: [
      {
        name: 'test',
        canDial: () => true,
        dial: async () => other,
        listen: async () => ({ port: 1, close: async () => {} }),
      },
    ],
  });
  const hook = createHook({
    init: (_, type) => {
      if (type === 'PROMISE') counts.promises++;
    },
  });
  try {
    await session.listen();
    const torrent = session.add({ infoHash: metainfo.infoHash, content: { metainfo, storage: counted } });
    if (role === 'seed') await torrent.whenComplete();
    Object.assign(counts, new Counts());
    hook.enable();
    torrent.addPeers(['10.0.0.2:2']);
    await (role === 'seed' ? other.done : torrent.whenComplete());
    hook.disable();
    return { counts, other };
  } finally {
    hook.disable();
    await session.close();
  }
}

function bytesOf(memories: readonly ArrayBufferLike[]): number {
  return memories.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function through(storage: Storage): Storage {
  return {
    open: () => storage.open(),
    read: (piece, begin, into) => storage.read(piece, begin, into),
    write: (piece, begin, bytes) => storage.write(piece, begin, bytes),
    stamps: () => storage.stamps(),
    flush: () => storage.flush(),
    setWanted: (files) => storage.setWanted(files),
    move: (to) => storage.move(to),
    remove: () => storage.remove(),
    close: () => storage.close(),
  };
}

test('what 4,096 blocks cost a leech', async () => {
  const { counts } = await carry('leech', new MemoryStorage({ layout: metainfo.layout }));
  expect(counts.hashed).toBe(PIECES * PIECE);
  expect([counts.writes, counts.reads]).toEqual([PIECES, 0]);
  expect(bytesOf(counts.made)).toBeLessThanOrEqual(MEMORY);
  expect(counts.streamWrites).toBeLessThan(BLOCKS / 8);
  expect(counts.promises).toBeLessThan(24 * PIECES);
  expect(counts.clock).toBeLessThan(4 * BLOCKS);
  expect(counts.timers).toBeLessThan(10);
});

test('what 4,096 blocks cost a seed', async () => {
  const storage = new MemoryStorage({ layout: metainfo.layout });
  await storage.open();
  for (let piece = 0; piece < PIECES; piece++) await storage.write(piece, 0, content);
  const { counts, other } = await carry('seed', storage);
  expect([counts.writes, counts.hashed]).toEqual([0, 0]);
  expect(counts.reads).toBeLessThanOrEqual(2 * PIECES);
  expect(bytesOf(counts.made)).toBeLessThanOrEqual(MEMORY);
  // Blocks leave in the memory they were read into.
  expect([...other.received].filter((memory) => !counts.made.includes(memory))).toEqual([]);
  expect(counts.streamWrites).toBeLessThan(BLOCKS / 8);
  expect(counts.promises).toBeLessThan(24 * PIECES);
  expect(counts.clock).toBeLessThan(2 * BLOCKS);
  expect(counts.timers).toBeLessThan(10);
});
