import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../src/run.ts';
import { ASSETS } from './fixture.ts';

let root: string;
let dir: string;
let out: string[];
let errors: string[];
let stop: AbortController;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-seeder-run-'));
  dir = join(root, 'data');
  await mkdir(dir);
  out = [];
  errors = [];
  stop = new AbortController();
  env = { XDG_STATE_HOME: join(root, 'state') };
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** Runs the program; a line that `isLast` stops it as a signal would. */
function runIt(argv: readonly string[], isLast: (line: string) => boolean = () => false): Promise<number> {
  return run(argv, {
    out: (line) => {
      out.push(line);
      if (isLast(line)) stop.abort();
    },
    error: (line) => errors.push(line),
    signal: stop.signal,
    env,
    assets: async () => ASSETS,
    debug: false,
  });
}

const LOOPBACK = ['--http', '127.0.0.1:0', '--bind', '127.0.0.1', '--settle', '0'];

test('--json prints one object a line, from ready to stopped', async () => {
  await writeFile(join(dir, 'a.bin'), 'some bytes');
  const status = await runIt([dir, ...LOOPBACK, '--json'], (line) => line.includes('"ready"'));
  const events = out.map((line) => JSON.parse(line));
  expect(status).toBe(0);
  expect(errors).toEqual([]);
  expect(events.map(({ event }) => event)).toEqual(['torrent', 'ready', 'stopped']);
  expect(events[1]).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'info',
    event: 'ready',
    infoHash: null,
    http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    announce: `${events[1].http}announce`,
    udp: null,
    dht: null,
    port: expect.any(Number),
    torrents: [
      {
        name: 'a.bin',
        infoHash: events[0].infoHash,
        size: 10,
        files: 1,
        torrent: `${events[1].http}torrents/${events[0].infoHash}.torrent`,
      },
    ],
  });
});

test('people get lines, and a name cannot steer their terminal', async () => {
  await writeFile(join(dir, 'a.bin'), 'some bytes');
  await writeFile(join(dir, 'bad\u001b[31m'), 'x');
  expect(await runIt([dir, ...LOOPBACK], (line) => line.includes('peers '))).toBe(0);
  expect(out).toContainEqual(expect.stringMatching(/^seeding a\.bin {2}10 B, 1 file {2}[0-9a-f]{40}$/));
  expect(out).toContainEqual('ready: 1 torrent, 10 B');
  expect(out).toContainEqual(expect.stringMatching(/^ {2}page {5}http:/));
  expect(out.at(-1)).toMatch(/^stopped after \d+ s, 0 B uploaded$/);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('shoal-seeder: bad\\u001b[31m: ');
});

test.each([
  [[], 'the folder to seed is missing'],
  [['.', '--nonsense'], "unknown option '--nonsense'"],
  [['.', '--port', '65536'], "--port '65536': a port is a number from 0 to 65535 (see"],
  [['.', '--token', 'short'], '--token: a token has 16 to 256'],
  [['.', '--config', '/nowhere.json'], 'cannot read the configuration /nowhere.json'],
  [['.', '--http', 'nowhere'], 'not HOST:PORT'],
  [['.', '--http', '[::1:80'], 'not HOST:PORT'],
  [['.', '--bind', 'example.org'], 'not an IP address'],
  [['.', '--public-url', 'ftp://example.org'], 'not an http or https URL'],
  [['.', '--public-url', 'https://me:secret@example.org'], 'it must not hold a password'],
  [['.', 'too', '--json', 'many'], 'too many arguments'],
])('%j is wrong usage: one line, status 2', async (argv, words) => {
  expect(await runIt(argv)).toBe(2);
  expect(out).toEqual([]);
  expect(errors).toEqual([expect.stringMatching(/^shoal-seeder: .* \(see shoal-seeder --help\)$/)]);
  expect(errors[0]).toContain(words);
});

test('a folder that is not there is status 1', async () => {
  expect(await runIt([join(root, 'nowhere')])).toBe(1);
  expect(errors).toEqual([
    `shoal-seeder: cannot read the folder ${join(root, 'nowhere')}: there is no such file or folder`,
  ]);
});

test('--help shows an example and --version a version', async () => {
  expect(await runIt(['--help'])).toBe(0);
  expect(out.join('\n')).toContain('shoal-seeder ./releases --http 0.0.0.0:8080');
  out.length = 0;
  expect(await runIt(['--version'])).toBe(0);
  expect(out[0]).toMatch(/^\d+\.\d+\.\d+$/);
});
