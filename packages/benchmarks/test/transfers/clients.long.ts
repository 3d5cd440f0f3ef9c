// A small transfer by every client with itself opposite, so that it is in both roles; who is not installed is skipped with the reason.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { withTimeLimit } from '../../src/time-limit.ts';
import { CLIENTS } from '../../src/transfers/clients/all.ts';
import { profileOf } from '../../src/transfers/profiles.ts';
import { openStage, type Stage } from '../../src/transfers/stage.ts';
import { transfer } from '../../src/transfers/transfer.ts';

const LIMIT_MS = 30_000;
// The last piece and the last block are short.
const PROFILE = { ...profileOf('file'), size: 5 * MIB + 20_001 };

let stage: Stage;
beforeAll(async () => {
  const { signal } = new AbortController();
  stage = await openStage({ profile: PROFILE, roles: ['leech'], onDisk: false, signal });
});
afterAll(() => stage?.close());

for (const client of CLIENTS) {
  test(`${client.name} from itself`, { timeout: 2 * LIMIT_MS }, async ({ skip }) => {
    const { signal } = new AbortController();
    const answer = await withTimeLimit(signal, LIMIT_MS, (bounded) => client.probe(bounded));
    if ('missing' in answer) return skip(answer.missing);
    expect(answer.version).toMatch(/^\d/);
    const task = { measured: client, role: 'leech', reference: client, stage } as const;
    const run = await withTimeLimit(signal, LIMIT_MS, (bounded) => transfer({ ...task, signal: bounded }));
    expect(run.verified).toBe(PROFILE.size);
  });
}
