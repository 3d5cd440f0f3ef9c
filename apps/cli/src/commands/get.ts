import { resolve } from 'node:path';
import type { AddOptions, Metainfo } from '@shoal/client';
import { isMagnet } from '@shoal/metainfo';
import { clientOptions, type PeerOptions } from '../client-options.ts';
import { CliError, EXIT, type ExitStatus, type Failure } from '../exit.ts';
import { fetchMetadata } from '../fetch-metadata.ts';
import type { Io } from '../io.ts';
import { createReporter } from '../output/create-reporter.ts';
import { describeFiles, factsOf } from '../output/facts.ts';
import { formatBytes, formatPercent } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { whyNothing } from '../output/why-nothing.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { prioritiesFor, type SelectionOptions } from '../selection.ts';
import { loadSource, type NamedByHash } from '../source.ts';
import type { Transfer } from '../transfer.ts';
import { runTransfers, type TransferRun, whenAborted } from '../transfer-run.ts';

export interface GetOptions extends PeerOptions, SelectionOptions {
  readonly dir?: string;
  readonly peer?: readonly string[];
  readonly sequential?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly seed?: boolean;
  /** Each of the two means `seed` until then. */
  readonly seedRatio?: number;
  /** Seconds. */
  readonly seedTime?: number;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A torrent whose files are known, or a link to one. */
type Named = Metainfo | NamedByHash;

/** Downloads until everything is complete and verified, and seeds on where told to. */
export async function get(sources: readonly string[], options: GetOptions, io: Io): Promise<ExitStatus> {
  const deadline = new AbortController();
  const startTimer = (): NodeJS.Timeout | undefined =>
    options.timeout === undefined ? undefined : setTimeout(() => deadline.abort(), options.timeout * 1_000);
  let timer = startTimer();
  const stop = AbortSignal.any([io.signal, deadline.signal]);
  if (options.choose && !options.list) (await import('../choose/choose-files.ts')).assertCanAsk(io);
  try {
    const torrents = await loadAll(sources, { cwd: io.cwd, signal: stop });
    const isAsked = options.list === true || options.choose === true;
    const known = isAsked ? await withMetadata(torrents, options, io, stop) : torrents;
    if (options.list) return list(known as readonly Metainfo[], options, io);
    // The user may think as long as they like.
    clearTimeout(timer);
    const wanted = await wishesFor(torrents, known, options, io);
    timer = startTimer();
    return await download(wanted, options, io, deadline.signal);
  } catch (error) {
    if (!deadline.signal.aborted || io.signal.aborted || error instanceof CliError) throw error;
    throw new CliError('ERR_TIMEOUT', `timed out after ${options.timeout} s: a source has not answered yet`);
  } finally {
    clearTimeout(timer);
  }
}

/** Every source must be right before anything starts. The same torrent twice is one. */
async function loadAll(sources: readonly string[], io: Pick<Io, 'cwd' | 'signal'>): Promise<Named[]> {
  const torrents = new Map<string, Named>();
  for (const source of sources) {
    const torrent = await loadSource(source, io);
    const before = torrents.get(torrent.infoHash.hex);
    // A link knows less than a file.
    if (!before || isMagnet(before)) torrents.set(torrent.infoHash.hex, torrent);
  }
  return [...torrents.values()];
}

/** The same, in the same order, with what the links stand for. */
async function withMetadata(
  torrents: readonly Named[],
  options: GetOptions,
  io: Io,
  signal: AbortSignal,
): Promise<Metainfo[]> {
  const fetched = await fetchMetadata(
    torrents.filter((torrent) => isMagnet(torrent)),
    options,
    io,
    signal,
  );
  const byHash = new Map(fetched.map((metainfo) => [metainfo.infoHash.hex, metainfo]));
  return torrents.map((torrent) => (isMagnet(torrent) ? (byHash.get(torrent.infoHash.hex) as Metainfo) : torrent));
}

function list(torrents: readonly Metainfo[], { json }: GetOptions, io: Io): ExitStatus {
  for (const facts of torrents.map(factsOf)) {
    if (json) writeJson(io.stdout, facts);
    else
      writeLines(io.stdout, [
        `${printable(facts.name)}: ${formatBytes(facts.totalLength)}`,
        ...describeFiles(facts.files),
      ]);
  }
  return EXIT.done;
}

async function download(
  wanted: readonly Wanted[],
  options: GetOptions,
  io: Io,
  deadline: AbortSignal,
): Promise<ExitStatus> {
  const peers = await resolvePeers(options.peer ?? []);
  const dir = resolve(io.cwd, options.dir ?? '.');
  const requests = wanted.map(({ source, wishes }) => ({ source, options: { dir, peers, ...wishes } }));
  const seedsOn = isSeedingOn(options);
  const { result, allSaved } = await runTransfers(
    {
      client: await clientOptions(options, io),
      reporter: await createReporter(options, io),
      requests,
    },
    async (run): Promise<ExitStatus | 'cut short'> => {
      const lives = run.transfers.map((transfer) => live(run, transfer, options, io.signal));
      const completions = Promise.all(lives.map(({ completed }) => completed));
      await Promise.race([completions, whenAborted(io.signal), whenAborted(deadline)]);
      if (run.transfers.every(({ torrent }) => torrent.state === 'seeding' || torrent.error !== null)) {
        const outcomes = await completions;
        const allDone = outcomes.every((isDone) => isDone);
        if (!seedsOn) return allDone ? EXIT.done : EXIT.failed;
        const gaveEnough = await Promise.all(lives.map(({ ended }) => ended));
        if (io.signal.aborted) return EXIT.interrupted;
        return allDone && gaveEnough.every((isDone) => isDone) ? EXIT.done : EXIT.failed;
      }
      if (io.signal.aborted) return 'cut short';
      for (const transfer of run.transfers) {
        if (transfer.torrent.state !== 'seeding') run.fail(transfer, timedOut(transfer, options.timeout ?? 0));
      }
      return EXIT.failed;
    },
  );
  // Known only now: the last save is part of the goodbye.
  if (result === 'cut short') throw interrupted(allSaved);
  return result;
}

/**
 * One torrent's way: whether it became complete, and the end of its seeding (whether it gave as much as it was told to), of
 * which it may fail while others still download.
 */
function live(
  run: TransferRun,
  transfer: Transfer,
  options: GetOptions,
  signal: AbortSignal,
): { readonly completed: Promise<boolean>; readonly ended: Promise<boolean> } {
  const completed = complete(run, transfer, options);
  const ended = completed.then((isDone) => isDone && isSeedingOn(options) && run.untilStopped(transfer, signal));
  return { completed, ended };
}

async function complete(run: TransferRun, transfer: Transfer, options: GetOptions): Promise<boolean> {
  if (!(await run.reached(transfer, transfer.torrent.whenComplete()))) return false;
  run.done(transfer, { goesOn: isSeedingOn(options) });
  return true;
}

interface Wanted {
  readonly source: Named;
  readonly wishes: Partial<AddOptions>;
}

/**
 * What the user wants of each torrent; asks, one after the other, where that is to be chosen. Of a link whose files are not known
 * yet the answer waits for them.
 */
async function wishesFor(
  torrents: readonly Named[],
  known: readonly Named[],
  options: GetOptions,
  io: Io,
): Promise<Wanted[]> {
  const { seedRatio, seedTime } = options;
  const wanted: Wanted[] = [];
  for (const [index, source] of torrents.entries()) {
    const content = known[index] as Named;
    const priorities = isMagnet(content)
      ? (metainfo: Metainfo) => prioritiesFor(metainfo, options, io)
      : await prioritiesFor(content, options, io);
    const wishes = {
      ...(priorities === undefined ? {} : { priorities }),
      ...(options.sequential ? { order: 'sequential' as const } : {}),
      shareLimits: {
        ...(seedRatio === undefined ? {} : { ratio: seedRatio }),
        ...(seedTime === undefined ? {} : { timeMs: seedTime * 1_000 }),
      },
    };
    wanted.push({ source, wishes });
  }
  return wanted;
}

function isSeedingOn({ seed, seedRatio, seedTime }: GetOptions): boolean {
  return seed === true || seedRatio !== undefined || seedTime !== undefined;
}

function interrupted(allSaved: boolean): CliError {
  if (allSaved) {
    return new CliError('ERR_INTERRUPTED', 'interrupted: what arrived is saved', {
      status: EXIT.interrupted,
      hint: 'the same command goes on from there',
    });
  }
  return new CliError('ERR_INTERRUPTED', 'interrupted: progress could not be saved', {
    status: EXIT.interrupted,
    hint: 'the same command checks what is on disk, and goes on from there',
  });
}

function timedOut({ torrent }: Transfer, seconds: number): Failure {
  const snapshot = torrent.snapshot();
  const { state, bytesWantedDone: bytesDone, bytesWanted: bytesTotal, downRate } = snapshot;
  let why: string;
  if (state === 'metadata') why = `no metadata: ${whyNothing(snapshot)}`;
  else if (state === 'checking') why = 'what is on disk is not checked yet';
  else if (downRate >= 1) why = `${formatPercent(bytesDone, bytesTotal)} of ${formatBytes(bytesTotal)} is here`;
  else why = whyNothing(snapshot);
  return { status: EXIT.failed, code: 'ERR_TIMEOUT', message: `timed out after ${seconds} s: ${why}` };
}
