import { createServer, type Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type ClientOptions, createClient, createReadStream } from '@shoal/client';

/** Serves the first file of a torrent over HTTP while it downloads; a player may begin and seek at once (Range). */
export async function run(torrentFile: string, dir: string, options: ClientOptions = {}): Promise<Server> {
  const client = await createClient(options);
  const torrent = await client.add(torrentFile, { dir });
  const length = torrent.metainfo?.files[0]?.length ?? 0;
  const server = createServer((request, response) => {
    const [, from = '0'] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
    const start = Math.min(Number(from), length);
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      'accept-ranges': 'bytes',
      'content-length': length - start,
      'content-range': `bytes ${start}-${length - 1}/${length}`,
    });
    // A player that hangs up ends the reading, and with it what is fetched first.
    pipeline(createReadStream(torrent, 0, { start }), response).catch(() => response.destroy());
  });
  server.once('close', () => void client.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
