import { type ClientOptions, createClient } from '@shoal/client';

/** Follows a magnet link, wants its largest file alone, and answers what that is called once it is there. */
export async function run(link: string, dir: string, options: ClientOptions = { dht: true }): Promise<string> {
  const client = await createClient(options);
  try {
    let wanted = '';
    const torrent = await client.add(link, {
      dir,
      // Asked once a peer has told which files there are.
      priorities: ({ files }) => {
        const largest = files.reduce((best, file) => (file.length > best.length ? file : best));
        wanted = largest.path.join('/');
        return files.map((file) => (file === largest ? 4 : 0));
      },
    });
    await torrent.whenComplete();
    return wanted;
  } finally {
    await client.close();
  }
}
