import { createHash } from 'node:crypto';
import { Picker } from '@shoal/picker';
import { Bitfield, BLOCK_LENGTH, Layout } from '@shoal/primitives';
import { ByteBudget, createHasher, MemoryStorage, PieceStore } from '@shoal/storage';
import { FaultyStorage, SimClock, seededRandom } from '@shoal/testkit';
import { expect, test } from 'vitest';
import { Download, type DownloadSlot } from '../src/download.ts';
import type { BlockSource } from '../src/index.ts';
import { turn } from './fake-stream.ts';

const PIECES = 4;
const BLOCKS = 4;
const layout = new Layout({ pieceLength: BLOCKS * BLOCK_LENGTH, files: [{ length: PIECES * BLOCKS * BLOCK_LENGTH }] });
const data = seededRandom('download').bytes(layout.totalLength);
const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

/** A source that sends only when the test says so. */
class Source implements BlockSource {
  readonly name: string;
  readonly slot: DownloadSlot;
  readonly asked: string[] = [];
  readonly cancelled: string[] = [];
  banned: string | undefined;
  readonly #download: Download;

  constructor(name: string, download: Download, have: readonly number[] = [0, 1, 2, 3]) {
    this.name = name;
    this.#download = download;
    this.slot = download.join(this);
    const field = new Bitfield(PIECES);
    for (const piece of have) field.set(piece);
    download.setHave(this.slot, field);
  }

  request(piece: number, begin: number, length: number): void {
    expect(length).toBe(BLOCK_LENGTH);
    this.asked.push(`${piece}:${begin / BLOCK_LENGTH}`);
  }

  cancel(piece: number, begin: number, length: number): void {
    expect(length).toBe(BLOCK_LENGTH);
    this.cancelled.push(`${piece}:${begin / BLOCK_LENGTH}`);
  }

  ban(reason: string): void {
    this.banned = reason;
  }

  /** Asks for blocks; answers which. */
  fill(count: number): string[] {
    const before = this.asked.length;
    this.#download.fill(this.slot, count);
    return this.asked.slice(before);
  }

  /** Sends part of a block, wrong bytes where `flip` is set. */
  part(block: string, from = 0, to: number = BLOCK_LENGTH, flip = 0): void {
    const [piece, index] = block.split(':').map(Number) as [number, number];
    const begin = index * BLOCK_LENGTH;
    const at = piece * layout.pieceLength + begin;
    const bytes = Uint8Array.from(data.subarray(at + from, at + to), (byte) => byte ^ flip);
    this.#download.part(this.slot, piece, begin + from, bytes);
  }

  send(block: string, flip = 0): void {
    this.part(block, 0, BLOCK_LENGTH, flip);
    const [piece, index] = block.split(':').map(Number) as [number, number];
    this.#download.block(this.slot, piece, index * BLOCK_LENGTH);
  }
}

class Rig {
  readonly clock = new SimClock();
  readonly inner = new MemoryStorage({ layout });
  readonly storage = new FaultyStorage(this.inner, { clock: this.clock });
  readonly budget: ByteBudget;
  readonly store: PieceStore;
  readonly picker: Picker;
  readonly download: Download;
  readonly pieces: number[] = [];
  readonly bad: (readonly string[])[] = [];
  readonly errors: unknown[] = [];
  work = 0;

  constructor(memory = 1 << 20) {
    this.budget = new ByteBudget(memory);
    this.store = new PieceStore({
      layout,
      storage: this.storage,
      hasher: createHasher({ sha1 }),
      expectation: (piece) => ({
        sha1: sha1(data.subarray(piece * layout.pieceLength, (piece + 1) * layout.pieceLength)),
      }),
      budget: this.budget,
      onError: (error) => this.errors.push(error),
      onAttempt: (piece, _, checksums) => this.download.attempted(piece, checksums),
    });
    this.picker = new Picker({ geometry: layout, random: seededRandom('picker').number, limits: { randomFirst: 0 } });
    this.download = new Download({
      layout,
      picker: this.picker,
      store: this.store,
      budget: this.budget,
      now: () => 0,
      events: {
        onPiece: (piece) => this.pieces.push(piece),
        onBadPiece: (_, from) => this.bad.push(from),
        onStorageError: (error) => this.errors.push(error),
        onWork: () => {
          this.work++;
        },
      },
    });
  }

  source(name: string, have?: readonly number[]): Source {
    return new Source(name, this.download, have);
  }

  async settle(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) await turn();
    this.picker.checkInvariants();
    this.store.checkInvariants();
  }
}

test('blocks become pieces, pieces become had', async () => {
  const rig = new Rig();
  const one = rig.source('one');
  for (const block of one.fill(100)) one.send(block);
  await rig.settle();
  expect(rig.pieces.sort()).toEqual([0, 1, 2, 3]);
  expect(rig.download.have.isFull).toBe(true);
  expect(rig.download.isInteresting(one.slot)).toBe(false);
  expect(Buffer.compare(rig.inner.file(0) as Uint8Array, data)).toBe(0);
  expect(one.slot.requests.size).toBe(0);
});

test('in the end game the first copy wins and the others are cancelled', async () => {
  const rig = new Rig();
  const [slow, fast] = [rig.source('slow'), rig.source('fast')];
  const asked = slow.fill(100);
  expect(asked).toHaveLength(16);
  const again = fast.fill(16);
  expect(again.length).toBeGreaterThan(0);
  for (const block of again) fast.send(block);
  expect(slow.cancelled.sort()).toEqual([...again].sort());
  // What was on its way is dropped.
  for (const block of again) slow.send(block, 0xff);
  for (const block of asked.filter((block) => !again.includes(block))) slow.send(block);
  await rig.settle();
  expect(rig.pieces).toHaveLength(4);
  expect(rig.bad).toEqual([]);
});

test('whoever sent a bad piece alone is banned at once, and the piece is asked for again', async () => {
  const rig = new Rig();
  const liar = rig.source('liar', [0]);
  const blocks = liar.fill(4);
  for (const block of blocks) liar.send(block, 1);
  await rig.settle();
  expect(liar.banned).toMatch(/piece 0/);
  expect(rig.bad).toEqual([['liar']]);
  rig.download.leave(liar.slot);
  const honest = rig.source('honest');
  for (const block of honest.fill(100)) honest.send(block);
  await rig.settle();
  expect(rig.pieces).toHaveLength(4);
  expect(honest.banned).toBeUndefined();
});

/** Two sources share piece 0, and one block of it is bad. */
async function sharedBadPiece(rig: Rig): Promise<{ liar: Source; victim: Source }> {
  const [liar, victim] = [rig.source('liar', [0]), rig.source('victim', [0])];
  const [bad] = liar.fill(1) as [string];
  const rest = victim.fill(3);
  liar.send(bad, 1);
  for (const block of rest) victim.send(block);
  await rig.settle();
  return { liar, victim };
}

test('of several who shared a bad piece, exactly the one whose block was bad is banned, once the piece is good', async () => {
  const rig = new Rig();
  const { liar, victim } = await sharedBadPiece(rig);
  expect(rig.bad).toEqual([['liar', 'victim']]);
  expect([liar.banned, victim.banned]).toEqual([undefined, undefined]);
  // On parole the piece is one source's at a time.
  const again = victim.fill(4);
  expect(again).toHaveLength(4);
  expect(liar.fill(1)).toEqual([]);
  for (const block of again) victim.send(block);
  await rig.settle();
  expect(rig.pieces).toEqual([0]);
  expect(liar.banned).toMatch(/piece 0/);
  expect(victim.banned).toBeUndefined();
});

test('whoever sends a piece on parole badly is banned at once', async () => {
  const rig = new Rig();
  const { liar, victim } = await sharedBadPiece(rig);
  for (const block of liar.fill(4)) liar.send(block, 1);
  await rig.settle();
  expect(liar.banned).toMatch(/piece 0/);
  expect(victim.banned).toBeUndefined();
});

test("half a block is a share: who leaves wrong bytes in another one's piece does not leave him alone with the blame", async () => {
  const rig = new Rig();
  const [poisoner, honest] = [rig.source('poisoner', [0]), rig.source('honest', [0])];
  const [block] = poisoner.fill(1) as [string];
  poisoner.part(block, 0, 8_192, 1);
  rig.download.leave(poisoner.slot);
  const blocks = honest.fill(4);
  // The rest of the block makes it whole before its first half came again.
  honest.part(block, 8_192, BLOCK_LENGTH);
  for (const each of blocks) honest.send(each);
  await rig.settle();
  expect(rig.bad).toEqual([['poisoner', 'honest']]);
  expect(honest.banned).toBeUndefined();
});

test('what a source gives back is asked of others', async () => {
  const rig = new Rig();
  const [one, two] = [rig.source('one', [0]), rig.source('two', [0])];
  const asked = one.fill(4);
  expect(asked).toHaveLength(4);
  rig.download.release(one.slot, [{ piece: 0, begin: 0 }]);
  expect(two.fill(1)).toEqual(['0:0']);
  rig.download.releaseAll(one.slot);
  expect(one.cancelled.sort()).toEqual(['0:1', '0:2', '0:3']);
  expect(two.fill(3).sort()).toEqual(['0:1', '0:2', '0:3']);
  const { work } = rig;
  rig.download.leave(two.slot);
  expect(rig.work).toBe(work + 1);
  rig.download.leave(two.slot);
  expect(rig.work).toBe(work + 1);
  expect(one.fill(4)).toHaveLength(4);
});

test('a piece whose blocks were all here before is verified without asking anybody', async () => {
  const rig = new Rig();
  await rig.inner.write(2, 0, data.subarray(2 * layout.pieceLength, 3 * layout.pieceLength));
  rig.store.restore(2, [0, 1, 2, 3]);
  rig.store.restore(1, [0, 1]);
  for (const { piece, blocks } of [...rig.store.pending()]) rig.download.restore(piece, blocks);
  const one = rig.source('one');
  expect(one.fill(100).filter((block) => /^(2:|1:[01])/.test(block))).toEqual([]);
  await rig.settle();
  expect(rig.pieces).toEqual([2]);
});

test("what was here before and is wrong is nobody's fault, and is fetched", async () => {
  const rig = new Rig();
  await rig.inner.write(2, 0, new Uint8Array(layout.pieceLength));
  rig.store.restore(2, [0, 1, 2, 3]);
  rig.download.restore(2, [0, 1, 2, 3]);
  await rig.settle();
  expect(rig.bad).toEqual([[]]);
  expect(rig.source('one', [2]).fill(4)).toHaveLength(4);
});

test('who completes a piece that was wrong on disk is not blamed', async () => {
  const rig = new Rig();
  await rig.inner.write(2, 0, new Uint8Array(layout.pieceLength));
  rig.store.restore(2, [0, 1]);
  rig.download.restore(2, [0, 1]);
  const honest = rig.source('honest', [2]);
  for (const block of honest.fill(4)) honest.send(block);
  await rig.settle();
  expect(rig.bad).toEqual([['honest']]);
  expect(honest.banned).toBeUndefined();
  for (const block of honest.fill(4)) honest.send(block);
  await rig.settle();
  expect(rig.pieces).toEqual([2]);
});

test('a disk that refuses a verified piece is told, and the piece is not had', async () => {
  const rig = new Rig();
  rig.storage.full();
  const one = rig.source('one', [0]);
  for (const block of one.fill(4)) one.send(block);
  await rig.settle();
  expect(rig.errors).toMatchObject([{ code: 'ENOSPC' }]);
  expect(rig.download.have.count).toBe(0);
  expect(one.banned).toBeUndefined();
});

test('finish gives verdicts and writes the rest; on a disk that takes nothing it frees the memory', async () => {
  const rig = new Rig();
  const one = rig.source('one');
  const blocks = one.fill(16).sort();
  for (const block of blocks.slice(0, 6)) one.send(block);
  one.part(blocks[12] as string, 0, 5_000);
  await rig.download.finish();
  expect(rig.pieces).toEqual([0]);
  expect([...rig.store.pending()]).toEqual([{ piece: 1, blocks: [0, 1], stored: [0, 1] }]);
  expect(rig.budget.firm).toBe(0);

  rig.storage.full();
  for (const block of blocks.slice(6, 12)) one.send(block);
  one.part(blocks[13] as string, 0, 5_000);
  await rig.settle();
  expect(rig.errors.length).toBeGreaterThan(0);
  expect(rig.budget.firm).toBeGreaterThan(0);
  await rig.download.finish();
  expect(rig.budget.firm).toBe(0);
  expect(rig.download.have.count).toBe(1);
});

test('nobody is asked while memory is full, and everybody once there is room', async () => {
  const rig = new Rig(2 * layout.pieceLength);
  rig.storage.slow(1_000);
  const one = rig.source('one');
  const blocks = one.fill(16).sort();
  for (const block of blocks.slice(0, 5)) one.send(block);
  expect(one.fill(1)).toEqual([]);
  const { work } = rig;
  await rig.clock.run(() => rig.work > work, 10_000);
  expect(rig.store.hasRoom).toBe(true);
});

test('half a block of somebody who left does not fill the memory for good', async () => {
  const rig = new Rig(layout.pieceLength);
  const one = rig.source('one');
  one.part(one.fill(1)[0] as string, 0, 1_000);
  expect(rig.store.hasRoom).toBe(false);
  rig.download.leave(one.slot);
  const two = rig.source('two');
  expect(two.fill(4)).toEqual([]);
  await rig.settle();
  expect(rig.store.hasRoom).toBe(true);
  expect(two.fill(4)).toHaveLength(4);
});

test('after stop nothing is asked, kept or told', async () => {
  const rig = new Rig();
  const one = rig.source('one');
  const blocks = one.fill(16).sort();
  for (const block of blocks.slice(0, 4)) one.send(block);
  rig.download.stop();
  for (const block of blocks.slice(4)) one.send(block);
  await rig.settle();
  expect(one.fill(16)).toEqual([]);
  expect(rig.pieces).toEqual([]);
  // The verdict that was under way is not lost, only untold.
  expect([...rig.download.have]).toEqual([0]);
  expect(rig.work).toBe(0);
});
