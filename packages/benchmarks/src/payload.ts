// The data that is transferred: bytes that look random and are the same each time, on a disk that is memory where there
// is one.
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MIB: number = 1024 * 1024;

export interface Payload {
  readonly path: string;
  readonly dir: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/** A folder of our own with room for the payload, its copy and a spare: in /dev/shm, else the temporary folder. */
export async function makeFolder(size: number): Promise<{ readonly folder: string; readonly inMemory: boolean }> {
  const shared = await statfs('/dev/shm').catch(() => undefined);
  const inMemory = shared !== undefined && shared.bavail * shared.bsize > 4 * size + 64 * MIB;
  return { folder: await mkdtemp(join(inMemory ? '/dev/shm' : tmpdir(), 'shoal-bench-')), inMemory };
}

/** Writes `DIR/payload.bin`. */
export async function makePayload(dir: string, size: number): Promise<Payload> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'payload.bin');
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update('shoal').digest(), Buffer.alloc(16));
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(MIB);
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < size; at += MIB) {
      const bytes = cipher.update(zeros.subarray(0, Math.min(MIB, size - at)));
      hash.update(bytes);
      await file.write(bytes);
    }
  } finally {
    await file.close();
  }
  return { path, dir, size, sha256: hash.digest('hex') };
}

/** Hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: MIB })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
