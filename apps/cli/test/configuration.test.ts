import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closest } from '../src/configuration/closest.ts';
import { noise, shoal, start, temporaryFolder } from './shoal.ts';

/** A folder with `a.bin`, and a configuration where it is looked for. */
async function configured(config: unknown): Promise<string> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, '.config', 'shoal'), { recursive: true });
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  await writeFile(join(cwd, '.config', 'shoal', 'config.json'), text);
  await writeFile(join(cwd, 'a.bin'), noise(50_000));
  return cwd;
}

async function created(cwd: string, ...options: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await shoal(['create', 'a.bin', '--json', ...options], { cwd });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('the configuration', () => {
  const CREATE = {
    tracker: ['http://one.example/announce', 'udp://two.example:1'],
    'piece-length': '32K',
    comment: 'from the file',
    date: false,
    private: true,
  };

  test('sets what the command line does not; the command line wins', async () => {
    const cwd = await configured({ create: CREATE });
    expect(await created(cwd)).toMatchObject({
      announce: [['http://one.example/announce'], ['udp://two.example:1']],
      pieceLength: 32_768,
      comment: 'from the file',
      creationDate: null,
      private: true,
    });
    const flags = ['--tracker', 'http://flag.example/', '--piece-length', '16K', '--comment', 'from the flag'];
    expect(await created(cwd, ...flags)).toMatchObject({
      announce: [['http://flag.example/']],
      pieceLength: 16_384,
      comment: 'from the flag',
      private: true,
    });
  });

  test('--config names another, --no-config none; both before the command or behind it', async () => {
    const cwd = await configured({ create: CREATE });
    await writeFile(join(cwd, 'other.json'), '\ufeff{"create": {"comment": "other"}}');
    expect(await created(cwd, '--config', 'other.json')).toMatchObject({ comment: 'other', private: false });
    const before = await shoal(['--config', 'other.json', 'create', 'a.bin', '--json'], { cwd });
    expect(JSON.parse(before.stdout)).toMatchObject({ comment: 'other' });
    expect(await created(cwd, '--no-config')).toMatchObject({ comment: null, private: false });
  });

  test('general keys count for every command that has the option; a section is more to the point', async () => {
    const cwd = await configured({ dir: '~/up', port: 0, bind: '127.0.0.1', json: true, seed: { dir: '../../up' } });
    await mkdir(join(cwd, 'up'));
    await writeFile(join(cwd, 'up', 'a.bin'), noise(50_000));
    await shoal(['create', 'a.bin'], { cwd });
    // Relative to the file: .config/shoal/../../up.
    const seed = start(['seed', 'a.bin.torrent'], { cwd, env: { HOME: '/nowhere' } });
    onTestFinished(async () => void (await seed.interrupt()));
    const { port } = await seed.stdout.event('seeding');
    const get = await shoal(['get', 'a.bin.torrent', '--peer', `127.0.0.1:${String(port)}`, '--timeout', '30'], {
      cwd,
      env: { HOME: join(cwd, 'home') },
    });
    expect(get.status).toBe(0);
    expect(await readFile(join(cwd, 'home', 'up', 'a.bin'))).toEqual(await readFile(join(cwd, 'a.bin')));
  });

  test.each([
    ['{"create": {"coment": "x"}}', /the key "coment" of "create" is unknown \(did you mean "comment"\?\)/],
    ['{"limitup": "1M"}', /the key "limitup" is unknown \(did you mean "limit-up"\?\)/],
    ['{"frobnicate": 1}', /the key "frobnicate" is unknown \(known are dir, .*\)/],
    ['{"__proto__": {"x": 1}}', /the key "__proto__" is unknown/],
    ['{"seed-ratio": 2}', /the key "seed-ratio" belongs into the section of a command: "get"/],
    ['{"port": 70000}', /"port" is invalid: A port is a number from 0 to 65535/],
    ['{"get": {"limit-down": "fast"}}', /"get"\."limit-down" is invalid: A rate is bytes/],
    ['{"get": {"sequential": "yes"}}', /"get"\."sequential" is true or false, not "yes"/],
    ['{"dir": ["a"]}', /"dir" is a text or a number, not \["a"\]/],
    ['{"create": {"tracker": [{}]}}', /"create"\."tracker" is a text, a number or a list of them, not \{\}/],
    ['{"create": {"comment": false}}', /"create"\."comment" is a text or a number, not false/],
    ['{"get": {"list": true}}', /the key "list" of "get" is unknown/],
    ['[]', /it is not a JSON object/],
    ['{"dir": "/srv", // here\n}', /it is not JSON: .+/],
  ])('%s is wrong: status 2, one line that names the file', async (config, message) => {
    const cwd = await configured(config);
    const { status, stdout, stderr } = await shoal(['create', 'a.bin'], { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.startsWith(`shoal: the configuration ${join(cwd, '.config/shoal/config.json')}: `)).toBe(true);
    expect(stderr).toMatch(message);
    expect(stderr.split('\n')).toHaveLength(2);
  });

  test('one that is named must be there; the usual one need not', async () => {
    const cwd = await temporaryFolder(onTestFinished);
    await writeFile(join(cwd, 'a.bin'), noise(50_000));
    expect(await created(cwd)).toMatchObject({ private: false });
    expect(await shoal(['create', 'a.bin', '--config', 'none.json'], { cwd })).toEqual({
      status: 2,
      stdout: '',
      stderr: `shoal: the configuration ${join(cwd, 'none.json')}: no such file or folder\n`,
    });
  });

  test('a section may take back what is said in general', async () => {
    const cwd = await configured({ json: true, create: { json: false, private: false, date: true } });
    const { status, stdout } = await shoal(['create', 'a.bin'], { cwd });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^name {8}a\.bin\n/);
    expect(stdout).toMatch(/\ncreated {5}2/);
    expect(stdout).not.toContain('private');
    expect(JSON.parse((await shoal(['info', 'a.bin.torrent'], { cwd })).stdout)).toMatchObject({ name: 'a.bin' });
  });

  test('false takes away what has a --no-: colours, dates, the page with figures', async () => {
    const cwd = await configured({ color: false, tracker: { stats: false, http: 0, host: '127.0.0.1', json: true } });
    const tracker = start(['tracker'], { cwd });
    expect(await tracker.stdout.event('listening')).toMatchObject({ stats: null, metrics: null });
    await tracker.interrupt();
  });
});

test('the closest of the known words', () => {
  expect(closest('limitup', ['limit-down', 'limit-up'])).toBe('limit-up');
  expect(closest('prot', ['port', 'peer'])).toBeUndefined();
  expect(closest('commnt', ['comment', 'port'])).toBe('comment');
  expect(closest('x'.repeat(1_000_000), ['port'])).toBeUndefined();
});
