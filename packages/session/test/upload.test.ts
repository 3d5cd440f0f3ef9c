import { Layout } from '@shoal/primitives';
import { ByteBudget, createHasher, MemoryStorage, PieceStore } from '@shoal/storage';
import { FaultyStorage, SimClock, seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { readsBeside, Upload } from '../src/upload.ts';
import { Talk, turn } from './fake-stream.ts';

const BLOCK = 16_384;
const layout = new Layout({ pieceLength: 2 * BLOCK, files: [{ length: 40 * BLOCK }] });

class Rig {
  readonly clock = new SimClock();
  readonly data: Uint8Array = seededRandom('upload').bytes(layout.totalLength);
  readonly inner = new MemoryStorage({ layout });
  readonly storage = new FaultyStorage(this.inner, { clock: this.clock });
  readonly talk = new Talk(layout);
  readonly errors: unknown[] = [];
  sent = 0;
  missing = -1;
  readonly upload = new Upload({
    connection: this.talk.connection,
    store: new PieceStore({
      layout,
      storage: this.storage,
      hasher: createHasher({ sha1: () => new Uint8Array(20) }),
      expectation: () => ({}),
      budget: new ByteBudget(1 << 20),
    }),
    has: (piece) => piece !== this.missing,
    readsBeside: readsBeside(layout.pieceLength),
    onSent: (bytes) => {
      this.sent += bytes;
    },
    onError: (error) => this.errors.push(error),
  });
  /** Blocks and rejects as the peer gets them. */
  readonly answers: string[] = [];

  static async create(): Promise<Rig> {
    const rig = new Rig();
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      const at = piece * layout.pieceLength;
      await rig.inner.write(piece, 0, rig.data.subarray(at, at + layout.pieceSize(piece)));
    }
    rig.talk.owner = { onChunkEnd: () => rig.upload.serve(), onWritable: () => rig.upload.serve() };
    rig.talk.connection.wire.unchoke();
    rig.talk.converse();
    return rig;
  }

  ask(...blocks: (readonly [piece: number, block: number])[]): void {
    for (const [piece, block] of blocks) this.talk.remote.request(piece, block * BLOCK, BLOCK);
    this.read();
  }

  /** Lets the peer read what was written to it. */
  read(): void {
    const { remote, stream } = this.talk;
    for (const bytes of remote.takeOutput()) stream.receive(bytes);
    for (const bytes of stream.takeWritten()) {
      remote.receive(bytes, 0);
      for (let event = remote.poll(); event; event = remote.poll()) {
        if (event.type === 'reject') this.answers.push(`reject ${event.piece}:${event.begin / BLOCK}`);
        if (event.type === 'blockEnd') this.answers.push(`${event.piece}:${event.begin / BLOCK}`);
        if (event.type !== 'blockPart') continue;
        const at = event.piece * layout.pieceLength + event.begin + event.offset;
        expect(Buffer.compare(event.bytes, this.data.subarray(at, at + event.bytes.length))).toBe(0);
      }
    }
  }
}

test('a block is read, and those beside it come out of the same read, in one write', async () => {
  const rig = await Rig.create();
  rig.ask([0, 0]);
  await turn();
  rig.read();
  const before = rig.talk.stream.writes.length;
  rig.ask([0, 1], [0, 0]);
  expect(rig.talk.stream.writes).toHaveLength(before + 1);
  rig.read();
  expect(rig.answers).toEqual(['0:0', '0:1', '0:0']);
  expect(rig.sent).toBe(3 * BLOCK);
  expect(rig.storage.counters.reads).toBe(1);
});

test('a slow disk delays its peer, with few reads at a time, each made once, and nothing is lost', async () => {
  const rig = await Rig.create();
  rig.storage.slow(1_000);
  const asked = [0, 5, 9, 11, 13, 15].map((piece) => [piece, 0] as const);
  rig.ask(...asked, [5, 1]);
  await rig.clock.run(undefined, 1_000);
  expect(rig.storage.counters.reads).toBe(4);
  rig.read();
  expect(rig.answers).toEqual(['0:0', '5:0', '9:0', '11:0']);
  await rig.clock.run(undefined, 5_000);
  rig.read();
  expect(rig.answers).toEqual(['0:0', '5:0', '9:0', '11:0', '13:0', '15:0', '5:1']);
  expect(rig.storage.counters.reads).toBe(6);
});

test('pieces of a megabyte are read one at a time, smaller ones beside each other, four at most', () => {
  expect([16, 128, 256, 512, 1_024, 16_384].map((kib) => readsBeside(kib * 1024))).toEqual([3, 3, 3, 1, 0, 0]);
});

test('a request taken back while its block is read is not answered, and the next one is', async () => {
  const rig = await Rig.create();
  rig.storage.slow(1_000);
  rig.ask([0, 0], [5, 1]);
  rig.talk.remote.cancel(0, 0, BLOCK);
  rig.read();
  await rig.clock.run(undefined, 5_000);
  rig.read();
  // Taken back, so that the wire passes on neither block nor reject.
  expect(rig.answers).toEqual(['5:1']);
  expect(rig.sent).toBe(BLOCK);
});

test('a piece that is not here is refused, what is behind it served', async () => {
  const rig = await Rig.create();
  rig.missing = 3;
  rig.ask([3, 0], [3, 1], [4, 0]);
  await turn();
  rig.read();
  expect(rig.answers).toEqual(['reject 3:0', 'reject 3:1', '4:0']);
  expect(rig.errors).toEqual([]);
});

test('a read that fails is refused and told', async () => {
  const rig = await Rig.create();
  rig.storage.failReads((piece) => piece === 2);
  rig.ask([2, 0]);
  await turn();
  rig.talk.connection.flush();
  rig.read();
  expect(rig.answers).toEqual(['reject 2:0']);
  expect(rig.errors).toMatchObject([{ message: expect.stringContaining('piece 2') }]);
});

test('a socket that holds back is not read ahead for, and is served on after its drain', async () => {
  const rig = await Rig.create();
  rig.talk.stream.takesMore = false;
  const asked = Array.from({ length: 12 }, (_, piece) => [piece, 0] as const);
  rig.ask(...asked);
  // That it holds back is known once the first blocks were written, when the next are on their way from the disk.
  for (let turns = 0; turns < 10; turns++) await turn();
  expect([rig.storage.counters.reads, rig.sent]).toEqual([8, 5 * BLOCK]);
  rig.talk.stream.drain();
  for (let turns = 0; turns < 10; turns++) await turn();
  rig.read();
  expect(rig.answers).toEqual(asked.map(([piece]) => `${piece}:0`));
  expect(rig.storage.counters.reads).toBe(12);
});

test('large answers leave in batches of 256 KiB', async () => {
  const rig = await Rig.create();
  const blocks = Array.from({ length: 40 }, (_, index) => [index >> 1, index & 1] as const);
  for (const block of blocks) {
    rig.ask(block);
    await turn();
  }
  rig.read();
  rig.answers.length = 0;
  const before = rig.talk.stream.writes.length;
  rig.ask(...blocks);
  const sizes = rig.talk.stream.writes.slice(before).map((write) => write.reduce((sum, { length }) => sum + length, 0));
  expect(sizes.map((size) => Math.round(size / BLOCK))).toEqual([16, 16, 8]);
  rig.read();
  expect(rig.answers).toHaveLength(40);
});

test('a peer that is gone when its block has been read costs nothing and is not counted', async () => {
  const rig = await Rig.create();
  rig.storage.slow(1_000);
  rig.ask([0, 0], [1, 0]);
  rig.talk.connection.close('enough');
  await rig.clock.run(undefined, 5_000);
  expect(rig.sent).toBe(0);
  // What was begun is read to its end.
  expect(rig.storage.counters.reads).toBe(2);
  expect(rig.errors).toEqual([]);
});

test('a wire that an extension ended meanwhile is not served for ever', async () => {
  const rig = await Rig.create();
  rig.ask([0, 0]);
  await turn();
  rig.storage.slow(1_000);
  rig.ask([0, 1], [7, 0], [7, 1]);
  rig.talk.connection.wire.fault('ERR_WIRE_EXTENSION', 'broken');
  rig.upload.serve();
  await rig.clock.run(undefined, 5_000);
  expect(rig.talk.connection.writable).toBe(false);
});
