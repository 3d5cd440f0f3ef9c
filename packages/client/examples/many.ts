import { type Client, type ClientOptions, createClient } from '@shoal/client';

/** Downloads many torrents, two at a time and with 10 MiB/s in all, and tells of each one that is complete. */
export async function run(
  torrentFiles: readonly string[],
  dir: string,
  onComplete: (name: string) => void,
  options: ClientOptions = {},
): Promise<Client> {
  const client = await createClient({ maxDownloads: 2, downLimit: 10 * 1024 * 1024, ...options });
  for (const file of torrentFiles) {
    const torrent = await client.add(file, { dir });
    torrent.whenComplete().then(
      () => onComplete(torrent.name),
      (error: unknown) => console.error(torrent.name, error),
    );
  }
  return client;
}
