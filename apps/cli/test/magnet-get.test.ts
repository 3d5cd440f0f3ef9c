// Links as sources: the metadata come from peers first.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bindDht } from '@shoal/dht/node';
import { expect, onTestFinished, test } from 'vitest';
import { noise, shoal, start, temporaryFolder } from './shoal.ts';

const DATA = noise(300_000);

interface Seed {
  readonly hash: string;
  readonly port: number;
}

/** A seed of one file. */
async function seeding(...options: readonly string[]): Promise<Seed> {
  const cwd = await temporaryFolder(onTestFinished);
  await writeFile(join(cwd, 'film.bin'), DATA);
  const running = start(['seed', 'film.bin', '--bind', '127.0.0.1', '--json', ...options], { cwd });
  onTestFinished(async () => void (await running.interrupt()));
  const { infoHash, port } = await running.stdout.event('seeding');
  return { hash: infoHash as string, port: port as number };
}

test('a link with a peer in it: added by its name, then metadata, then done', async () => {
  const { hash, port } = await seeding();
  const cwd = await temporaryFolder(onTestFinished);
  const link = `magnet:?xt=urn:btih:${hash}&dn=A+film&x.pe=127.0.0.1:${port}`;
  const { status, stdout } = await shoal(['get', link, '--json'], { cwd });
  expect(status).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events[0]).toEqual({ event: 'added', infoHash: hash, name: 'A film' });
  expect(events.find(({ event }) => event === 'metadata')).toMatchObject({
    name: 'film.bin',
    bytesTotal: 300_000,
    files: 1,
  });
  expect(events.at(-1)).toMatchObject({ event: 'done', path: join(cwd, 'film.bin'), bytes: 300_000 });
  expect(Buffer.compare(await readFile(join(cwd, 'film.bin')), DATA)).toBe(0);
});

test('an info-hash alone, found through a DHT, told in lines', async () => {
  const node = await bindDht({ host: '127.0.0.1' });
  onTestFinished(() => node.close());
  const net = ['--dht-bootstrap', `127.0.0.1:${node.endpoints[0]?.port}`, '--bind', '127.0.0.1'];
  const config = await temporaryFolder(onTestFinished);
  await writeFile(join(config, 'config.json'), '{ "lsd": false }');
  const args = (...rest: readonly string[]): string[] => ['--config', join(config, 'config.json'), ...rest, ...net];
  const seed = await temporaryFolder(onTestFinished);
  await writeFile(join(seed, 'film.bin'), DATA);
  const running = start(args('seed', 'film.bin', '--json'), { cwd: seed });
  onTestFinished(async () => void (await running.interrupt()));
  const { infoHash } = await running.stdout.event('seeding');
  const cwd = await temporaryFolder(onTestFinished);
  const { status, stdout, stderr } = await shoal(args('get', infoHash as string, '--timeout', '15'), { cwd });
  expect(stderr).toContain(`${infoHash}: fetching metadata, 0 peers\n`);
  expect(stdout).toMatch(/^film\.bin: 293 KiB in .+\n$/);
  expect(status).toBe(0);
});

test('--list shows what a link stands for and makes nothing; --select holds for it too', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  const { hash, port } = await seeding();
  const link = `magnet:?xt=urn:btih:${hash}&x.pe=127.0.0.1:${port}`;
  expect(await shoal(['get', link, '--list'], { cwd })).toEqual({
    status: 0,
    stdout: 'film.bin: 293 KiB\n   293 KiB  film.bin\n',
    stderr: '',
  });
  await expect(stat(join(cwd, 'film.bin'))).rejects.toThrow('ENOENT');
  // Its metadata are remembered: nothing is started that could fail.
  const refused = await shoal(['get', link, '--select', '*.txt'], { cwd });
  expect(refused.stderr).toBe('shoal: no file of film.bin matches *.txt (shoal get --list shows them)\n');
  expect(refused.status).toBe(2);
  const other = await temporaryFolder(onTestFinished);
  const late = await shoal(['get', link, '--select', '*.txt'], { cwd: other });
  expect(late.stderr).toContain(': no file of film.bin matches *.txt (shoal get --list shows them)\n');
  expect(late.status).toBe(1);
});

test('nobody has the metadata: it says so and why', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  const hash = 'ab'.repeat(20);
  for (const more of [[], ['--list']]) {
    const { status, stderr } = await shoal(['get', hash, '--timeout', '0.5', '--quiet', ...more], { cwd });
    expect(status).toBe(1);
    expect(stderr).toContain(`${hash}: `);
    expect(stderr).toContain('no metadata: no peers yet: the torrent names no tracker, and no --peer was given');
  }
});

test('links that cannot be followed are wrong input', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  for (const [link, reason] of [
    ['magnet:?xt=urn:btih:12', 'cannot read the magnet link: '],
    [`magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}`, 'the link names a torrent of version 2 alone'],
    ['cd'.repeat(32), 'the link names a torrent of version 2 alone'],
  ] as const) {
    const { status, stderr } = await shoal(['get', link], { cwd });
    expect([status, stderr]).toEqual([2, expect.stringContaining(`shoal: ${reason}`)]);
  }
  expect((await shoal(['verify', `magnet:?xt=urn:btih:${'ab'.repeat(20)}`, '.'], { cwd })).status).toBe(2);
});

test('a link is played while it downloads', async () => {
  const { hash, port } = await seeding();
  const cwd = await temporaryFolder(onTestFinished);
  const playing = start(['stream', `magnet:?xt=urn:btih:${hash}&x.pe=127.0.0.1:${port}`, '--json'], { cwd });
  onTestFinished(async () => void (await playing.interrupt()));
  const { files } = await playing.stdout.event('streaming');
  const [{ url }] = files as [{ url: string }];
  const response = await fetch(url, { headers: { range: 'bytes=250000-250099' } });
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(DATA.subarray(250_000, 250_100));
});
