// The data that is transferred, and the check that it arrived.
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Bytes that look random and are the same for the same seed. */
export function madeBytes(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** One file of so many bytes. Answers its path. */
export async function makeFile(dir: string, length: number): Promise<string> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'single.bin');
  await writeFile(path, madeBytes('single', length));
  return path;
}

/** One file of 64 MiB. Answers its path. */
export function makeSingle(dir: string): Promise<string> {
  return makeFile(dir, 64 * 1024 * 1024);
}

/** 200 files with names of many scripts, one of 0 bytes, 12 MiB in all. Answers the folder's path. */
export async function makeTree(dir: string): Promise<string> {
  const top = join(dir, 'träd-木-🌳');
  const names = [
    'plain',
    'ünïcödé',
    'Ελληνικά',
    '日本語',
    'العربية',
    'with space',
    "quote's",
    'emoji-👩‍🚀',
    'हिन्दी',
    'naïve.tar.gz',
  ];
  for (let i = 0; i < 200; i++) {
    const path = join(top, `folder-${i % 7}`, names[(i * 3) % 7] as string, `${i}-${names[i % names.length]}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, i === 77 ? '' : madeBytes(`tree ${i}`, 1 + ((i * 7_919) % 131_072)));
  }
  return top;
}

/** 2,000 files of 1 to 6,000 bytes in 20 folders: most pieces hold many of them. Answers the folder's path. */
export async function makeMany(dir: string): Promise<string> {
  const top = join(dir, 'many');
  for (let i = 0; i < 2_000; i++) {
    const folder = join(top, `folder-${i % 20}`);
    if (i < 20) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${i}.txt`), madeBytes(`many ${i}`, 1 + ((i * 7_919) % 6_000)));
  }
  return top;
}

/** Files of a few bytes, `count` of them, whose names make an info dictionary of about `bytes` bytes. Answers the folder's path. */
export async function makeNames(dir: string, count: number, bytes: number): Promise<string> {
  const top = join(dir, 'names');
  // What a file takes beside its name: `d6:lengthi1e4:pathl3:000:ee`.
  const nameLength = Math.ceil(bytes / count) - 24;
  if (nameLength > 250) throw new RangeError(`names of ${nameLength} bytes: file systems take 255`);
  await mkdir(top, { recursive: true });
  for (let at = 0; at < count; at += 100) {
    const numbers = Array.from({ length: Math.min(100, count - at) }, (_, index) => at + index);
    await Promise.all(
      numbers.map((i) => writeFile(join(top, `${i}-`.padEnd(nameLength, 'n')), madeBytes(`name ${i}`, 1 + (i % 9)))),
    );
  }
  return top;
}

/** SHA-256 of every file below a path, by path relative to its parent. */
export async function fingerprint(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const parent = dirname(path);
  const walk = async (at: string): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => undefined);
    if (!entries) {
      found[relative(parent, at)] = await hashOf(at);
      return;
    }
    for (const entry of entries) await walk(join(at, entry.name));
  };
  await walk(path);
  return found;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
