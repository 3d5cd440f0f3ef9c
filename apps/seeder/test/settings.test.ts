import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPTIONS, type Settings, variableOf } from '../src/settings/options.ts';
import { readSettings } from '../src/settings/read-settings.ts';
import { defaultStateDir } from '../src/state-dir.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-seeder-settings-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const SECRET = '0123456789abcdef-not-shown';

async function read(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Settings> {
  const settings = await readSettings(argv, env);
  if ('text' in settings) throw new Error(settings.text);
  return settings;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await writeFile(path, text);
  return path;
}

test('what holds unless told', async () => {
  expect(await read(['data'])).toEqual({
    dir: 'data',
    http: { host: undefined, port: 8_080 },
    port: 0,
    udp: undefined,
    bind: undefined,
    publicUrl: undefined,
    tracker: [],
    dht: false,
    dhtBootstrap: [],
    lsd: false,
    stateDir: undefined,
    private: false,
    settle: 5_000,
    rescan: 60_000,
    limitUp: undefined,
    maxConnections: 500,
    maxPeers: 200,
    slots: 8,
    token: undefined,
    json: false,
  });
});

test('every setting can be a flag, a variable, and a key in JSON and in TOML, and means the same', async () => {
  const values: Readonly<Record<string, [text: string, inFile: unknown]>> = {
    dir: ['/srv/data', '/srv/data'],
    http: ['0.0.0.0:80', '0.0.0.0:80'],
    port: ['6881', 6_881],
    udp: ['6969', 6_969],
    bind: ['127.0.0.1', '127.0.0.1'],
    'public-url': ['https://x.example/y/', 'https://x.example/y'],
    tracker: ['udp://a.example:1/announce', ['udp://a.example:1/announce']],
    dht: ['true', true],
    'dht-bootstrap': ['router.example:6881', ['router.example:6881']],
    lsd: ['1', true],
    'state-dir': ['/var/lib/x', '/var/lib/x'],
    private: ['true', true],
    settle: ['1.5', 1.5],
    rescan: ['30', 30],
    'limit-up': ['2M', 2_097_152],
    'max-connections': ['9', 9],
    'max-peers': ['8', '8'],
    slots: ['7', 7],
    token: [SECRET, SECRET],
    json: ['yes', true],
  };
  expect(Object.keys(values)).toHaveLength(Object.keys(OPTIONS).length);
  const flags = Object.entries(values).flatMap(([key, [text]]) =>
    key === 'dir' ? [text] : values[key]?.[1] === true ? [`--${key}`] : [`--${key}`, text],
  );
  const env = Object.fromEntries(Object.entries(values).map(([key, [text]]) => [variableOf(key), text]));
  const json = Object.fromEntries(Object.entries(values).map(([key, [, value]]) => [key, value]));
  const toml = Object.entries(json).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  const fromFlags = await read(flags);
  expect(fromFlags).toMatchObject({ udp: 6_969, limitUp: 2_097_152, settle: 1_500, publicUrl: 'https://x.example/y' });
  expect(await read([], env)).toEqual(fromFlags);
  expect(await read(['--config', await file('all.json', JSON.stringify(json))])).toEqual(fromFlags);
  expect(await read([], { SHOAL_SEEDER_CONFIG: await file('all.toml', toml.join('')) })).toEqual(fromFlags);
});

test('flags count before variables, variables before the file, the file before what holds unless told', async () => {
  const config = await file(
    'order.toml',
    'dir = "data"\nport = 1\nslots = 1\nmax-peers = 1\nprivate = true\njson = true\n',
  );
  const env = { SHOAL_SEEDER_PORT: '2', SHOAL_SEEDER_SLOTS: '2', SHOAL_SEEDER_JSON: 'false', SHOAL_SEEDER_BIND: '' };
  const settings = await read(['--config', config, '--port', '3', '--no-private'], env);
  expect(settings).toMatchObject({ port: 3, slots: 2, maxPeers: 1, maxConnections: 500, private: false, json: false });
  // Paths in a file are relative to it.
  expect(settings.dir).toBe(join(root, 'data'));
});

test.each([
  ['{"port": 70000}', "port in FILE '70000': a port is a number from 0 to 65535"],
  ['{"port": {"a": 1}}', `port in FILE '{"a":1}': neither a text nor a number`],
  ['{"prot": 1}', 'prot in FILE: there is no such setting'],
  ['{"config": "x"}', 'config in FILE: there is no such setting'],
  ['{"json": "true"}', "json in FILE 'true': not true or false"],
  ['{"tracker": [1, {}]}', `tracker in FILE '[1,{}]': not a list of texts`],
  ['{"tracker": ["ftp://x"]}', "tracker in FILE 'ftp://x': not the URL of a tracker"],
  ['{"token": "tell nobody"}', 'token in FILE: a token has 16 to 256'],
  ['[]', 'the configuration FILE is not JSON: not an object of settings'],
  ['{', 'the configuration FILE is not JSON: '],
])('%s in a file is refused, by its key', async (text, words) => {
  const path = await file('wrong.json', text);
  const failure = await readSettings(['--config', path, 'data'], {}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'ERR_SEEDER_USAGE' });
  expect(String((failure as Error).message)).toContain(words.replace('FILE', path));
  expect(String((failure as Error).message)).not.toContain('tell nobody');
});

test.each([
  [{ SHOAL_SEEDER_PROT: '1' }, 'SHOAL_SEEDER_PROT: there is no such setting'],
  [{ SHOAL_SEEDER_PORT: 'x' }, "SHOAL_SEEDER_PORT 'x': a port is"],
  [{ SHOAL_SEEDER_JSON: 'perhaps' }, "SHOAL_SEEDER_JSON 'perhaps': not true or false"],
  [{ SHOAL_SEEDER_LIMIT_UP: '1' }, "SHOAL_SEEDER_LIMIT_UP '1': a rate is"],
  [{ SHOAL_SEEDER_RESCAN: '0.5' }, "SHOAL_SEEDER_RESCAN '0.5': not a number of seconds from 1"],
  [{ SHOAL_SEEDER_CONFIG: '/nowhere.toml' }, 'cannot read the configuration /nowhere.toml: there is no such file'],
])('%j is refused, by its name', async (env, words) => {
  await expect(readSettings(['data'], env)).rejects.toThrow(words);
});

test('a fault in TOML is told with its line', async () => {
  const path = await file('broken.toml', 'port = 1\nslots = = 2\n');
  await expect(readSettings(['--config', path], {})).rejects.toThrow(`the configuration ${path} is not TOML, line 2: `);
});

test('--print-config shows what counts and where it came from, as TOML that can be read back, without the token', async () => {
  const config = await file('print.toml', `dir = "data"\nlimit-up = "3M"\ntoken = "${SECRET}"\n`);
  const printed = await readSettings(['--config', config, '--print-config', '--tracker', 'http://t/announce'], {
    SHOAL_SEEDER_PORT: '6881',
  });
  const { text } = printed as { text: string };
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      `dir = "${join(root, 'data')}"  # dir in ${config}`,
      'http = "8080"  # default',
      'port = "6881"  # SHOAL_SEEDER_PORT',
      '# udp is not set',
      'tracker = ["http://t/announce"]  # --tracker',
      `limit-up = "3M"  # limit-up in ${config}`,
      `# token is set  # token in ${config}`,
      'json = false  # default',
    ]),
  );
  expect(text).not.toContain(SECRET);
  const again = await read(['--config', await file('again.toml', text)]);
  expect(again).toEqual({
    ...(await read(['--config', config, '--port', '6881', '--tracker', 'http://t/announce'])),
    token: undefined,
  });
});

test('state has a folder of its own unless told', () => {
  const env = { XDG_STATE_HOME: '/home/me/.state' };
  expect(defaultStateDir('/srv/my images', env)).toMatch(/^\/home\/me\/\.state\/shoal-seeder\/my_images-[0-9a-f]{8}$/);
  expect(defaultStateDir('/srv/a/x', env)).not.toBe(defaultStateDir('/srv/b/x', env));
  expect(defaultStateDir('/srv/x', { ...env, STATE_DIRECTORY: '/var/lib/shoal-seeder' })).toBe('/var/lib/shoal-seeder');
});
