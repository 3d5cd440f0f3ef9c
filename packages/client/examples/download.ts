import { type ClientOptions, createClient } from '@shoal/client';

/** Downloads what a .torrent file names into `dir`, and answers how many bytes that took. */
export async function run(torrentFile: string, dir: string, options: ClientOptions = {}): Promise<number> {
  const client = await createClient(options);
  try {
    const torrent = await client.add(torrentFile, { dir });
    await torrent.whenComplete();
    return torrent.snapshot().downloaded;
  } finally {
    await client.close();
  }
}
