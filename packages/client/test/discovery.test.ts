// Peers found without a tracker: the DHT, peer exchange, the local network. Real sockets on loopback.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { formatMagnet, type Magnet } from '@shoal/metainfo';
import { createTorrent, parseTorrent } from '@shoal/metainfo/node';
import { createFolderStateStore } from '@shoal/storage/node';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../src/node/index.ts';
import { client, expectEqual, folder, temporary } from './scene.ts';

/** Addresses of 127.x.y.z that nobody else has. */
function addresses(count: number): string[] {
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  return Array.from({ length: count }, (_, index) => `${net}.${index + 1}`);
}

async function payload(options: Parameters<typeof createTorrent>[1] = {}): Promise<{ dir: string; bytes: Uint8Array }> {
  const source = await folder();
  const { bytes } = await createTorrent(source, { pieceLength: 65_536, ...options });
  return { dir: join(source, '..'), bytes };
}

function bareLink(bytes: Uint8Array): string {
  const { infoHash } = parseTorrent(bytes);
  const nothing: Magnet = {
    infoHash,
    infoHashV2: null,
    name: null,
    announce: [],
    webSeeds: [],
    sources: [],
    peers: [],
    select: null,
  };
  return formatMagnet(nothing);
}

test('a link with nothing but the hash leads to the seed through the DHT, and what was learnt of the net is kept', async () => {
  const { dir, bytes } = await payload();
  const [entry = '', other = '', seeds = '', leeches = ''] = addresses(4);
  const first = await client({ bind: entry, dht: { bootstrap: [] } });
  const bootstrap = [`${entry}:${first.dhtPort}`];
  await client({ bind: other, dht: { bootstrap } });
  const stateDir = await temporary();
  const seed = await client({ bind: seeds, dht: { bootstrap } });
  await (await seed.add(bytes, { dir })).whenComplete();
  const leech = await client({ bind: leeches, dht: { bootstrap }, stateDir });
  const target = await temporary();
  const torrent = await leech.add(bareLink(bytes), { dir: target });
  await torrent.whenComplete(AbortSignal.timeout(20_000));
  await expectEqual(target);
  expect(torrent.snapshot().sources).toMatchObject([{ name: 'DHT' }]);
  await leech.close();

  const again = await client({ bind: leeches, dht: { bootstrap: [] }, stateDir });
  const anew = await again.add(bareLink(bytes), { dir: await temporary() });
  await anew.whenComplete(AbortSignal.timeout(20_000));
});

test('the DHT node has the number of the TCP port, where both families are used too; where that is taken, another', async () => {
  const both = await createClient({ dht: { bootstrap: [] } });
  onTestFinished(() => both.close());
  expect(both.dhtPort).toBe(both.port);

  const [address = ''] = addresses(1);
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind({ address, port: 0, exclusive: true }, resolve));
  onTestFinished(() => new Promise((resolve) => taken.close(() => resolve())));
  const { port } = taken.address();
  const other = await client({ bind: address, port, dht: { bootstrap: [] } });
  expect(other.port).toBe(port);
  expect(other.dhtPort).not.toBe(port);
  expect(other.dhtPort).toBeGreaterThan(0);
});

test('what was saved of the net and cannot be read keeps nobody from entering it', async () => {
  const [address = ''] = addresses(1);
  const stateDir = await temporary();
  const store = createFolderStateStore(stateDir);
  await store.save('dht', new TextEncoder().encode('no state'));
  const it = await client({ bind: address, stateDir, dht: { bootstrap: [] } });
  expect(it.dhtPort).toBeGreaterThan(0);
  await it.close();
  expect(new TextDecoder().decode(await store.load('dht'))).not.toBe('no state');
});

test('in a line of three the ends hear of each other from the middle, unless private', {
  timeout: 60_000,
}, async () => {
  for (const isPrivate of [false, true]) {
    const { dir, bytes } = await payload({ private: isPrivate });
    const [a = '', b = '', c = ''] = addresses(3);
    const seed = await client({ bind: a });
    await (await seed.add(bytes, { dir })).whenComplete();
    // Who has everything stays connected to no seed: the middle must be at work.
    const middle = await client({ bind: b, downLimit: 40_000 });
    const between = await middle.add(bytes, { dir: await temporary(), peers: [`${a}:${seed.port}`] });
    await new Promise<void>((resolve) => {
      between.subscribe(({ type }) => type === 'piece' && resolve());
    });
    const end = await client({ bind: c, downLimit: 500_000 });
    const torrent = await end.add(bytes, { dir: await temporary(), peers: [`${b}:${middle.port}`] });
    const met = new Set<string>();
    const sources = new Set<string>();
    torrent.subscribe((event) => {
      if (event.type === 'peer') met.add(event.address);
      if (event.type !== 'peer' && event.type !== 'piece') return;
      for (const name of torrent.peerSnapshots().flatMap((peer) => peer.sources)) sources.add(name);
    });
    await torrent.whenComplete(AbortSignal.timeout(isPrivate ? 5_000 : 15_000)).catch(() => undefined);
    expect(met.has(`${a}:${seed.port}`)).toBe(!isPrivate);
    expect(sources.has('ut_pex')).toBe(!isPrivate);
    expect(met.has(`${b}:${middle.port}`)).toBe(true);
  }
});
