// Reading a file while it downloads.

import { MemoryStorage } from '@shoal/storage';
import { expect, test } from 'vitest';
import { faultyDisk, filledStorage, type MadeTorrent, type Member, makeTorrent, World } from './harness.ts';

const MIB = 1 << 20;
const SLOW = { up: 200_000, down: 200_000 };

async function film(
  name: string,
  options: { torrent?: object; storage?: MemoryStorage } = {},
): Promise<{
  world: World;
  made: MadeTorrent;
  leech: Member;
}> {
  const world = new World(name);
  const made = makeTorrent(world.random, [100_000, 8 * MIB, 50_000], 65_536);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: SLOW });
  const leech = await world.join('10.0.0.2', made, { host: SLOW, ...options });
  return { world, made, leech };
}

/** Reads to the end; notes when the first bytes came. */
function collect(
  world: World,
  reading: AsyncGenerator<Uint8Array>,
): { firstAt?: number; bytes: number; parts: Uint8Array[]; ended?: unknown } {
  const seen: { firstAt?: number; bytes: number; parts: Uint8Array[]; ended?: unknown } = { bytes: 0, parts: [] };
  void (async () => {
    try {
      for await (const part of reading) {
        seen.firstAt ??= world.clock.now();
        seen.bytes += part.length;
        seen.parts.push(Uint8Array.from(part));
      }
      seen.ended = 'end';
    } catch (error) {
      seen.ended = error;
    }
  })();
  return seen;
}

/** When the last 64 KiB of the film are here, read or only downloaded. */
async function tailAt(isRead: boolean): Promise<{ tail: number; whole: number }> {
  const { world, made, leech } = await film('tail');
  const { layout } = made.metainfo;
  const started = world.clock.now();
  const start = 8 * MIB - 65_536;
  const seen = isRead ? collect(world, leech.torrent.read(1, { start })) : undefined;
  const first = Math.floor((100_000 + start) / layout.pieceLength);
  const isHere = (): boolean => [first, first + 1].every((piece) => leech.torrent.have?.has(piece));
  await world.clock.run(() => (seen ? seen.ended === 'end' : isHere()), 300_000);
  const tail = world.clock.now() - started;
  if (seen)
    expect(Buffer.compare(Buffer.concat(seen.parts), made.data.subarray(100_000 + start, 100_000 + 8 * MIB))).toBe(0);
  await world.untilComplete(300_000);
  const whole = world.clock.now() - started;
  await world.close();
  return { tail, whole };
}

test('who reads the end of a big file over a slow line has it long before the download is complete', async () => {
  const [read, plain] = [await tailAt(true), await tailAt(false)];
  expect(read.tail).toBeLessThan(3_000);
  expect(read.tail).toBeLessThan(plain.tail / 5);
  // It costs the download itself next to nothing.
  expect(read.whole).toBeLessThan(plain.whole * 1.05);
});

test('read from the front at the pace of the line: bytes in order, and the first ones at once', async () => {
  const { world, made, leech } = await film('front');
  const seen = collect(world, leech.torrent.read(1));
  await world.clock.run(() => seen.bytes > 0, 10_000);
  expect(seen.firstAt).toBeLessThan(2_000);
  await world.clock.run(() => seen.bytes > 2 * MIB, 60_000);
  // No more than the window was fetched besides.
  expect(leech.torrent.snapshot().bytesDone).toBeLessThan(seen.bytes + 2 * MIB);
  await world.untilComplete(120_000);
  await world.clock.run(() => seen.ended === 'end', 1_000);
  expect(Buffer.compare(Buffer.concat(seen.parts), made.data.subarray(100_000, 100_000 + 8 * MIB))).toBe(0);
  await world.close();
});

test('several readers go on side by side', async () => {
  const { world, made, leech } = await film('several');
  const seen = [0, 3 * MIB, 6 * MIB].map((start) => collect(world, leech.torrent.read(1, { start, end: start + MIB })));
  const small = collect(world, leech.torrent.read(2));
  await world.clock.run(() => [...seen, small].every(({ bytes }) => bytes > 0), 20_000);
  await world.clock.run(() => [...seen, small].every(({ ended }) => ended === 'end'), 60_000);
  expect(leech.torrent.state).toBe('downloading');
  for (const [index, { parts }] of seen.entries()) {
    const from = 100_000 + index * 3 * MIB;
    expect(Buffer.compare(Buffer.concat(parts), made.data.subarray(from, from + MIB))).toBe(0);
  }
  await world.close();
});

test('a file that was not wanted becomes so', async () => {
  const { world, made, leech } = await film('unwanted', { torrent: { priorities: [4, 0, 0] } });
  await world.clock.run(() => leech.torrent.state === 'seeding', 20_000);
  const seen = collect(world, leech.torrent.read(2));
  await world.clock.run(() => seen.ended === 'end', 20_000);
  expect(Buffer.compare(Buffer.concat(seen.parts), made.data.subarray(100_000 + 8 * MIB))).toBe(0);
  expect(leech.torrent.priorities).toEqual([4, 0, 4]);
  await world.close();
});

test('an abort, an error and the end of the torrent end a reader; ranges are checked', async () => {
  const { world, leech } = await film('ends', {});
  await world.clock.run(() => leech.torrent.state === 'downloading', 1_000);
  const given = new AbortController();
  const aborted = collect(world, leech.torrent.read(1, { start: 7 * MIB, signal: given.signal }));
  const closed = collect(world, leech.torrent.read(1, { start: 6 * MIB }));
  await expect(leech.torrent.read(1, { start: 9 * MIB }).next()).rejects.toThrow(RangeError);
  await expect(leech.torrent.read(3).next()).rejects.toThrow(RangeError);
  given.abort(new Error('seen enough'));
  await world.clock.run(() => aborted.ended !== undefined, 1_000);
  expect(aborted.ended).toMatchObject({ message: 'seen enough' });
  await world.close();
  await world.clock.run(undefined, 1_000);
  expect(closed.ended).toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  await expect(leech.torrent.read(1).next()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  expect(world.clock.pending).toBe(0);
});

test('a reader waits for metadata, and can be told not to', async () => {
  const world = new World('metadata');
  const made = makeTorrent(world.random, [100_000], 65_536);
  const { session } = await world.join('10.0.0.2', makeTorrent(world.random, [1], 16_384), { sources: [] });
  const torrent = session.add({ infoHash: made.metainfo.infoHash });
  const given = new AbortController();
  const aborted = collect(world, torrent.read(0, { signal: given.signal }));
  const waiting = collect(world, torrent.read(0));
  await world.clock.advance(1_000);
  given.abort(new Error('too long'));
  await world.clock.advance(1);
  expect(aborted.ended).toMatchObject({ message: 'too long' });
  torrent.provide({ metainfo: made.metainfo, storage: await filledStorage(made) });
  await world.clock.run(() => waiting.ended === 'end', 1_000);
  expect(waiting.bytes).toBe(100_000);
  await world.close();
});

test('a disk that fails ends the readers with its error; after it is well, reading works again', async () => {
  const world = new World('broken disk');
  const made = makeTorrent(world.random, [2 * MIB], 65_536);
  await world.join('10.0.0.1', made, { storage: await filledStorage(made), host: SLOW });
  const storage = faultyDisk(new MemoryStorage({ layout: made.metainfo.layout }));
  const leech = await world.join('10.0.0.2', made, { storage, host: SLOW });
  const seen = collect(world, leech.torrent.read(0));
  await world.clock.run(() => seen.bytes > 0, 20_000);
  storage.full();
  await world.clock.run(() => seen.ended !== undefined, 20_000);
  expect(seen.ended).toMatchObject({ code: 'ERR_STORAGE' });
  storage.heal();
  await world.clock.run(() => leech.torrent.error === null, 60_000);
  const again = collect(world, leech.torrent.read(0));
  await world.clock.run(() => again.ended === 'end', 60_000);
  expect(Buffer.compare(Buffer.concat(again.parts), made.data)).toBe(0);
  await world.close();
});
