import { type BoundDht, bindDht, createItemSigner, mutableItem } from '@shoal/dht/node';

const infoHash = new Uint8Array(20).fill(0xab);

export async function run(): Promise<{ peers: string[]; stored: number; news: string }> {
  // Twelve nodes on one machine, each at an address of its own, that enter the net through the first.
  const first = await bindDht({ host: '127.0.0.1' });
  const entry = `127.0.0.1:${first.endpoints[0]?.port}`;
  const others: BoundDht[] = [];
  for (let host = 2; host <= 12; host++) {
    const node = await bindDht({ host: `127.0.0.${host}`, bootstrap: [entry] });
    await node.whenReady();
    others.push(node);
  }
  const [seed, leech, writer, reader] = others as [BoundDht, BoundDht, BoundDht, BoundDht];

  // One says where it can be reached for a torrent, another one finds it.
  const { stored } = await seed.announce(infoHash, 6881);
  const peers: string[] = [];
  for await (const batch of leech.peers(infoHash)) peers.push(...batch);

  // One stores a value under its key, which only it can replace; another one reads it.
  const { target } = await writer.put(mutableItem(createItemSigner(), { value: 'version 7 is out', seq: 1n }));
  const item = await reader.get(target);
  const news = new TextDecoder().decode(item?.value);

  await Promise.all([first, ...others].map((node) => node.close()));
  return { peers, stored, news };
}
