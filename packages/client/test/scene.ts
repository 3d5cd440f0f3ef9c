// What the tests of the assembled client share: clients, a tracker and a folder, all gone when a test ends.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatEndpoint } from '@shoal/primitives';
import { TrackerServer } from '@shoal/tracker/node';
import { afterEach, expect } from 'vitest';
import { type Client, type ClientOptions, createClient } from '../src/node/index.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function temporary(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-client-'));
  cleanups.push(() => rm(dir, { recursive: true }));
  return dir;
}

export async function client(options: ClientOptions = {}): Promise<Client> {
  const made = await createClient({ bind: '127.0.0.1', ...options });
  cleanups.push(() => made.close());
  return made;
}

export async function tracker(): Promise<string> {
  const server = new TrackerServer({ http: { host: '127.0.0.1' } });
  const endpoint = await server.listen();
  cleanups.push(() => server.close());
  return `http://${formatEndpoint(endpoint)}/announce`;
}

const FILES: Readonly<Record<string, Uint8Array>> = {
  'big.bin': randomBytes(3_000_000),
  'empty.txt': new Uint8Array(0),
  'ünïcödé/深い/file.txt': randomBytes(70_001),
};

export async function folder(): Promise<string> {
  const dir = join(await temporary(), 'payload');
  for (const [name, bytes] of Object.entries(FILES)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), bytes);
  }
  return dir;
}

export async function expectEqual(dir: string): Promise<void> {
  for (const [name, bytes] of Object.entries(FILES)) {
    expect(Buffer.compare(await readFile(join(dir, 'payload', name)), bytes), name).toBe(0);
  }
}
