// What `get` and `seed` can be told about how much, how fast and with whom.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { noise, type Running, shoal, start, temporaryFolder } from './shoal.ts';

const LOOPBACK = ['--bind', '127.0.0.1'];

/** A seed of `up/data` with `a.bin` (1 MiB), `sub/b.txt`, `sub/c.bin`; answers the folder and the seed's address. */
async function seeded(...options: readonly string[]): Promise<{ cwd: string; peer: string; seed: Running }> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, 'up', 'data', 'sub'), { recursive: true });
  await writeFile(join(cwd, 'up', 'data', 'a.bin'), noise(1_048_576, 3));
  await writeFile(join(cwd, 'up', 'data', 'sub', 'b.txt'), noise(1_234, 4));
  await writeFile(join(cwd, 'up', 'data', 'sub', 'c.bin'), noise(200_000, 5));
  await shoal(['create', 'up/data', '--piece-length', '64K'], { cwd });
  const seed = start(['seed', 'data.torrent', '--dir', 'up', '--json', ...LOOPBACK, ...options], { cwd });
  onTestFinished(async () => void (await seed.interrupt()));
  const { port } = await seed.stdout.event('seeding');
  return { cwd, peer: `127.0.0.1:${String(port)}`, seed };
}

const get = (peer: string, ...options: readonly string[]): string[] => [
  ...['get', 'data.torrent', '--peer', peer, '--json', ...LOOPBACK, '--timeout', '60'],
  ...options,
];

test('--select fetches the files whose path matches, and makes no other', async () => {
  const { cwd, peer } = await seeded();
  const { status, stdout } = await shoal(get(peer, '--dir', 'down', '--select', '*.txt'), { cwd });
  expect(status).toBe(0);
  expect(stdout).toMatch(/"event":"done".*"bytes":1234\b/);
  const visible = (await readdir(join(cwd, 'down'), { recursive: true })).filter((name) => !name.includes('.shoal'));
  expect(visible.sort()).toEqual(['data', 'data/sub', 'data/sub/b.txt']);
  // The choice is remembered, and a new one takes its place.
  const again = await shoal(get(peer, '--dir', 'down', '--select', 'sub/*', '--sequential'), { cwd });
  expect(again.status).toBe(0);
  expect(await readFile(join(cwd, 'down', 'data', 'sub', 'c.bin'))).toEqual(Buffer.from(noise(200_000, 5)));
  const all = await shoal(get(peer, '--dir', 'down', '--select', 'data/**'), { cwd });
  expect(all.status).toBe(0);
  expect((await shoal(['verify', 'data.torrent', 'down'], { cwd })).status).toBe(0);
});

test('a file that was not wanted is not ok, even where its neighbours brought all of it', async () => {
  const { cwd, peer } = await seeded();
  expect((await shoal(get(peer, '--dir', 'down', '--select', '*.bin'), { cwd })).status).toBe(0);
  const { status, stdout } = await shoal(['verify', 'data.torrent', 'down', '--json'], { cwd });
  expect(status).toBe(1);
  const { files, pieces, piecesOk, complete } = JSON.parse(stdout);
  expect([piecesOk, complete]).toEqual([pieces, false]);
  const ok = files.filter((file: { ok: boolean }) => file.ok).map(({ path }: { path: string }) => path);
  expect(ok).toEqual(['data/a.bin', 'data/sub/c.bin']);
});

test('--select that matches nothing is an error of the command', async () => {
  const { cwd, peer } = await seeded();
  const { status, stderr } = await shoal(get(peer, '--select', '*.mp3'), { cwd });
  expect(status).toBe(2);
  expect(stderr).toBe('shoal: no file of data matches *.mp3 (shoal get --list shows them)\n');
});

test('--limit-down and --limit-up are kept', async () => {
  for (const [seedOptions, getOptions] of [
    [['--limit-up', '512K'], []],
    [[], ['--limit-down', '512K']],
  ] as const) {
    const { cwd, peer } = await seeded(...seedOptions);
    const begin = performance.now();
    expect((await shoal(get(peer, '--dir', 'down', ...getOptions), { cwd })).status).toBe(0);
    expect(performance.now() - begin).toBeGreaterThan(2_000);
  }
});

test('--seed-time seeds on for so long and ends well; --seed-ratio 0 has given enough at once', async () => {
  const { cwd, peer } = await seeded();
  const one = await shoal(get(peer, '--dir', 'one', '--seed-time', '1'), { cwd });
  expect([one.status, one.stderr]).toEqual([0, '']);
  expect((await shoal(get(peer, '--dir', 'two', '--seed-ratio', '0'), { cwd })).status).toBe(0);
});

test('--ip-filter keeps addresses away, and says which lines it could not read', async () => {
  const { cwd, peer } = await seeded();
  await writeFile(join(cwd, 'block.p2p'), 'loopback:127.0.0.0-127.255.255.255\nnonsense\n');
  const blocked = await shoal(get(peer, '--dir', 'down', '--ip-filter', 'block.p2p', '--timeout', '2'), { cwd });
  expect(blocked.status).toBe(1);
  expect(blocked.stderr).toMatch(/block\.p2p: 1 line was skipped: line 2: /);
  const missing = await shoal(get(peer, '--ip-filter', 'missing.p2p'), { cwd });
  expect(missing.status).not.toBe(0);
  expect(missing.stderr).toMatch(/^shoal: .*missing\.p2p/);
});

test('values that cannot be are refused with what would be right', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  for (const [option, value] of [
    ['--limit-down', '0'],
    ['--limit-up', 'fast'],
    ['--seed-ratio', '-1'],
    ['--seed-time', 'long'],
  ] as const) {
    const { status, stderr } = await shoal(['get', 'x.torrent', option, value], { cwd });
    expect(status, option).toBe(2);
    expect(stderr, option).toContain(option);
  }
});
