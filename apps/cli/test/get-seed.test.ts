import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { noise, type Running, type Surroundings, shoal, start, temporaryFolder } from './shoal.ts';

const LOOPBACK = ['--bind', '127.0.0.1'];

// The first import of the engine's sources may take longer than a test may, on a machine that is busy.
beforeAll(async () => {
  await Promise.all([
    import('../src/commands/get.ts'),
    import('../src/commands/seed.ts'),
    import('../src/commands/announce.ts'),
    import('../src/commands/tracker.ts'),
    import('../src/output/json-reporter.ts'),
    import('../src/output/plain-reporter.ts'),
    import('../src/output/terminal-reporter.ts'),
  ]);
}, 60_000);

function running(argv: readonly string[], surroundings: Surroundings): Running {
  const command = start(argv, surroundings);
  onTestFinished(async () => void (await command.interrupt()));
  return command;
}

/** `up/data` (a folder of two files), its torrent beside it, and an empty `down`. */
async function prepared(options: { readonly tracker?: string; readonly length?: number } = {}): Promise<string> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, 'up', 'data'), { recursive: true });
  await mkdir(join(cwd, 'down'));
  await writeFile(join(cwd, 'up', 'data', 'a.bin'), noise(options.length ?? 500_000, 3));
  await writeFile(join(cwd, 'up', 'data', 'b.txt'), noise(1_234, 4));
  const trackers = options.tracker === undefined ? [] : ['--tracker', options.tracker];
  await shoal(['create', 'up/data', '--piece-length', '64K', ...trackers], { cwd });
  return cwd;
}

async function localTracker(): Promise<{ readonly url: string; readonly command: Running }> {
  const cwd = await temporaryFolder(onTestFinished);
  const command = running(['tracker', '--http', '0', '--host', '127.0.0.1', '--json'], { cwd });
  const { urls } = await command.stdout.event('listening');
  return { url: (urls as string[])[0] as string, command };
}

describe('get', () => {
  test('finds a seeding run through a tracker of our own, and ends when everything is verified', async () => {
    const { url, command } = await localTracker();
    const cwd = await prepared({ tracker: url });
    const seeder = running(['seed', 'data.torrent', '--dir', 'up', '--json', ...LOOPBACK], { cwd });
    const seeding = await seeder.stdout.event('seeding');
    expect(seeding).toEqual({
      event: 'seeding',
      infoHash: expect.stringMatching(/^[0-9a-f]{40}$/),
      name: 'data',
      port: expect.any(Number),
    });

    const getter = running(['get', 'data.torrent', '-d', 'down', '--json', ...LOOPBACK], { cwd });
    expect(await getter.ended).toBe(0);
    const events = getter.stdout.events;
    const { infoHash } = seeding;
    for (const event of events) expect(event.infoHash).toBe(infoHash);
    expect(events[0]).toEqual({ event: 'added', infoHash, name: 'data' });
    expect(events[1]).toEqual({ event: 'metadata', infoHash, name: 'data', bytesTotal: 501_234, files: 2 });
    const files = events.filter(({ event }) => event === 'file').map(({ path }) => path);
    expect(files.sort()).toEqual(['data/a.bin', 'data/b.txt']);
    expect(events.findLast(({ event }) => event === 'progress')).toMatchObject({
      state: 'seeding',
      bytesDone: 501_234,
      bytesTotal: 501_234,
      downRate: expect.any(Number),
      upRate: expect.any(Number),
      peers: expect.any(Number),
      seeds: expect.any(Number),
      eta: 0,
    });
    expect(events.at(-1)).toEqual({
      event: 'done',
      infoHash,
      path: join(cwd, 'down', 'data'),
      seconds: expect.any(Number),
      bytes: 501_234,
      downloaded: 501_234,
    });
    expect(await readFile(join(cwd, 'down/data/a.bin'))).toEqual(await readFile(join(cwd, 'up/data/a.bin')));
    expect(await readFile(join(cwd, 'down/data/b.txt'))).toEqual(await readFile(join(cwd, 'up/data/b.txt')));

    const asked = await shoal(['announce', 'data.torrent', '--json'], { cwd });
    expect(asked.status).toBe(0);
    const { trackers } = JSON.parse(asked.stdout);
    expect(trackers).toMatchObject([{ url, tier: 0, ok: true, seeders: 1, error: null }]);
    expect(trackers[0].peers).toContain(`127.0.0.1:${seeding.port}`);

    expect(await seeder.interrupt()).toBe(130);
    expect(await command.interrupt()).toBe(130);
  });

  test('takes peers by name, prints a summary, and finds everything there the second time', async () => {
    const cwd = await prepared();
    const seeder = running(['seed', 'data.torrent', '-d', 'up', '--json', ...LOOPBACK], { cwd });
    const { port } = await seeder.stdout.event('seeding');
    const first = await shoal(['get', 'data.torrent', '-d', 'down', '--peer', `localhost:${port}`, ...LOOPBACK], {
      cwd,
    });
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^data: 489 KiB in \d.* \(.+\/s\), in .*\/down\/data\n$/);
    expect(first.stderr.split('\n')[0]).toBe('data: checking what is there');
    const second = await shoal(['get', 'data.torrent', '-d', 'down', '--quiet'], { cwd });
    expect(second).toEqual({ status: 0, stdout: '', stderr: '' });
    const third = await shoal(['get', 'data.torrent', '-d', 'down', '--json'], { cwd });
    expect(third.stdout).toContain('"event":"done"');
    expect(third.stdout).toContain('"path":"data/b.txt"');
    expect(third.stdout).toContain('"downloaded":0');
  });

  test('goes on where it was interrupted', async () => {
    const cwd = await prepared({ length: 4_000_000 });
    const seeder = running(['seed', 'data.torrent', '-d', 'up', '--json', ...LOOPBACK], { cwd });
    const { port } = await seeder.stdout.event('seeding');
    // A folder in which the larger file is half there already.
    await mkdir(join(cwd, 'down', 'data'), { recursive: true });
    const whole = await readFile(join(cwd, 'up/data/a.bin'));
    await writeFile(join(cwd, 'down/data/a.bin'), whole.subarray(0, 2_000_000));
    const alone = running(['get', 'data.torrent', '-d', 'down', '--json', ...LOOPBACK], { cwd });
    const progress = await alone.stdout.event('progress', ({ state }) => state === 'downloading');
    expect(progress.bytesDone).toBe(30 * 65_536);
    expect(await alone.interrupt()).toBe(130);
    expect(alone.stdout.events.at(-1)).toMatchObject({ event: 'error', infoHash: null, code: 'ERR_INTERRUPTED' });
    expect(alone.stderr.text).toBe('shoal: interrupted: what arrived is saved (the same command goes on from there)\n');
    expect(await readdir(join(cwd, '.state'))).toHaveLength(1);
    const again = await shoal(
      ['get', 'data.torrent', '-d', 'down', '--json', '--peer', `127.0.0.1:${port}`, ...LOOPBACK],
      { cwd },
    );
    expect(again.status).toBe(0);
    expect(again.stdout).toContain(`"downloaded":${4_001_234 - 30 * 65_536}`);
  });

  test('gives up after --timeout, and says why nothing came', async () => {
    const closed = await closedPort();
    const cwd = await prepared({ tracker: `http://127.0.0.1:${closed}/announce` });
    const { status, stderr } = await shoal(
      ['get', 'data.torrent', '-d', 'down', '--timeout', '1', '--quiet', '--peer', `127.0.0.1:${closed}`],
      { cwd },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^shoal: data: timed out after 1 s: no peers yet: tracker 127\.0\.0\.1:\d+: connection refused; 1 address tried, refused\n$/,
    );
  });

  test('draws no line wider than the terminal, and leaves the summary alone', async () => {
    const cwd = await prepared();
    const seeder = running(['seed', 'data.torrent', '-d', 'up', '--json', ...LOOPBACK], { cwd });
    const { port } = await seeder.stdout.event('seeding');
    const argv = ['get', 'data.torrent', '-d', 'down', '--peer', `127.0.0.1:${port}`, ...LOOPBACK];
    const getter = running(argv, { cwd, terminal: { columns: 80 }, env: { NO_COLOR: '1' } });
    expect(await getter.ended).toBe(0);
    const drawn = stripVTControlCharacters(getter.stderr.text);
    expect(drawn).toContain('data  downloading\n');
    expect(drawn).toMatch(/^ {2}0\.0% {2}─{8,} {2}0 B of 489 KiB {2}↓ 0 B\/s {2}\d peers?$/m);
    for (const line of drawn.split('\n')) expect(line.length).toBeLessThan(80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what must not be there
    expect(getter.stderr.text).not.toMatch(/\u001b\[\d*m/);
    expect(getter.stdout.text).toMatch(/^data: 489 KiB in .*\n$/);
  });

  test('seeds on with --seed', async () => {
    const cwd = await prepared();
    const getter = running(['get', 'data.torrent', '-d', 'up', '--seed', '--json'], { cwd });
    await getter.stdout.event('done');
    await getter.stdout.event('progress', ({ state }) => state === 'seeding');
    expect(await getter.interrupt()).toBe(130);
  });

  test('seeds on with --seed until what it seeds is gone', async () => {
    const cwd = await prepared();
    const port = await closedPort();
    const argv = ['get', 'data.torrent', '-d', 'up', '--seed', '--json', '--port', `${port}`, ...LOOPBACK];
    const getter = running(argv, { cwd });
    await getter.stdout.event('done');
    await losesItsData(getter, cwd, port);
  });

  test('says once that progress cannot be saved, and does not claim that it is when interrupted', async () => {
    const cwd = await prepared();
    const getter = running(['get', 'data.torrent', '-d', 'down', '--json', ...LOOPBACK], {
      cwd,
      env: { SHOAL_STATE_DIR: await unwritable(cwd) },
    });
    await getter.stdout.event('progress', ({ state }) => state === 'downloading');
    expect(await getter.interrupt()).toBe(130);
    const [warning, last, ...more] = getter.stdout.events.filter(({ event }) => /warning|error/.test(event));
    expect(warning).toMatchObject({ event: 'warning', infoHash: expect.any(String), code: 'ERR_SAVE' });
    expect(warning?.message).toMatch(/^data: progress cannot be saved: ./);
    expect(last).toMatchObject({ event: 'error', infoHash: null, code: 'ERR_INTERRUPTED' });
    expect(more).toEqual([]);
    expect(getter.stderr.lines).toEqual([
      `shoal: ${warning?.message}`,
      'shoal: interrupted: progress could not be saved (the same command checks what is on disk, and goes on from there)',
    ]);
  });

  test.each([
    ['a log', undefined, []],
    ['a terminal', { columns: 80 }, []],
    ['nobody', undefined, ['--quiet']],
  ])('completes where progress cannot be saved, and tells %s', async (_, terminal, flags) => {
    const cwd = await prepared();
    const getter = running(['get', 'data.torrent', '-d', 'up', ...flags, ...LOOPBACK], {
      cwd,
      env: { SHOAL_STATE_DIR: await unwritable(cwd) },
      ...(terminal && { terminal }),
    });
    expect(await getter.ended).toBe(0);
    expect(getter.stderr.text.match(/shoal: data: progress cannot be saved: ./g)).toHaveLength(1);
  });

  test('lists files without starting anything', async () => {
    const cwd = await prepared();
    const { status, stdout } = await shoal(['get', 'data.torrent', '--list'], { cwd });
    expect(status).toBe(0);
    expect(stdout).toBe('data: 489 KiB\n   488 KiB  data/a.bin\n   1.2 KiB  data/b.txt\n');
    const json = await shoal(['get', 'data.torrent', '--list', '--json'], { cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'data', files: [{ path: 'data/a.bin' }, {}] });
    await expect(readdir(join(cwd, '.state'))).rejects.toThrow('ENOENT');
  });

  test('refuses a source that is no torrent before it starts the others', async () => {
    const cwd = await prepared();
    const { status, stdout, stderr } = await shoal(['get', 'data.torrent', 'none.torrent', '--json'], { cwd });
    expect(status).toBe(2);
    expect(stderr).toBe('shoal: cannot read none.torrent: no such file or folder (check the path)\n');
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', infoHash: null, code: 'ERR_SOURCE' });
  });

  test('says so when the port is taken', async () => {
    const cwd = await prepared();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const { status, stderr } = await shoal(['get', 'data.torrent', '--port', `${port}`, ...LOOPBACK], { cwd });
    expect(status).toBe(1);
    expect(stderr).toContain('the port is in use (choose another with --port or --bind)\n');
  });
});

describe('seed', () => {
  test('makes the torrent of a path, and writes it where told to', async () => {
    const { url } = await localTracker();
    const cwd = await prepared();
    const argv = ['seed', 'up/data', '--tracker', url, '--output', 'made.torrent', '--json', ...LOOPBACK];
    const seeder = running(argv, { cwd });
    const { infoHash } = await seeder.stdout.event('seeding');
    const facts = JSON.parse((await shoal(['info', 'made.torrent', '--json'], { cwd })).stdout);
    expect(facts).toMatchObject({ infoHash, announce: [[url]] });
  });

  test('ends when all that it seeds has failed', async () => {
    const cwd = await prepared();
    const seeder = running(['seed', 'data.torrent', '-d', 'up', '--json', ...LOOPBACK], { cwd });
    const { port } = await seeder.stdout.event('seeding');
    await losesItsData(seeder, cwd, port as number);
  });

  test('says once that progress cannot be saved, and seeds', async () => {
    const cwd = await prepared();
    const seeder = running(['seed', 'data.torrent', '-d', 'up', '--json', ...LOOPBACK], {
      cwd,
      env: { SHOAL_STATE_DIR: await unwritable(cwd) },
    });
    await seeder.stdout.event('seeding');
    expect(await seeder.interrupt()).toBe(130);
    const warnings = seeder.stdout.events.filter(({ event }) => event === 'warning');
    expect(warnings).toMatchObject([{ code: 'ERR_SAVE' }]);
    expect(seeder.stderr.lines).toEqual([`shoal: ${warnings[0]?.message}`]);
  });

  test('refuses data that are missing, of another size, or damaged, and touches nothing', async () => {
    const cwd = await prepared();
    const missing = await shoal(['seed', 'data.torrent', '-d', 'down', '--json'], { cwd });
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^shoal: cannot seed data: .*a\.bin: no such file or folder \(--dir says .+\)\n$/);
    expect(await readdir(join(cwd, 'down'))).toEqual([]);
    await writeFile(join(cwd, 'up/data/b.txt'), 'short');
    const short = await shoal(['seed', 'data.torrent', '-d', 'up', '--json'], { cwd });
    expect(short.stderr).toContain('b.txt has 5 B (5 bytes), not 1234 (');
    await writeFile(join(cwd, 'up/data/b.txt'), noise(1_234, 9));
    const damaged = await shoal(['seed', 'data.torrent', '-d', 'up', '--json'], { cwd });
    expect(damaged).toMatchObject({
      status: 1,
      stderr: 'shoal: data: cannot be seeded: 7 of 8 pieces are whole (shoal get fetches the rest)\n',
    });
    expect(JSON.parse(damaged.stdout.split('\n').at(-2) as string)).toMatchObject({ event: 'error', code: 'ERR_DATA' });
  });
});

describe('announce', () => {
  test('ends with status 1 when no tracker answered', async () => {
    const closed = await closedPort();
    const cwd = await prepared({ tracker: `http://127.0.0.1:${closed}/announce` });
    const { status, stdout, stderr } = await shoal(['announce', 'data.torrent', '--json'], { cwd });
    expect(status).toBe(1);
    expect(stderr).toBe('shoal: no tracker of data answered\n');
    expect(JSON.parse(stdout).trackers).toMatchObject([
      { ok: false, error: { code: 'ERR_TRACKER_CONNECT' }, peers: [], interval: null },
    ]);
  });

  test('and when there is none to ask', async () => {
    const cwd = await prepared();
    expect(await shoal(['announce', 'data.torrent'], { cwd })).toEqual({
      status: 1,
      stdout: '',
      stderr: 'shoal: data names no tracker\n',
    });
  });
});

describe('scrape', () => {
  test('shows what a tracker counts, and says when it does not know the torrent', async () => {
    const { url } = await localTracker();
    const cwd = await prepared({ tracker: url });
    const unknown = await shoal(['scrape', 'data.torrent', '--json'], { cwd });
    expect(unknown.status).toBe(1);
    expect(JSON.parse(unknown.stdout).trackers).toMatchObject([{ ok: false, seeders: null, completed: null }]);
    const seeder = running(['seed', 'data.torrent', '--dir', 'up', '--json', ...LOOPBACK], { cwd });
    await seeder.stdout.event('seeding');
    const { status, stdout } = await shoal(['scrape', 'data.torrent', '--json'], { cwd });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).trackers).toMatchObject([
      { ok: true, seeders: 1, leechers: 0, completed: 0, error: null },
    ]);
    const text = await shoal(['scrape', 'data.torrent'], { cwd });
    expect(text.stdout).toBe(`${url}: 1 seeder, 0 leechers, 0 downloads completed\n`);
  });
});

/** A peer asks for what was cut off a file; the command seeds `up/data`, and that alone. */
async function losesItsData(command: Running, cwd: string, port: number): Promise<void> {
  await truncate(join(cwd, 'up/data/a.bin'), 10);
  const peer = running(['get', 'data.torrent', '-d', 'down', '--peer', `127.0.0.1:${port}`, ...LOOPBACK], { cwd });
  expect(await command.ended).toBe(1);
  const errors = command.stdout.events.filter(({ event }) => event === 'error');
  expect(errors).toMatchObject([{ infoHash: expect.any(String), code: 'ERR_STORAGE' }]);
  expect(command.stderr.lines).toEqual([`shoal: ${errors[0]?.message}`]);
  expect(errors[0]?.message).toMatch(/^data: /);
  await peer.interrupt();
}

/** A folder that cannot be made, for the superuser neither: a link that leads nowhere. */
async function unwritable(cwd: string): Promise<string> {
  const path = join(cwd, 'blocked');
  await symlink(join(cwd, 'nowhere', 'at', 'all'), path);
  return path;
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
