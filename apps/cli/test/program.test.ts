import { describe, expect, onTestFinished, test } from 'vitest';
import { CliError, failureOf } from '../src/exit.ts';
import { parsePeer, parsePieceLength, parsePort, parseSeconds, parseTrackerUrl } from '../src/option-values.ts';
import { stateDirOf } from '../src/state-dir.ts';
import { shoal, temporaryFolder } from './shoal.ts';

const TRANSFERS = ['get', 'seed', 'stream'];
const TORRENTS = ['create', 'info', 'magnet', 'edit', 'verify'];
const COMMANDS = [...TRANSFERS, ...TORRENTS, 'tracker', 'announce', 'scrape', 'dht', 'completions'];

describe('the command line', () => {
  test('--version and --help go to stdout with status 0', async () => {
    expect(await shoal(['--version'], { cwd: '/' })).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    const help = await shoal(['--help'], { cwd: '/' });
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const command of COMMANDS) expect(help.stdout).toContain(`\n  ${command} `);
  });

  test.each(COMMANDS)('%s --help has an example, in 80 columns', async (command) => {
    const { status, stdout } = await shoal([command, '--help'], { cwd: '/' });
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}\\$ shoal ${command} `));
    expect(stdout).toContain('Global Options:\n');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test.each([
    [['get', 'a.torrent', '--frobnicate'], "unknown option '--frobnicate' (see shoal get --help)"],
    [['info', 'a.torrent', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
    [['get', 'a.torrent', '--encryption'], "unknown option '--encryption' (see shoal get --help)"],
    [['frobnicate'], "unknown command 'frobnicate' (see shoal --help)"],
    [['gte', 'a.torrent'], "unknown command 'gte' (Did you mean get?)"],
    [['--config', 'x', 'get', '--sed'], "unknown option '--sed' (Did you mean --seed?)"],
    [['get'], "missing required argument 'SOURCE' (see shoal get --help)"],
    [['info', 'a', 'b'], "too many arguments for 'info': Expected 1 argument but got 2 (see shoal info --help)"],
    [
      ['get', 'a', '--port', '70000'],
      "option '--port <PORT>' argument '70000' is invalid: A port is a number from 0 to 65535 (see shoal get --help)",
    ],
    [['dht', 'pong'], "unknown command 'pong' (Did you mean ping?)"],
    [['dht', 'ping', '1.2.3.4:6881', '--frobnicate'], "unknown option '--frobnicate' (see shoal dht ping --help)"],
    [['tracker'], 'a tracker listens on --http PORT, --udp PORT or both'],
  ])('%j is wrong: status 2, one line', async (argv, message) => {
    expect(await shoal(argv, { cwd: '/' })).toEqual({ status: 2, stdout: '', stderr: `shoal: ${message}\n` });
  });

  test('no command at all shows the first steps, on stderr, in a screenful', async () => {
    const { status, stdout, stderr } = await shoal([], { cwd: '/' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const shown = [...stderr.matchAll(/^ {2}shoal ([a-z]+) /gm)].map((match) => match[1]);
    expect(COMMANDS).toEqual(expect.arrayContaining(shown));
    expect(stderr.split('\n').length).toBeLessThan(16);
    for (const line of stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stderr.endsWith('\nshoal: no command given (see shoal --help)\n')).toBe(true);
  });

  test('a stack trace is shown with SHOAL_DEBUG=1 alone', async () => {
    const cwd = await temporaryFolder(onTestFinished);
    const plain = await shoal(['info', 'none.torrent'], { cwd });
    expect(plain.stderr.split('\n')).toHaveLength(2);
    const debug = await shoal(['info', 'none.torrent'], { cwd, env: { SHOAL_DEBUG: '1' } });
    expect(debug.stderr).toContain(plain.stderr);
    expect(debug.stderr).toMatch(/\n {4}at /);
    expect(debug.stderr).toContain('ENOENT');
  });
});

describe('option values', () => {
  test('piece lengths', () => {
    for (const text of ['262144', '256K', '256k', '256KiB', '256KB']) expect(parsePieceLength(text)).toBe(262_144);
    expect(parsePieceLength('1M')).toBe(2 ** 20);
    for (const text of ['8K', '300K', '512M', '-1', '1.5M', 'K', '', '1G']) {
      expect(() => parsePieceLength(text)).toThrow('power of two from 16K to 256M');
    }
  });

  test('ports, seconds, peers and trackers', () => {
    expect([parsePort('0'), parsePort('65535')]).toEqual([0, 65_535]);
    for (const text of ['65536', '-1', '', '1e3']) expect(() => parsePort(text)).toThrow('from 0 to 65535');
    expect(parseSeconds('0.5')).toBe(0.5);
    for (const text of ['0', '-1', 'soon', '1e9', '9999999']) expect(() => parseSeconds(text)).toThrow('seconds');
    for (const text of ['1.2.3.4:1', '[::1]:6881', 'seed.example:6881']) expect(parsePeer(text)).toBe(text);
    for (const text of ['1.2.3.4', '::1:6881', ':80', 'a:0']) expect(() => parsePeer(text)).toThrow('HOST:PORT');
    expect(parseTrackerUrl('udp://t.example:80')).toBe('udp://t.example:80');
    for (const text of ['t.example', 'ftp://t.example', 'http://']) expect(() => parseTrackerUrl(text)).toThrow('URL');
  });
});

test('resume data lie where the environment says', () => {
  const of = (env: Record<string, string>): string => stateDirOf({ env, cwd: '/srv' });
  expect(of({ SHOAL_STATE_DIR: 'state', XDG_STATE_HOME: '/xdg' })).toBe('/srv/state');
  expect(of({ XDG_STATE_HOME: '/xdg', HOME: '/home/me' })).toBe('/xdg/shoal');
  expect(of({ XDG_STATE_HOME: 'relative', HOME: '/home/me' })).toBe('/home/me/.local/state/shoal');
});

test('an error is one line, whatever it holds', () => {
  const failure = failureOf(new CliError('ERR_SOURCE', 'cannot read a\nb\u001b', { hint: 'check\nit' }));
  expect(failure).toEqual({ status: 1, code: 'ERR_SOURCE', message: 'cannot read a; b\\u{1b} (check; it)' });
  const full = Object.assign(new Error('cannot write /a: no space left'), { code: 'ERR_STORAGE_FULL' });
  const stopped = Object.assign(new Error(full.message, { cause: full }), { code: 'ERR_STORAGE' });
  expect(failureOf(stopped).message).toBe(
    'cannot write /a: no space left (make room, then the same command goes on from here)',
  );
  expect(failureOf('odd')).toEqual({ status: 1, code: 'ERR_UNEXPECTED', message: 'odd' });
});
