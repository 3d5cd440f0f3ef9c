import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Metainfo } from '@shoal/client';
import { clientOptions, type PeerOptions } from '../client-options.ts';
import { CliError, EXIT, type ExitStatus, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { createReporter } from '../output/create-reporter.ts';
import { formatBytes } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { isTracker } from '../output/why-nothing.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { isLink, isWebUrl, loadTorrent } from '../source.ts';
import type { Transfer } from '../transfer.ts';
import { runTransfers, type TransferRequest, type TransferRun, whenAborted } from '../transfer-run.ts';
import { makeTorrent, writeTorrent } from './create.ts';

export interface SeedOptions extends PeerOptions {
  readonly dir?: string;
  /** Each a tier of its own; instead of a torrent's own. */
  readonly tracker?: readonly string[];
  readonly peer?: readonly string[];
  readonly output?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

/** How long the first announce may take before the user hears of the rest. */
const FIRST_ANNOUNCE_MS = 20_000;

/** Seeds what lies on disk until it is interrupted. */
export async function seed(arguments_: readonly string[], options: SeedOptions, io: Io): Promise<ExitStatus> {
  const peers = await resolvePeers(options.peer ?? []);
  const requests = new Map<string, TransferRequest>();
  for (const argument of arguments_) {
    const { metainfo, dir } = await findContent(argument, options, io);
    const trackers = options.tracker?.map((url) => [url]);
    const request = { source: metainfo, options: { dir, peers, ...(trackers === undefined ? {} : { trackers }) } };
    requests.set(metainfo.infoHash.hex, request);
  }
  const { result } = await runTransfers(
    {
      client: await clientOptions(options, io),
      reporter: await createReporter(options, io),
      requests: [...requests.values()],
    },
    async (run) => {
      const allFailed = Promise.all(run.transfers.map((transfer) => serve(run, transfer, io.signal)));
      await Promise.race([whenAborted(io.signal), allFailed]);
      return io.signal.aborted ? EXIT.interrupted : EXIT.failed;
    },
  );
  return result;
}

/** Resolves when the torrent has failed or the user wants to stop. */
async function serve(run: TransferRun, transfer: Transfer, signal: AbortSignal): Promise<void> {
  const { torrent } = transfer;
  if (!(await run.reached(transfer, torrent.whenChecked()))) return;
  const { pieces, piecesDone } = torrent.snapshot();
  if (piecesDone < pieces) {
    const message = `cannot be seeded: ${piecesDone} of ${pieces} pieces are whole (shoal get fetches the rest)`;
    run.fail(transfer, { status: EXIT.failed, code: 'ERR_DATA', message });
    return torrent.close();
  }
  await firstAnnounce(transfer, signal);
  if (signal.aborted) return;
  run.seeding(transfer);
  await run.untilStopped(transfer, signal);
}

/** Resolves once a tracker has answered, or every one that is asked has failed. */
function firstAnnounce({ torrent }: Transfer, signal: AbortSignal): Promise<void> {
  const isTried = (): boolean => {
    const { sources, error } = torrent.snapshot();
    const states = sources.filter(isTracker).map(({ state }) => state);
    if (states.length === 0 || states.includes('ok') || error !== null) return true;
    return states.includes('failed') && !states.includes('working');
  };
  return new Promise((resolve) => {
    if (isTried() || signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, FIRST_ANNOUNCE_MS);
    const unsubscribe = torrent.subscribe(() => {
      if (isTried()) end();
    });
    signal.addEventListener('abort', end, { once: true });
  });
}

/** What to seed, and the folder it lies in: a torrent's data below `--dir`, or whatever else is at the path itself. */
async function findContent(
  argument: string,
  options: SeedOptions,
  io: Io,
): Promise<{ readonly metainfo: Metainfo; readonly dir: string }> {
  if (await isTorrent(argument, io)) {
    const metainfo = await loadTorrent(argument, io);
    const dir = resolve(io.cwd, options.dir ?? '.');
    await checkPlace(metainfo, dir);
    return { metainfo, dir };
  }
  const created = await makeTorrent(argument, { ...(options.tracker ? { tracker: options.tracker } : {}) }, io);
  if (options.output !== undefined) {
    const path = resolve(io.cwd, options.output);
    await writeTorrent(path, created, resolve(io.cwd, argument));
    if (!options.json) io.stderr.write(`${printable(path)}: written\n`);
  }
  return { metainfo: created.metainfo, dir: created.folder };
}

/** By its name, as everywhere: `NAME.torrent`. A folder of that name is data. */
async function isTorrent(argument: string, io: Io): Promise<boolean> {
  if (isWebUrl(argument) || isLink(argument)) return true;
  if (!/\.torrent$/i.test(argument)) return false;
  const status = await stat(resolve(io.cwd, argument)).catch(() => undefined);
  return !status?.isDirectory();
}

/** A torrent whose data are not there would begin to download, in a folder that the user did not mean. */
async function checkPlace({ name, files }: Metainfo, dir: string): Promise<void> {
  for (const { path, length, padding, symlink } of files) {
    if (padding || symlink) continue;
    const place = resolve(dir, ...path);
    const hint = '--dir says in which folder the data lie';
    try {
      const { size } = await stat(place);
      if (size === length) continue;
      const sizes = `${place} has ${formatBytes(size)} (${size} bytes), not ${length}`;
      throw new CliError('ERR_DATA', `cannot seed ${name}: ${sizes}`, { hint });
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError('ERR_DATA', `cannot seed ${name}: ${place}: ${reasonOf(error)}`, { hint, cause: error });
    }
  }
}
