// A magnet link of nothing but an info-hash, through a DHT of twelve libtorrent nodes and one of ours, in both directions.
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createTorrent } from '@shoal/metainfo/node';
import { describe, expect, test } from 'vitest';
import { type LibtorrentNet, startNet } from '../src/clients/libtorrent-net.ts';
import { makeFile } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { ownAddress, Scene } from '../src/scene.ts';
import { ownNode, shoalApart } from '../src/shoal.ts';
import { expectEqual, magnetOf, untilSeeding } from '../src/transfer.ts';

const NODES = 12;
const LENGTH = 3 * 1024 * 1024 + 12_345;

const reason = whyNot('libtorrent');

describe.concurrent(reason ? `a DHT (skipped: ${reason})` : 'a DHT', { skip: reason !== undefined }, () => {
  test('of libtorrent nodes and one of ours: an info-hash alone completes from a libtorrent seed', async ({
    onTestFinished,
  }) => {
    const { scene, net, payload, torrent, infoHash } = await prepare();
    onTestFinished(() => scene.leave());
    net.tell('seed', torrent, dirname(payload));
    await scene.until('libtorrent seeds', 20_000, () => net.isWhole());

    const dir = scene.path('arrived');
    const entry = ['--dht-bootstrap', net.nodes[3] as string, '--bind', ownAddress()];
    const get = shoalApart(scene, 'get', undefined, 'get', infoHash, '--json', '-d', dir, ...entry, ...DHT_ALONE);
    expect(await get.running.ended, scene.report()).toBe(0);
    expect(get.events().at(-1)).toMatchObject({ event: 'done', infoHash });
    await expectEqual({ payload }, dir);
  });

  test('of libtorrent nodes and one of ours: a libtorrent magnet completes from our seed', async ({
    onTestFinished,
  }) => {
    const { scene, net, payload, torrent, infoHash } = await prepare();
    onTestFinished(() => scene.leave());
    const entry = ['--dht-bootstrap', net.nodes[5] as string, '--bind', ownAddress()];
    const place = ['-d', dirname(payload)];
    await untilSeeding(
      scene,
      shoalApart(scene, 'seed', undefined, 'seed', torrent, '--json', ...place, ...entry, '--no-pex', '--no-lsd'),
    );

    const dir = scene.path('arrived');
    net.tell('fetch', magnetOf(infoHash), dir);
    await scene.until('libtorrent has everything', 40_000, () => net.isWhole());
    await expectEqual({ payload }, dir);
  });
});

const DHT_ALONE = ['--no-pex', '--no-lsd', '--timeout', '40'];

interface Prepared {
  readonly scene: Scene;
  readonly net: LibtorrentNet;
  readonly payload: string;
  readonly torrent: string;
  readonly infoHash: string;
}

async function prepare(): Promise<Prepared> {
  const scene = await Scene.enter();
  const net = await startNet(scene, NODES, [await ownNode(scene)]);
  const payload = await makeFile(scene.path('source'), LENGTH);
  const { bytes, metainfo } = await createTorrent(payload);
  const torrent = scene.path('it.torrent');
  await writeFile(torrent, bytes);
  return { scene, net, payload, torrent, infoHash: metainfo.infoHash.hex };
}
