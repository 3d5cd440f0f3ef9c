// A small transfer by every client in both roles, libtorrent opposite where it is installed, else shoal; who is not installed is skipped
// with the reason.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MIB } from '../../src/payload.ts';
import { withTimeLimit } from '../../src/time-limit.ts';
import type { Client, Role } from '../../src/transfers/client.ts';
import { CLIENTS } from '../../src/transfers/clients/all.ts';
import { libtorrent } from '../../src/transfers/clients/driven.ts';
import { shoal } from '../../src/transfers/clients/shoal.ts';
import { profileOf } from '../../src/transfers/profiles.ts';
import { openStage, type Stage } from '../../src/transfers/stage.ts';
import { transfer } from '../../src/transfers/transfer.ts';

const LIMIT_MS = 30_000;
// The last piece and the last block are short.
const PROFILE = { ...profileOf('file'), size: 5 * MIB + 20_001 };

let stage: Stage;
let reference: Client;
beforeAll(async () => {
  const { signal } = new AbortController();
  stage = await openStage({ profile: PROFILE, roles: ['leech'], onDisk: false, signal });
  reference = 'version' in (await probe(libtorrent)) ? libtorrent : shoal;
});
afterAll(() => stage?.close());

function probe(client: Client): ReturnType<Client['probe']> {
  return withTimeLimit(new AbortController().signal, LIMIT_MS, (signal) => client.probe(signal));
}

for (const client of CLIENTS) {
  test.for<Role>(['leech', 'seed'])(`${client.name} as a %s`, { timeout: LIMIT_MS + 5_000 }, async (role, { skip }) => {
    const answer = await probe(client);
    if ('missing' in answer) return skip(answer.missing);
    expect(answer.version).toMatch(/^\d/);
    const run = await withTimeLimit(new AbortController().signal, LIMIT_MS, (signal) =>
      transfer({ measured: client, role, reference, stage, signal }),
    );
    expect(run.verified).toBe(PROFILE.size);
  });
}
