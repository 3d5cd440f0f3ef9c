import { resolve } from 'node:path';
import type { Metainfo } from '@shoal/client';
import { type HttpAddress, listenHttp, originOf } from '@shoal/http-service';
import { isMagnet } from '@shoal/metainfo';
import { clientOptions, type PeerOptions } from '../client-options.ts';
import { CliError, EXIT, type ExitStatus, reasonOf } from '../exit.ts';
import { fetchMetadata } from '../fetch-metadata.ts';
import type { Io } from '../io.ts';
import { createReporter } from '../output/create-reporter.ts';
import { printable } from '../output/printable.ts';
import { writeJson } from '../output/write.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { prioritiesFor, type SelectionOptions } from '../selection.ts';
import { loadSource } from '../source.ts';
import { createStreamApp, streamedFiles } from '../stream-app.ts';
import type { Transfer } from '../transfer.ts';
import { runTransfers, type TransferRun, whenAborted } from '../transfer-run.ts';

export interface StreamOptions extends PeerOptions, SelectionOptions {
  readonly dir?: string;
  readonly peer?: readonly string[];
  readonly http?: HttpAddress;
  readonly json?: boolean;
}

/** Serves a torrent's files over HTTP while they download, and on, until it is interrupted. */
export async function stream(source: string, options: StreamOptions, io: Io): Promise<ExitStatus> {
  const torrent = await loadSource(source, io);
  const isLink = isMagnet(torrent);
  const [known] = isLink ? (options.choose ? await fetchMetadata([torrent], options, io) : []) : [torrent];
  const priorities = known
    ? await prioritiesFor(known, options, io)
    : (metainfo: Metainfo) => prioritiesFor(metainfo, options, io);
  const dir = resolve(io.cwd, options.dir ?? '.');
  const peers = await resolvePeers(options.peer ?? []);
  const wishes = { order: 'sequential' as const, ...(priorities === undefined ? {} : { priorities }) };
  const { result } = await runTransfers(
    {
      client: await clientOptions(options, io),
      reporter: await createReporter(options, io),
      requests: [{ source: torrent, options: { dir, peers, ...wishes } }],
    },
    (run) => serve(run, run.transfers[0] as Transfer, options, io),
  );
  return result;
}

async function serve(run: TransferRun, transfer: Transfer, options: StreamOptions, io: Io): Promise<ExitStatus> {
  const { torrent } = transfer;
  const checked = await Promise.race([run.reached(transfer, torrent.whenChecked()), whenAborted(io.signal)]);
  if (io.signal.aborted) return EXIT.interrupted;
  if (!checked) return EXIT.failed;
  const metainfo = torrent.metainfo as Metainfo;
  const files = streamedFiles(metainfo, torrent.priorities);
  const address = options.http ?? { host: '127.0.0.1', port: 0 };
  const service = await listenHttp(address, createStreamApp(torrent, files)).catch((error: unknown) => {
    throw new CliError('ERR_LISTEN', reasonOf(error), { hint: 'choose another with --http', cause: error });
  });
  try {
    const origin = originOf({ ...address, port: service.port });
    const served = files.map(({ path, length, url }) => ({ path, length, url: `${origin}${url}` }));
    if (options.json) {
      const { name, infoHash } = metainfo;
      writeJson(io.stdout, { event: 'streaming', infoHash: infoHash.hex, name, url: `${origin}/`, files: served });
    } else {
      run.lines(served.map(({ path, url }) => `${printable(path)}: ${url}`));
    }
    void run.reached(transfer, torrent.whenComplete()).then((isDone) => {
      if (isDone) run.done(transfer, { goesOn: true });
    });
    const isFine = await run.untilStopped(transfer, io.signal);
    return isFine && io.signal.aborted ? EXIT.interrupted : EXIT.failed;
  } finally {
    await service.close();
  }
}
