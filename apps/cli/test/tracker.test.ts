import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTrackerClient } from '@shoal/tracker/node';
import { expect, onTestFinished, test } from 'vitest';
import { ListFile } from '../src/list-file.ts';
import { type Event, type Running, shoal, start, temporaryFolder } from './shoal.ts';

const HASH = 'ab'.repeat(20);
const request = (byte: number, name = 'a') => ({
  infoHash: new Uint8Array(20).fill(byte),
  peerId: new TextEncoder().encode(name.padEnd(20, '.')),
  port: 1_000,
  uploaded: 0,
  downloaded: 0,
  left: 1,
});

async function folder(): Promise<string> {
  return temporaryFolder((clean) => onTestFinished(clean));
}

async function running(
  cwd: string,
  ...argv: string[]
): Promise<{ command: Running; listening: Event; urls: string[] }> {
  const command = start(['tracker', '--host', '127.0.0.1', '--json', ...argv], { cwd });
  onTestFinished(async () => void (await command.interrupt()));
  const listening = await command.stdout.event('listening');
  return { command, listening, urls: listening.urls as string[] };
}

function client() {
  const made = createTrackerClient();
  onTestFinished(() => made.close());
  return made;
}

test('HTTP and UDP are one tracker; page and metrics stand where it says', async () => {
  const { command, listening, urls } = await running(
    await folder(),
    '--http',
    '0',
    '--udp',
    '0',
    '--stats',
    '/figures',
  );
  expect(urls.map((url) => url.replace(/:\d+/, ''))).toEqual(['http://127.0.0.1/announce', 'udp://127.0.0.1/announce']);
  const asker = client();
  await asker.announce(urls[0] as string, request(1));
  expect((await asker.announce(urls[1] as string, { ...request(1, 'b'), port: 7 })).peers).toHaveLength(1);
  expect(await (await fetch(listening.stats as string)).text()).toContain('<!doctype html>');
  expect(await (await fetch(listening.metrics as string)).text()).toContain('shoal_tracker_torrents 1\n');
  expect(await command.interrupt()).toBe(130);
  const totals = { torrents: 1, seeders: 0, leechers: 2, announces: 2, scrapes: 0, refusals: 0 };
  expect(command.stdout.events.at(-1)).toEqual({ event: 'stopped', infoHash: null, ...totals });
});

test('for people: a line for each address', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'keys'), 'k\n');
  const command = start(['tracker', '--udp', '0', '--http', '0', '--host', '127.0.0.1', '--passkeys', 'keys'], { cwd });
  const text = await command.stdout.until((all) => (all.includes('Prometheus') ? all : undefined));
  expect(text.replaceAll(/:\d+/g, '')).toBe(
    [
      'tracker at http://127.0.0.1/PASSKEY/announce',
      'tracker at udp://127.0.0.1/PASSKEY/announce',
      'statistics at http://127.0.0.1/stats, for Prometheus at http://127.0.0.1/metrics\n',
    ].join('\n'),
  );
  expect(await command.interrupt()).toBe(130);
});

test('lists of torrents and passkeys, an interval, no page', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'allow'), `# ours\n${HASH.toUpperCase()}\n\n${'cd'.repeat(32)} # v2\n${'ef'.repeat(20)}\n`);
  await writeFile(join(cwd, 'deny'), 'ef'.repeat(20));
  await writeFile(join(cwd, 'keys'), 's3cret\n');
  const lists = ['--allow', 'allow', '--deny', 'deny', '--passkeys', 'keys', '--interval', '120', '--no-stats'];
  const { listening, urls } = await running(cwd, '--http', '0', ...lists);
  expect(listening).toMatchObject({ stats: null, metrics: null, udpPort: null });
  const url = (urls[0] as string).replace('PASSKEY', 's3cret');
  const asker = client();
  expect((await asker.announce(url, request(0xab))).interval).toBeLessThanOrEqual(132);
  await asker.announce(url, request(0xcd));
  await expect(asker.announce(url, request(0xef))).rejects.toThrow(/and will not/);
  await expect(asker.announce(url, request(0x11))).rejects.toThrow(/does not serve this torrent$/);
  await expect(asker.announce(urls[0] as string, request(0xab))).rejects.toThrow(/passkey is not known/);
  expect((await fetch(url.replace('/s3cret/announce', '/stats'))).status).toBe(404);
});

test('--state keeps the swarms, --full-scrape tells them', async () => {
  const cwd = await folder();
  const first = await running(cwd, '--http', '0', '--state', 'swarms');
  await client().announce(first.urls[0] as string, request(1));
  await first.command.interrupt();
  const second = await running(cwd, '--http', '0', '--state', 'swarms', '--full-scrape');
  const scrape = await fetch((second.urls[0] as string).replace('announce', 'scrape'));
  expect(await scrape.text()).toContain('10:incompletei1e');
});

test.each([
  [['--http', '0', '--allow', 'missing'], /^shoal: .*missing: no such file/],
  [['--http', '0', '--allow', 'list'], /^shoal: .*list: line 2 is not an info-hash of 40 hexadecimal digits/],
  [['--http', '0', '--passkeys', 'list'], /^shoal: .*list: line 1 is not a passkey/],
  [['--http', '0', '--trust-proxy', 'proxy'], /not an address or a network/],
  [['--http', '0', '--interval', '0'], /whole number of seconds/],
  [['--http', '0', '--stats', 'stats'], /A path begins with \//],
  [['--udp', '70000'], /0 to 65535/],
])('%j is refused in words, with status 2', async (argv, message) => {
  const cwd = await folder();
  await writeFile(join(cwd, 'list'), argv.includes('--passkeys') ? 'a/b\n' : `${HASH}\nnonsense\n`);
  const { status, stderr } = await shoal(['tracker', ...argv], { cwd });
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

test('a state that cannot be written is told at once; one that no longer can, at the end', async () => {
  const cwd = await folder();
  const refused = await shoal(['tracker', '--http', '0', '--state', 'missing/swarms'], { cwd });
  expect(refused.stderr).toMatch(/missing\/swarms: the tracker's swarms cannot be saved there: no such/);
  expect(refused.status).toBe(1);
  await mkdir(join(cwd, 'dir'));
  const { command } = await running(cwd, '--http', '0', '--state', 'dir/swarms');
  await rm(join(cwd, 'dir'), { recursive: true });
  expect(await command.interrupt()).toBe(1);
  expect(command.stderr.text).toMatch(/swarms are not saved/);
});

test('a list is read again when its file changes, and stays when it cannot be', async () => {
  const path = join(await folder(), 'list');
  await writeFile(path, 'a\n');
  const errors: unknown[] = [];
  let failed = (): void => undefined;
  const onError = (error: unknown): void => {
    errors.push(error);
    failed();
  };
  const entryOf = (line: string): string | undefined => (line.length === 1 ? line : undefined);
  const list = await ListFile.open({ path, entryOf, expected: 'a letter', onError, everyMs: 0 });
  expect([list.size, list.has('a'), list.has('b')]).toEqual([1, true, false]);
  await writeFile(path, 'a\nb\n');
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };
  await until(() => list.has('b'));
  const whenFailed = new Promise<void>((resolve) => {
    failed = resolve;
  });
  await rm(path);
  list.has('a');
  await whenFailed;
  expect(errors[0]).toMatchObject({ code: 'ERR_USAGE' });
  expect([list.has('a'), list.has('b')]).toEqual([true, true]);
});
