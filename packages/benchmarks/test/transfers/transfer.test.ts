// Transfers that must not count: by programs that lie, die or dawdle.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child, listeningPort } from '../../src/child.ts';
import { MIB, makePayload, type Payload } from '../../src/payload.ts';
import { withTimeLimit } from '../../src/time-limit.ts';
import type { Client } from '../../src/transfers/client.ts';
import { type Transfer, transfer } from '../../src/transfers/transfer.ts';

const STAYS = 'process.stdin.resume();';
const SEEDS = `console.log('listening 7'); console.log('first-byte'); ${STAYS}`;

/** A client that is two lines of program; a leech's folder is its first argument, the payload its second. */
function scripted({ seed = SEEDS, leech = '' }): Client {
  return {
    name: 'scripted',
    probe: async () => ({ version: '1' }),
    start({ role, dir, signal }) {
      const args = ['-e', role === 'seed' ? seed : leech, dir, payload.path];
      const child = new Child(`scripted ${role}`, { file: process.execPath, args, endsBy: 'input' }, signal);
      const said = (word: string): Promise<void> =>
        child.until(word, (line) => (line === word ? true : undefined)).then(() => {});
      return {
        child,
        listening: () => child.until('listening', listeningPort),
        firstByte: () => said('first-byte'),
        complete: () => said('complete'),
      };
    },
  };
}

let folder: string;
let payload: Payload;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-transfer-'));
  payload = await makePayload(join(folder, 'data'), MIB);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function attempt(client: Client, limitMs = 10_000): Promise<Transfer> {
  return withTimeLimit(new AbortController().signal, limitMs, (signal) =>
    transfer({ measured: client, role: 'leech', reference: client, torrent: '-', payload, folder, signal }),
  );
}

test('counts bytes that are equal', async () => {
  const leech = `fs.copyFileSync(process.argv[2], process.argv[1] + '/payload.bin'); console.log('complete'); ${STAYS}`;
  const { since, verified, seconds } = await attempt(scripted({ leech }));
  expect({ since, verified }).toEqual({ since: 'first byte', verified: MIB });
  expect(seconds).toBeGreaterThan(0);
  expect(await readdir(folder)).toEqual(['data']);
});

test('refuses a leech that says it is complete and wrote something else', async () => {
  const leech = `fs.writeFileSync(process.argv[1] + '/payload.bin', 'no'); console.log('complete'); ${STAYS}`;
  await expect(attempt(scripted({ leech }))).rejects.toThrow('scripted leech wrote other bytes');
  expect(await readdir(folder)).toEqual(['data']);
});

test('fails at once when a program dies, with its last words', async () => {
  const seed = `console.log('listening 7'); ${STAYS}`;
  const leech = `console.error('no space'); process.exit(3)`;
  await expect(attempt(scripted({ seed, leech }))).rejects.toThrow(/scripted leech [\s\S]*status 3[\s\S]*no space/);
});

test('ends both programs when time is up', async () => {
  await expect(attempt(scripted({ leech: STAYS }), 500)).rejects.toThrow('time is up after 0.5 s');
  expect(await readdir(folder)).toEqual(['data']);
});
