import { MemoryStorage, type Verification } from '@shoal/storage';
import { expect, test } from 'vitest';
import { filledStorage, makeTorrent, World } from './harness.ts';

/** A storage that judges even pieces itself and leaves the others; what it is asked to read is counted. */
class Judge extends MemoryStorage {
  readonly judged: number[] = [];
  readonly read_: number[] = [];

  override read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    this.read_.push(piece);
    return super.read(piece, begin, into);
  }

  async verify(pieces: readonly number[], { onChecked, goesOn }: Verification): Promise<readonly number[]> {
    for (const piece of pieces) {
      if (piece % 2 !== 0 || !goesOn()) continue;
      this.judged.push(piece);
      onChecked(piece, piece === 2 ? 'bad' : 'ok');
    }
    return pieces.filter((piece) => piece % 2 !== 0);
  }
}

test('a storage’s own verdicts count, the pieces it leaves are read, and a bad one is fetched', async () => {
  const world = new World('judge');
  const made = makeTorrent(world.random, [300_000], 32_768);
  const { layout } = made.metainfo;
  const storage = new Judge({ layout });
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const at = piece * layout.pieceLength;
    await storage.write(piece, 0, made.data.subarray(at, at + layout.pieceSize(piece)));
  }
  const { torrent } = await world.join('10.0.0.1', made, { storage });
  await world.clock.run(() => torrent.state === 'downloading', 10_000);
  expect(storage.judged).toEqual([0, 2, 4, 6, 8]);
  expect(storage.read_.sort()).toEqual([1, 3, 5, 7, 9]);
  expect([torrent.have?.has(2), torrent.have?.count]).toEqual([false, layout.pieceCount - 1]);
  expect(torrent.snapshot().bytesChecked).toBe(layout.totalLength);
  await world.join('10.0.0.2', made, { storage: await filledStorage(made) });
  torrent.addPeers(['10.0.0.2:6881']);
  await world.clock.run(() => torrent.state === 'seeding', 60_000);
  expect(torrent.have?.isFull).toBe(true);
  await world.close();
});
