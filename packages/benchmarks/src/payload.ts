// The data that is transferred: bytes that look random and are the same each time, on a disk that is memory where there
// is one, unless a real disk is asked for.
import { type Cipher, createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const KIB: number = 1024;
export const MIB: number = 1024 * KIB;

const MEMORY = '/dev/shm';
/** What `statfs` says of a file system in memory. */
const TMPFS = 0x01021994;
const FILES_IN_A_FOLDER = 100;

export interface Payload {
  /** The file, or the folder of files. */
  readonly path: string;
  readonly dir: string;
  readonly size: number;
  /** Hex, as `digestOf` says it of the path. */
  readonly sha256: string;
}

/** A folder of our own with room for so many bytes in /dev/shm, else in the temporary folder. */
export async function makeFolder(room: number): Promise<{ readonly folder: string; readonly inMemory: boolean }> {
  const shared = await statfs(MEMORY).catch(() => undefined);
  const inMemory = shared !== undefined && shared.bavail * shared.bsize > room;
  return { folder: await mkdtemp(join(inMemory ? MEMORY : tmpdir(), 'shoal-bench-')), inMemory };
}

/** A folder of our own with room for so many bytes in the temporary folder, which must be on a disk. */
export async function makeFolderOnDisk(room: number): Promise<string> {
  const { type, bavail, bsize } = await statfs(tmpdir());
  if (type === TMPFS) throw new Error(`${tmpdir()} is in memory: name a folder on a disk in TMPDIR`);
  if (bavail * bsize < room) {
    throw new Error(`${tmpdir()} has room for ${toMib(bavail * bsize)} MiB and ${toMib(room)} are needed`);
  }
  return mkdtemp(join(tmpdir(), 'shoal-bench-'));
}

/** Writes `DIR/payload.bin`, to the disk where there is one. */
export async function makePayload(dir: string, size: number): Promise<Payload> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'payload.bin');
  await writeBytes(path, size, makeCipher());
  return { path, dir, size, sha256: await digestOf(path) };
}

/** Writes `count` files, none of them empty, in folders of a hundred below `DIR/payload`: sizes from next to nothing to twice the mean. */
export async function makeTree(dir: string, size: number, count: number): Promise<Payload> {
  if (size < count) throw new RangeError(`${size} bytes are not enough for ${count} files with something in each`);
  const path = join(dir, 'payload');
  const cipher = makeCipher();
  for (let at = 0; at < count; at++) {
    const folder = join(path, `folder-${number(Math.floor(at / FILES_IN_A_FOLDER))}`);
    if (at % FILES_IN_A_FOLDER === 0) await mkdir(folder, { recursive: true });
    await writeBytes(join(folder, `file-${number(at)}.bin`), sizeOfFile(at, size, count), cipher);
  }
  return { path, dir, size, sha256: await digestOf(path) };
}

/** Files in turn get less and more than the mean by the same amount, so that the sum is exact and no boundary falls on a piece's. */
function sizeOfFile(at: number, size: number, count: number): number {
  const mean = Math.floor(size / count);
  const remainder = at === count - 1 ? size - mean * count : 0;
  const pair = at >> 1;
  const isAlone = at === count - 1 && count % 2 === 1;
  const offset = isAlone ? 0 : Math.floor(((pair * 0.618_033_988_75) % 1) * (mean - 1));
  return mean + remainder + (at % 2 === 0 ? offset : -offset);
}

/** Hex SHA-256 of a file, or of the names, sizes and bytes of all files below a folder. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const add = async (file: string): Promise<void> => {
    for await (const chunk of createReadStream(file, { highWaterMark: MIB })) hash.update(chunk as Buffer);
  };
  if (!(await stat(path)).isDirectory()) {
    await add(path);
    return hash.digest('hex');
  }
  const names = await readdir(path, { recursive: true });
  for (const name of names.sort()) {
    const status = await stat(join(path, name));
    if (!status.isFile()) continue;
    hash.update(`${name}\0${status.size}\0`);
    await add(join(path, name));
  }
  return hash.digest('hex');
}

function makeCipher(): Cipher {
  return createCipheriv('aes-256-ctr', createHash('sha256').update('shoal').digest(), Buffer.alloc(16));
}

async function writeBytes(path: string, size: number, cipher: Cipher): Promise<void> {
  const zeros = Buffer.alloc(Math.min(MIB, size));
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < size; at += MIB) {
      await file.write(cipher.update(zeros.subarray(0, Math.min(MIB, size - at))));
    }
    // What is not on the disk yet would be written in the time of a transfer.
    await file.sync();
  } finally {
    await file.close();
  }
}

function number(value: number): string {
  return String(value).padStart(4, '0');
}

function toMib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
