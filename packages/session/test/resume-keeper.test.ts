import { Bitfield, InfoHash, Layout } from '@shoal/primitives';
import { SimClock } from '@shoal/testkit';
import { expect, test } from 'vitest';
import type { SessionError, StateStore } from '../src/index.ts';
import { decodeResumeData } from '../src/resume-data.ts';
import { type Gathered, ResumeKeeper } from '../src/resume-keeper.ts';
import { memoryStateStore } from './harness.ts';

const infoHash = InfoHash.fromHex('aa'.repeat(20));
const layout = new Layout({ pieceLength: 16_384, files: [{ length: 40_000, padding: false }] });
const progress = { uploaded: 5, downloaded: 7, seedingMs: 9 };

class Rig {
  readonly clock = new SimClock();
  readonly store: StateStore;
  readonly failed: SessionError[] = [];
  readonly keeper: ResumeKeeper;
  gathered: Gathered = { storage: undefined, progress };
  saves = 0;

  constructor(store: StateStore = memoryStateStore(), key = 'key') {
    this.store = store;
    this.keeper = new ResumeKeeper({
      clock: this.clock,
      store: {
        ...store,
        save: (name, bytes) => {
          this.saves++;
          return store.save(name, bytes);
        },
      },
      infoHash,
      key,
      gather: async () => this.gathered,
      onFailed: (error) => this.failed.push(error),
    });
  }

  have(...pieces: number[]): this {
    const have = new Bitfield(layout.pieceCount);
    for (const piece of pieces) have.set(piece);
    this.gathered = { storage: { have, stamps: [{ size: 40_000, mtimeMs: 1 }], partial: [] }, progress };
    return this;
  }

  async saved(key = 'key'): Promise<number[] | undefined> {
    const bytes = await this.store.load(key);
    const data = bytes && decodeResumeData(bytes, infoHash, layout);
    return data && Array.from({ length: 3 }, (_, piece) => piece).filter((piece) => data.storage.have.has(piece));
  }
}

test('nothing is saved before what was saved has been read', async () => {
  const store = memoryStateStore();
  const before = new Rig(store).have(0, 1, 2);
  await before.keeper.recall(layout);
  await before.keeper.save();
  const rig = new Rig(store);
  await rig.keeper.save();
  rig.keeper.saveSoon();
  await rig.clock.advance(10_000);
  expect(rig.saves).toBe(0);
  expect(await rig.keeper.recall(layout)).toEqual(progress);
  expect(rig.keeper.remembered?.have.count).toBe(3);
});

test('where the pieces have not been looked for, what was known of them stays', async () => {
  const store = memoryStateStore();
  const before = new Rig(store).have(0, 2);
  await before.keeper.recall(layout);
  await before.keeper.save();
  const rig = new Rig(store);
  await rig.keeper.recall(layout);
  rig.gathered = { storage: undefined, progress: { ...progress, priorities: [7] } };
  await rig.keeper.save();
  expect(await rig.saved()).toEqual([0, 2]);
  expect(decodeResumeData((await store.load('key')) as Uint8Array, infoHash, layout)?.progress.priorities).toEqual([7]);
});

test('many changes make one save, five seconds later', async () => {
  const rig = new Rig().have(1);
  await rig.keeper.recall(layout);
  for (let change = 0; change < 10; change++) rig.keeper.saveSoon();
  await rig.clock.advance(4_999);
  expect(rig.saves).toBe(0);
  await rig.clock.advance(1);
  expect([rig.saves, rig.clock.pending]).toEqual([1, 0]);
  expect(await rig.saved()).toEqual([1]);
  rig.keeper.saveSoon();
  rig.keeper.stop();
  await rig.clock.advance(10_000);
  expect(rig.saves).toBe(1);
});

test('distrust vouches for nothing, and keeps the counters', async () => {
  const rig = new Rig().have(0, 1);
  await rig.keeper.recall(layout);
  await rig.keeper.save();
  rig.gathered = { storage: undefined, progress };
  await rig.keeper.distrust();
  expect(rig.keeper.remembered).toBeUndefined();
  expect(await rig.saved()).toEqual([]);
  expect(await new Rig(rig.store).keeper.recall(layout)).toEqual(progress);
});

test('forget deletes; rename moves, and leaves the old where the new cannot be written', async () => {
  const rig = new Rig().have(0);
  await rig.keeper.recall(layout);
  await rig.keeper.save();
  await rig.keeper.rename('key');
  await rig.keeper.rename('other');
  expect([await rig.saved(), await rig.saved('other')]).toEqual([undefined, [0]]);
  await rig.keeper.forget();
  expect(await rig.saved('other')).toBeUndefined();

  const inner = memoryStateStore();
  const refusing: StateStore = {
    ...inner,
    save: (key, bytes) => (key === 'new' ? Promise.reject(new Error('read-only')) : inner.save(key, bytes)),
  };
  const stuck = new Rig(refusing).have(0);
  await stuck.keeper.recall(layout);
  await stuck.keeper.save();
  await stuck.keeper.rename('new');
  expect(await stuck.saved()).toEqual([0]);
  expect(stuck.failed).toMatchObject([{ code: 'ERR_SAVE', message: 'read-only' }]);
});

test('a failure is told once, until a save has worked', async () => {
  let fails = true;
  const inner = memoryStateStore();
  const rig = new Rig({
    ...inner,
    save: (key, bytes) => (fails ? Promise.reject(new Error('full')) : inner.save(key, bytes)),
  });
  await rig.keeper.recall(layout);
  await rig.keeper.save();
  await rig.keeper.save();
  fails = false;
  await rig.keeper.save();
  fails = true;
  await rig.keeper.save();
  expect(rig.failed).toHaveLength(2);
});

test('a state that cannot be read stops the torrent, as a disk does, and can be read again', async () => {
  let fails = true;
  const inner = memoryStateStore();
  const cause = Object.assign(new Error('EIO'), { path: '/state/key' });
  const rig = new Rig({ ...inner, load: (key) => (fails ? Promise.reject(cause) : inner.load(key)) });
  await expect(rig.keeper.recall(layout)).rejects.toMatchObject({ code: 'ERR_STORAGE', cause: { path: '/state/key' } });
  expect(rig.keeper.hasRecalled).toBe(false);
  fails = false;
  expect(await rig.keeper.recall(layout)).toBeUndefined();
  expect(rig.keeper.hasRecalled).toBe(true);
});

test('closed, it saves when told and not of itself', async () => {
  const rig = new Rig().have(0);
  await rig.keeper.recall(layout);
  rig.keeper.saveSoon();
  rig.keeper.close();
  rig.keeper.saveSoon();
  expect(rig.clock.pending).toBe(0);
  await rig.keeper.save();
  expect(rig.saves).toBe(1);
});

test('without a state store what is known lasts for this run', async () => {
  const have = new Bitfield(layout.pieceCount);
  have.set(1);
  const keeper = new ResumeKeeper({
    clock: new SimClock(),
    store: undefined,
    infoHash,
    key: 'key',
    gather: async () => ({ storage: { have, stamps: [null], partial: [] }, progress }),
    onFailed: () => undefined,
  });
  expect(await keeper.recall(layout)).toBeUndefined();
  await keeper.save();
  expect(keeper.remembered?.have.has(1)).toBe(true);
});
