// Transfers that must not count: by programs that lie, die or dawdle.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child, listeningPort } from '../../src/child.ts';
import { MIB, makePayload, type Payload } from '../../src/payload.ts';
import { withTimeLimit } from '../../src/time-limit.ts';
import type { Address, Client, Role } from '../../src/transfers/client.ts';
import { profileOf } from '../../src/transfers/profiles.ts';
import { startTracker, type Tracker } from '../../src/transfers/tracker.ts';
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
let tracker: Tracker;
beforeAll(async () => {
  tracker = await startTracker();
  folder = await mkdtemp(join(tmpdir(), 'shoal-transfer-'));
  payload = await makePayload(join(folder, 'data'), MIB);
});
afterAll(async () => {
  await tracker.close();
  await rm(folder, { recursive: true, force: true });
});

function attempt(client: Client, { limitMs = 10_000, others = 1, role = 'leech' as Role } = {}): Promise<Transfer> {
  const profile = { ...profileOf('file'), others };
  const stage = { profile, torrent: '-', announced: '-', payload, folder, tracker };
  return withTimeLimit(new AbortController().signal, limitMs, (signal) =>
    transfer({ measured: client, role, reference: client, stage, signal }),
  );
}

const COPIES = "fs.copyFileSync(process.argv[2], process.argv[1] + '/payload.bin');";

test('counts bytes that are equal', async () => {
  const leech = `${COPIES} console.log('complete'); ${STAYS}`;
  const { since, verified, seconds, beforeFirstByte } = await attempt(scripted({ leech }));
  expect({ since, verified }).toEqual({ since: 'first byte', verified: MIB });
  expect(seconds).toBeGreaterThan(0);
  expect(beforeFirstByte).toBeGreaterThan(0);
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
  await expect(attempt(scripted({ leech: STAYS }), { limitMs: 500 })).rejects.toThrow('time is up after 0.5 s');
  expect(await readdir(folder)).toEqual(['data']);
});

test('counts every copy of several leeches, and waits for the last', async () => {
  const leech = `${COPIES} console.log('first-byte'); console.log('complete'); ${STAYS}`;
  const { verified, otherCpuSeconds } = await attempt(scripted({ leech }), { others: 3, role: 'seed' });
  expect(verified).toBe(3 * MIB);
  if (process.platform === 'linux') expect(otherCpuSeconds).toBeGreaterThanOrEqual(0);
});

test('refuses one bad copy among several', async () => {
  const bad = "fs.writeFileSync(process.argv[1] + '/payload.bin', 'no');";
  const last = "process.argv[1].endsWith('leech-2')";
  const leech = `if (${last}) { ${bad} } else { ${COPIES} } console.log('first-byte'); console.log('complete'); ${STAYS}`;
  await expect(attempt(scripted({ leech }), { others: 3, role: 'seed' })).rejects.toThrow('wrote other bytes');
  expect(await readdir(folder)).toEqual(['data']);
});

test('a leech is told every seed', async () => {
  const told: (readonly Address[])[] = [];
  const client = scripted({ leech: `${COPIES} console.log('complete'); ${STAYS}` });
  const listening: Client = {
    ...client,
    start(task) {
      if (task.role === 'leech') told.push(task.dial);
      return client.start(task);
    },
  };
  await attempt(listening, { others: 3 });
  expect(told).toEqual([['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((host) => ({ host, port: 7 }))]);
});
