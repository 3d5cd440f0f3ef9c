import { writeFile } from 'node:fs/promises';
import { type Client, type ClientOptions, createClient } from '@shoal/client';
import { createTorrent } from '@shoal/metainfo/node';

/** Makes a .torrent file of a file or folder and seeds it until the answer is closed. */
export async function run(
  path: string,
  tracker: string,
  torrentFile: string,
  options: ClientOptions = {},
): Promise<Client> {
  const { bytes, folder } = await createTorrent(path, { announce: [[tracker]] });
  await writeFile(torrentFile, bytes);
  const client = await createClient(options);
  const torrent = await client.add(bytes, { dir: folder });
  await torrent.whenComplete();
  return client;
}
