// `shoal dht` in nets of a few nodes, each at an address of its own in 127.0.0.0/8.
import { createSocket } from 'node:dgram';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BoundDht, bindDht, createItemSigner, immutableItem, mutableItem } from '@shoal/dht/node';
import { formatEndpoint, fromHex, toHex } from '@shoal/primitives';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hexOfValue, textOfValue } from '../src/dht/item-value.ts';
import { seqInJson } from '../src/dht/seq.ts';
import { shoal, start, temporaryFolder } from './shoal.ts';

const HASH = 'abcdef0123456789'.repeat(3).slice(0, 40);
const NOWHERE = '0'.repeat(40);
const bytesOf = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;

let net: BoundDht[] = [];
let entry = '';

const addressOf = (node: BoundDht): string => formatEndpoint(node.endpoints[0] as { host: string; port: number });
const idOf = (node: BoundDht): string => toHex(node.status()[0]?.id as Uint8Array);

beforeAll(async () => {
  const first = await bindDht({ host: '127.91.0.1' });
  net = [first];
  entry = addressOf(first);
  for (let index = 2; index <= 10; index++) {
    net.push(await bindDht({ host: `127.91.0.${index}`, bootstrap: [entry] }));
  }
  await Promise.all(net.slice(1).map((node) => node.whenReady()));
});

afterAll(async () => {
  await Promise.all(net.map((node) => node.close()));
});

async function folder(): Promise<string> {
  return temporaryFolder(onTestFinished);
}

/** A command's words with the net to ask. */
const within = (...argv: string[]): string[] => ['dht', ...argv, '--bind', '127.91.1.1', '--dht-bootstrap', entry];

/** A socket that answers nothing. */
async function silent(): Promise<string> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.91.2.1', resolve));
  return `127.91.2.1:${socket.address().port}`;
}

describe('ping', () => {
  test('shows the id, the address and how long it took', async () => {
    const { status, stdout } = await shoal(['dht', 'ping', entry], { cwd: '/' });
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${entry}: id ${idOf(net[0] as BoundDht)}, \\d+(\\.\\d)? ms\n$`));
    const json = await shoal(['dht', 'ping', entry.replace('127.91.0.1', '127.91.0.1'), '--json'], { cwd: '/' });
    const expected = { address: entry, id: idOf(net[0] as BoundDht), milliseconds: expect.any(Number) };
    expect(JSON.parse(json.stdout)).toEqual(expected);
  });

  test('no answer is status 1', async () => {
    const { status, stdout, stderr } = await shoal(['dht', 'ping', await silent(), '--timeout', '0.2'], { cwd: '/' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe('shoal: timed out after 0.2 s: no node of the DHT answered\n');
  });

  test('what cannot be sent to is told at once', async () => {
    const other = await shoal(['dht', 'ping', '[::1]:6881', '--bind', '127.0.0.1'], { cwd: '/' });
    expect(other).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('127.0.0.1 is of another address family'),
    });
    const many = await shoal(['dht', 'ping', '224.0.0.1:6881'], { cwd: '/' });
    expect(many).toMatchObject({ status: 1, stderr: expect.stringMatching(/^shoal: .*224\.0\.0\.1:6881.*\n$/) });
  });
});

describe('lookup', () => {
  test('peers as they are found, then the nearest nodes, and what it cost', async () => {
    await (net[3] as BoundDht).announce(bytesOf(HASH), 7_001);
    await (net[4] as BoundDht).announce(bytesOf(HASH), 7_002);
    const { status, stdout, stderr } = await shoal(within('lookup', HASH), { cwd: await folder() });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    const peers = lines.filter((line) => line.startsWith('peer  '));
    expect(peers.sort()).toEqual(['peer  127.91.0.4:7001', 'peer  127.91.0.5:7002']);
    const nodes = lines.filter((line) => line.startsWith('node  ')).map((line) => line.split('  ').slice(1));
    const known = new Map(net.map((node) => [idOf(node), addressOf(node)]));
    expect(nodes).toHaveLength(8);
    for (const [id = '', address] of nodes) expect(known.get(id)).toBe(address);
    const distances = nodes.map(([id]) => BigInt(`0x${id}`) ^ BigInt(`0x${HASH}`));
    expect(distances).toEqual([...distances].sort((a, b) => (a < b ? -1 : 1)));
    expect(lines.at(-1)).toMatch(/^2 peers; \d+ nodes asked, \d+ answered, in [\d.]+ s$/);
  });

  test('of a magnet link, in events', async () => {
    await (net[5] as BoundDht).announce(bytesOf(HASH.replace('a', '1')), 7_003);
    const link = `magnet:?xt=urn:btih:${HASH.replace('a', '1')}&dn=x`;
    const { stdout, ended } = start(within('lookup', link, '--json'), { cwd: await folder() });
    expect(await ended).toBe(0);
    const infoHash = HASH.replace('a', '1');
    expect(stdout.events[0]).toEqual({ event: 'peers', infoHash, peers: ['127.91.0.6:7003'] });
    expect(stdout.events.at(-1)).toEqual({
      event: 'done',
      infoHash,
      peers: 1,
      nodes: expect.any(Array),
      asked: expect.any(Number),
      answered: expect.any(Number),
      hops: expect.any(Number),
      seconds: expect.any(Number),
    });
  });

  test('a node id: the node itself is the nearest; nobody keeps the asker in mind', async () => {
    const id = idOf(net[7] as BoundDht);
    const { status, stdout } = await shoal(within('lookup', id.toUpperCase()), { cwd: await folder() });
    expect(status).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`node  ${id}  ${addressOf(net[7] as BoundDht)}`);
    expect(stdout).toContain('\n0 peers; ');
    const again = await shoal(within('lookup', id), { cwd: await folder() });
    expect(again.stdout).not.toContain('127.91.1.1');
  });

  test('a dead node to begin with beside one that lives costs nothing', async () => {
    const dead = await silent();
    const argv = [...within('lookup', HASH), '--dht-bootstrap', dead];
    expect((await shoal(argv, { cwd: await folder() })).status).toBe(0);
  });

  test('nobody answers: status 1, and an event', async () => {
    const argv = ['dht', 'lookup', HASH, '--dht-bootstrap', await silent(), '--timeout', '0.2', '--json'];
    const { status, stdout, stderr } = await shoal(argv, { cwd: await folder() });
    const message = 'timed out after 0.2 s: no node of the DHT answered';
    expect({ status, stderr }).toEqual({ status: 1, stderr: `shoal: ${message}\n` });
    expect(JSON.parse(stdout)).toEqual({ event: 'error', infoHash: null, code: 'ERR_TIMEOUT', message });
  });

  test('interrupted: status 130', async () => {
    const running = start(['dht', 'lookup', HASH, '--dht-bootstrap', await silent()], { cwd: await folder() });
    expect(await running.interrupt()).toBe(130);
    expect(running.stderr.text).toBe('shoal: interrupted\n');
  });
});

describe('items', () => {
  test('a text goes in and comes out', async () => {
    const cwd = await folder();
    const put = await shoal(within('put', 'Hello World!'), { cwd });
    // BEP 44's own example.
    expect(put.stdout).toBe('target      e5f96f6f38320f0f33959cb4d3d656452117aadb\nstored at   8 nodes\n');
    expect(put).toMatchObject({ status: 0, stderr: '' });
    const target = 'e5f96f6f38320f0f33959cb4d3d656452117aadb';
    expect(await shoal(within('get', target), { cwd })).toEqual({ status: 0, stdout: 'Hello World!\n', stderr: '' });
    const hex = await shoal(within('get', target, '--hex'), { cwd });
    expect(hex.stdout).toBe(`${Buffer.from('Hello World!').toString('hex')}\n`);
    const json = await shoal(within('get', target.toUpperCase(), '--json'), { cwd });
    const value = { value: 'Hello World!', hex: Buffer.from('Hello World!').toString('hex') };
    expect(JSON.parse(json.stdout)).toEqual({ target, ...value, publicKey: null, salt: null, seq: null });
  });

  test('a key is made, its items are numbered, and found by key or target', async () => {
    const cwd = await folder();
    const first = await shoal(within('put', 'one', '--key-file', 'my.key', '--salt', 's'), { cwd });
    expect(first).toMatchObject({ status: 0, stderr: `shoal: made a new key: ${join(cwd, 'my.key')}\n` });
    const [, target = '', key = '', seq] =
      /^target {6}(\w{40})\npublic key {2}(\w{64})\nseq {9}(\d+)\nstored at {3}8 nodes\n$/.exec(first.stdout) ?? [];
    expect(seq).toBe('1');
    expect((await stat(join(cwd, 'my.key'))).mode & 0o777).toBe(0o600);
    const seed = (await readFile(join(cwd, 'my.key'), 'utf8')).trim();
    expect(toHex(createItemSigner(bytesOf(seed)).publicKey)).toBe(key);
    const second = await shoal(within('put', 'two', '--key-file', 'my.key', '--salt', 's', '--json'), { cwd });
    expect(second.stderr).toBe('');
    const expected = { target, publicKey: key, salt: 's', seq: 2, nodes: 8, refused: 0 };
    expect(JSON.parse(second.stdout)).toEqual(expected);
    const byKey = await shoal(within('get', '--key', key, '--salt', 's'), { cwd });
    expect(byKey).toEqual({ status: 0, stdout: 'two\n', stderr: `seq 2, signed by ${key}\n` });
    const byTarget = await shoal(within('get', target, '--salt', 's', '--json'), { cwd });
    expect(JSON.parse(byTarget.stdout)).toMatchObject({ target, value: 'two', publicKey: key, salt: 's', seq: 2 });
    // Without the salt nobody can tell whose it is; under the key alone there is another item, or none.
    const unsalted = await shoal(within('get', target), { cwd });
    expect(unsalted).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('(one with a salt needs --salt too)'),
    });
    expect((await shoal(within('get', '--key', key), { cwd })).status).toBe(1);
  });

  test('an older number and another one to replace are refused', async () => {
    const cwd = await folder();
    const put = (text: string, ...more: string[]) => shoal(within('put', text, '--key-file', 'key', ...more), { cwd });
    expect((await put('seven', '--seq', '7')).stdout).toContain('seq         7\n');
    const older = await put('six', '--seq', '6');
    expect(older).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^shoal: 8 nodes hold another item \(302/),
    });
    const swapped = await put('eight', '--seq', '8', '--cas', '5');
    expect(swapped).toMatchObject({ status: 1, stderr: expect.stringMatching(/\(301/) });
    expect((await put('eight', '--cas', '7')).stdout).toContain('seq         8\n');
    expect((await put('last', '--seq', String(2n ** 63n - 1n))).status).toBe(0);
    expect(await put('beyond')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('after which there is none'),
    });
  });

  test('a value that is no text is shown in hexadecimal digits', async () => {
    const cwd = await folder();
    const bytes = Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a);
    const { target } = await (net[1] as BoundDht).put(immutableItem(bytes));
    expect((await shoal(within('get', toHex(target)), { cwd })).stdout).toBe('1b5b324a\n');
    const signer = createItemSigner();
    await (net[1] as BoundDht).put(mutableItem(signer, { value: { a: 1 }, seq: 2n ** 60n }));
    const json = await shoal(within('get', '--key', toHex(signer.publicKey), '--json'), { cwd });
    const hex = Buffer.from('d1:ai1ee').toString('hex');
    expect(JSON.parse(json.stdout)).toMatchObject({ value: null, hex, seq: String(2n ** 60n) });
  });

  test('what is text, and what is not', () => {
    const string = (text: string): Uint8Array => immutableItem(text).value;
    expect(textOfValue(string('two\nlines\tä'))).toBe('two\nlines\tä');
    for (const text of ['\u001b[2J', 'a\rb', '\u202e', '\u0085']) expect(textOfValue(string(text))).toBeNull();
    expect(textOfValue(immutableItem(Uint8Array.of(0xff)).value)).toBeNull();
    expect(textOfValue(immutableItem(7).value)).toBeNull();
    expect([hexOfValue(immutableItem(7).value), hexOfValue(string('a'))]).toEqual(['693765', '61']);
    expect([seqInJson(3n), seqInJson(2n ** 53n)]).toEqual([3, '9007199254740992']);
  });

  test('nothing there: status 1', async () => {
    const { status, stdout, stderr } = await shoal(within('get', NOWHERE), { cwd: await folder() });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^shoal: no item under 0{40}: none of the nodes nearest to it has one/);
  });
});

describe('the configuration', () => {
  const configured = async (config: unknown): Promise<string> => {
    const cwd = await folder();
    await writeFile(join(cwd, 'config.json'), JSON.stringify(config));
    return cwd;
  };
  const ask = (cwd: string, ...argv: string[]) => shoal(['--config', 'config.json', 'dht', ...argv], { cwd });

  test('general keys count, the section of dht for all commands within it', async () => {
    const general = { 'dht-bootstrap': [entry], bind: '127.91.1.1', json: true, port: Number(entry.split(':')[1]) };
    const cwd = await configured({ ...general, dht: { salt: 's', 'key-file': 'my.key' } });
    const put = await ask(cwd, 'put', 'configured');
    expect(put.status).toBe(0);
    const { publicKey, salt } = JSON.parse(put.stdout) as { publicKey: string; salt: string };
    expect(salt).toBe('s');
    const got = await ask(cwd, 'get', '--key', publicKey);
    expect(JSON.parse(got.stdout)).toMatchObject({ value: 'configured', seq: 1 });
  });

  test.each([
    [{ dht: { 'key-fil': 'x' } }, /the key "key-fil" of "dht" is unknown \(did you mean "key-file"\?\)/],
    [{ dht: { port: 70_000 } }, /"dht"\."port" is invalid: A port is a number/],
    [{ salt: 's' }, /the key "salt" belongs into the section of a command: "dht"/],
  ])('%j is refused', async (config, message) => {
    expect(await ask(await configured(config), 'get')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(message),
    });
  });
});

describe('node', () => {
  test('takes part until it is interrupted, and is the same one afterwards', async () => {
    const cwd = await folder();
    const argv = ['dht', 'node', '--bind', '127.91.3.1', '--dht-bootstrap', entry, '--json'];
    const running = start(argv, { cwd });
    const listening = await running.stdout.event('listening');
    const [address = ''] = listening.addresses as string[];
    expect(address).toMatch(/^127\.91\.3\.1:\d+$/);
    const ready = await running.stdout.event('ready');
    const [family] = ready.families as Record<string, unknown>[];
    expect(family).toMatchObject({ family: 4, id: (listening.ids as string[])[0], torrents: 0, items: 0 });
    expect(family?.nodes).toBeGreaterThan(1);
    const ping = await shoal(['dht', 'ping', address, '--json'], { cwd });
    expect(JSON.parse(ping.stdout)).toMatchObject({ id: (listening.ids as string[])[0], address });
    expect(await running.interrupt()).toBe(130);
    expect(running.stdout.events.at(-1)).toMatchObject({ event: 'stopped', families: [{ family: 4 }] });
    // Nobody who answers is named this time: it knows whom to ask.
    const silence = ['--dht-bootstrap', await silent()];
    const again = start(['dht', 'node', '--bind', '127.91.3.1', '--json', ...silence], { cwd });
    expect((await again.stdout.event('listening')).ids).toEqual(listening.ids);
    await again.stdout.event('ready');
    expect(await again.interrupt()).toBe(130);
  });

  test('for people: where it listens, then its table', async () => {
    const cwd = await folder();
    await writeFile(join(cwd, '.state'), 'a file where the folder should be');
    const running = start(['dht', 'node', '--bind', '127.91.3.2', '--dht-bootstrap', entry], { cwd });
    const text = await running.stdout.until((all) => (all.includes('IPv4') ? all : undefined));
    expect(text).toMatch(
      /^DHT node at 127\.91\.3\.2:\d+, id \w{40}\nIPv4: \d+ nodes \(\d+ good\), 0 torrents and 0 items/,
    );
    expect(await running.interrupt()).toBe(1);
    expect(running.stderr.text).toMatch(/the state of the DHT node is not saved: .+\n$/);
  });

  test('a state that is none is told, and done without', async () => {
    const cwd = await folder();
    const env = { SHOAL_STATE_DIR: cwd };
    await writeFile(join(cwd, 'dht-node-127.91.3.3.state'), 'nonsense');
    const running = start(['dht', 'node', '--bind', '127.91.3.3', '--dht-bootstrap', entry], { cwd, env });
    await running.stdout.until((all) => (all.includes('DHT node at') ? all : undefined));
    expect(await running.interrupt()).toBe(130);
    expect(running.stderr.text).toMatch(/^shoal: the DHT node begins anew: .*not the saved state/);
  });

  test('a port in use is told', async () => {
    const [, port = ''] = entry.split(':');
    const argv = ['dht', 'node', '--bind', '127.91.0.1', '--port', port];
    const { status, stderr } = await shoal(argv, { cwd: await folder() });
    expect(status).toBe(1);
    expect(stderr).toBe(
      `shoal: the DHT node cannot listen on UDP port ${port} of 127.91.0.1: the port is in use (choose another with --port or --bind)\n`,
    );
  });
});

test.each([
  [['ping', '1.2.3.4'], /A node is HOST:PORT/],
  [['ping', '1.2.3.4:0'], /A node is HOST:PORT/],
  [['ping', '1.2.3.4:1', '--bind', 'localhost'], /Give an IPv4 or IPv6 address/],
  [['ping', '1.2.3.4:1', '--timeout', '0'], /number of seconds/],
  [['lookup', 'abc'], /not a hash of 40 hexadecimal digits, nor a magnet link: "abc"/],
  [['lookup', 'magnet:?dn=x'], /cannot read the magnet link/],
  [['lookup', HASH, '--dht-bootstrap', 'x'], /A node is HOST:PORT/],
  [['get'], /by its TARGET or by --key PUBLIC-KEY, one of them/],
  [['get', HASH, '--key', 'ab'.repeat(32)], /one of them/],
  [['get', 'xyz'], /not a target of 40 hexadecimal digits: "xyz"/],
  [['get', '--key', 'abc'], /A public key is 64 hexadecimal digits/],
  [['get', HASH, '--salt', 'ä'.repeat(33)], /A salt has 64 bytes at most, not 66/],
  [['put', 'x'.repeat(997)], /no node would take it: a value of 1001 bytes when bencoded, 1000 at most/],
  [['put', 'x', '--salt', 's'], /--salt is for items with a key: give --key-file too/],
  [['put', 'x', '--seq', '1'], /--seq is for items with a key/],
  [['put', 'x', '--cas', '-1'], /whole number from 0 to 2\^63 - 1/],
  [['put', 'x', '--seq', '9223372036854775808'], /whole number from 0/],
  [['put', 'x', '--key-file', 'bad'], /bad: not a key: 64 hexadecimal digits are expected/],
  [['put', 'x', '--key-file', '.'], /it is a folder/],
])('%j is refused with status 2, in one line', async (argv, message) => {
  const cwd = await folder();
  await writeFile(join(cwd, 'bad'), 'my key');
  const { status, stdout, stderr } = await shoal(['dht', ...argv], { cwd });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

test('a key is not made where it cannot be saved', async () => {
  const { status, stderr } = await shoal(within('put', 'x', '--key-file', 'missing/key'), { cwd: await folder() });
  expect(status).toBe(1);
  expect(stderr).toMatch(/missing\/key: the new key cannot be saved there: no such file or folder/);
});

test('each command has an example, in 80 columns', async () => {
  for (const name of ['ping', 'lookup', 'get', 'put', 'node']) {
    const { status, stdout } = await shoal(['dht', name, '--help'], { cwd: '/' });
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}\\$ shoal dht ${name} `));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  }
  const bare = await shoal(['dht'], { cwd: '/' });
  expect(bare).toMatchObject({ status: 2, stdout: '' });
  expect(bare.stderr).toContain('shoal: no command given (see shoal dht --help)\n');
});
