// Items in the DHT (BEP 44) between libtorrent's nodes and ours: what one stores the other one gets, and ours as the node that stores.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createItemSigner, type ItemSigner } from '@shoal/dht/node';
import { toHex } from '@shoal/primitives';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LibtorrentNet, startNet } from '../src/clients/libtorrent-net.ts';
import { whyNot } from '../src/programs.ts';
import { ownAddress, Scene } from '../src/scene.ts';
import { type CliEvent, ownNode, shoalApart } from '../src/shoal.ts';

const NODES = 10;

const reason = whyNot('libtorrent');

describe(reason ? `items (skipped: ${reason})` : 'items', { skip: reason !== undefined }, () => {
  let scene: Scene;
  let net: LibtorrentNet;
  let entry: string;
  beforeAll(async () => {
    scene = await Scene.enter();
    net = await startNet(scene, NODES, [await ownNode(scene)]);
    entry = net.nodes[4] as string;
    return () => scene.leave();
  });

  test('libtorrent stores a text, and shoal gets it', async () => {
    net.tell('put', 'a text by libtorrent, in ünïcödé');
    const target = await net.hears('put');
    expect(Number((await net.hears('stored')).split(' ')[0])).toBeGreaterThan(0);
    expect(await ask(scene, entry, 'get', target)).toMatchObject({ target, value: 'a text by libtorrent, in ünïcödé' });
  });

  test('an item under a key, of libtorrent and then of shoal, each time with the next number', async () => {
    const signer = createItemSigner();
    const [publicKey, secret] = [toHex(signer.publicKey), toHex(expandedSecret(signer))];
    const keyFile = scene.path('key');
    await writeFile(keyFile, `${toHex(signer.seed)}\n`);
    // First: libtorrent takes whoever stores something into its table, read-only (BEP 43) or not, and waits for the gone one later.
    const address = ['--key', publicKey, '--salt', 'news'];

    net.tell('sign', secret, publicKey, 'news', 'first, by libtorrent');
    expect(await net.hears('stored', ' 1')).toMatch(/^[1-9]\d* 1$/);
    expect(await ask(scene, entry, 'get', ...address)).toMatchObject({ value: 'first, by libtorrent', seq: 1 });

    const second = await ask(scene, entry, 'put', 'second, by shoal', '--key-file', keyFile, '--salt', 'news');
    expect(second).toMatchObject({ publicKey, seq: 2 });
    net.tell('read', publicKey, 'news');
    expect(JSON.parse(await net.hears('got', 'second'))).toEqual({ value: 'second, by shoal', seq: 2 });
  });

  test('shoal stores a text, and libtorrent gets it', async () => {
    const { target, nodes } = await ask(scene, entry, 'put', 'a text by shoal');
    expect(nodes).toBeGreaterThan(0);
    net.tell('get', String(target));
    expect(JSON.parse(await net.hears('got', 'a text by shoal'))).toEqual({ value: 'a text by shoal' });
  });
});

test('our node stores an item in place of the one that was told, and no other (301)', async ({ onTestFinished }) => {
  const scene = await Scene.enter();
  onTestFinished(() => scene.leave());
  const storing = await ownNode(scene);
  const put = (text: string, ...options: readonly string[]): Promise<CliEvent> =>
    ask(scene, storing, 'put', text, '--key-file', scene.path('key'), ...options);
  const { publicKey } = await put('fifth', '--seq', '5');
  const refused = run(scene, storing, 'put', 'seventh', '--key-file', scene.path('key'), '--seq', '7', '--cas', '4');
  expect(await refused.running.ended, scene.report()).toBe(1);
  expect(refused.running.output()).toContain('301');
  const key = ['--key', String(publicKey)];
  expect(await ask(scene, storing, 'get', ...key)).toMatchObject({ value: 'fifth', seq: 5 });
  expect(await put('sixth', '--seq', '6', '--cas', '5')).toMatchObject({ nodes: 1, seq: 6 });
  expect(await ask(scene, storing, 'get', ...key)).toMatchObject({ value: 'sixth', seq: 6 });
});

/** Libtorrent takes a key as ed25519 expands it: the digest of the seed, with the bits set that the curve wants. */
function expandedSecret({ seed }: ItemSigner): Uint8Array {
  const digest = new Uint8Array(createHash('sha512').update(seed).digest());
  digest[0] = (digest[0] as number) & 248;
  digest[31] = ((digest[31] as number) & 63) | 64;
  return digest;
}

function run(scene: Scene, entry: string, ...args: readonly string[]): ReturnType<typeof shoalApart> {
  return shoalApart(
    scene,
    'asks',
    undefined,
    'dht',
    ...args,
    '--dht-bootstrap',
    entry,
    '--bind',
    ownAddress(),
    '--json',
  );
}

/** Runs `shoal dht ARGS` to its end and answers what it printed. */
async function ask(scene: Scene, entry: string, ...args: readonly string[]): Promise<CliEvent> {
  const { running, events } = run(scene, entry, ...args);
  expect(await running.ended, scene.report()).toBe(0);
  return events().at(-1) as CliEvent;
}
