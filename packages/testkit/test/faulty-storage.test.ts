import { describe, expect, test } from 'vitest';
import { FaultyStorage, SimClock, type SimStamp, type SimStorage } from '../src/index.ts';

/** One buffer, pieces of 100 bytes. */
class Memory implements SimStorage {
  readonly bytes = new Uint8Array(1000);
  wanted: readonly boolean[] = [true];
  place = 'here';
  async open(): Promise<void> {}
  async read(piece: number, begin: number, into: Uint8Array): Promise<void> {
    into.set(this.bytes.subarray(piece * 100 + begin, piece * 100 + begin + into.length));
  }
  async write(piece: number, begin: number, bytes: Uint8Array): Promise<void> {
    this.bytes.set(bytes, piece * 100 + begin);
  }
  async stamps(): Promise<SimStamp[]> {
    return [{ size: 1000, mtimeMs: 1 }];
  }
  async flush(): Promise<void> {}
  async setWanted(files: readonly boolean[]): Promise<void> {
    this.wanted = files;
  }
  async move(to: string): Promise<void> {
    this.place = to;
  }
  async remove(): Promise<void> {
    this.bytes.fill(0);
  }
  async close(): Promise<void> {}
}

describe('FaultyStorage', () => {
  test('without faults it is the storage behind it', async () => {
    const storage = new FaultyStorage(new Memory());
    await storage.open();
    await storage.write(1, 10, Uint8Array.of(1, 2, 3));
    const into = new Uint8Array(3);
    await storage.read(1, 10, into);
    expect(into).toEqual(Uint8Array.of(1, 2, 3));
    expect(await storage.stamps()).toEqual([{ size: 1000, mtimeMs: 1 }]);
    await storage.flush();
    await storage.close();
    expect(storage.counters).toEqual({ reads: 1, writes: 1, bytesRead: 3, bytesWritten: 3, faults: 0 });
  });

  test('a full disk refuses the write that does not fit, and no byte of it arrives', async () => {
    const memory = new Memory();
    const storage = new FaultyStorage(memory);
    storage.full(4);
    await storage.write(0, 0, Uint8Array.of(1, 2, 3));
    await expect(storage.write(0, 3, Uint8Array.of(4, 5))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(memory.bytes[3]).toBe(0);
    storage.heal();
    await storage.write(0, 3, Uint8Array.of(4, 5));
    expect(memory.bytes[4]).toBe(5);
  });

  test('reads and writes fail where told, with the error asked for', async () => {
    const storage = new FaultyStorage(new Memory(), {
      error: (fault, message) => Object.assign(new Error(message), { code: `ERR_${fault}` }),
    });
    storage.failReads((piece) => piece === 2);
    storage.failWrites((_, begin) => begin === 50);
    await storage.read(1, 0, new Uint8Array(1));
    await expect(storage.read(2, 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_read' });
    await storage.write(2, 0, new Uint8Array(1));
    await expect(storage.write(2, 50, new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_write' });
    expect(storage.counters.faults).toBe(2);
  });

  test('flushing, moving and removing fail where told, and reach the storage behind otherwise', async () => {
    const memory = new Memory();
    const storage = new FaultyStorage(memory);
    storage.fail('flush', 'move', 'remove');
    for (const work of [storage.flush(), storage.move('there'), storage.remove()]) {
      await expect(work).rejects.toMatchObject({ code: 'EIO' });
    }
    expect([memory.place, storage.counters.faults]).toEqual(['here', 3]);
    storage.heal();
    await storage.setWanted([false]);
    await storage.flush();
    await storage.move('there');
    expect([memory.place, memory.wanted]).toEqual(['there', [false]]);
    memory.bytes.fill(1);
    await storage.remove();
    expect(memory.bytes[0]).toBe(0);
  });

  test('a slow disk takes its time on the clock', async () => {
    const clock = new SimClock();
    const storage = new FaultyStorage(new Memory(), { clock });
    storage.slow(100, 300);
    let readAt = 0;
    let writtenAt = 0;
    void storage.read(0, 0, new Uint8Array(1)).then(() => {
      readAt = clock.now();
    });
    void storage.write(0, 0, new Uint8Array(1)).then(() => {
      writtenAt = clock.now();
    });
    await clock.run(() => writtenAt > 0);
    expect([readAt, writtenAt]).toEqual([100, 300]);
    expect(() => new FaultyStorage(new Memory()).slow(1)).toThrow(TypeError);
  });
});
