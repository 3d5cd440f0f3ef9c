// Torrents under way in one client, from the first look at the disk to the last goodbye. Owns the client, the progress
// timer and the events of `get` and `seed`.
import {
  type AddOptions,
  type Client,
  type ClientOptions,
  createClient,
  type Torrent,
  type TorrentSource,
} from '@shoal/client';
import { CliError, EXIT, type Failure, failureOf, reasonOf } from './exit.ts';
import { printable } from './output/printable.ts';
import type { Reporter } from './output/reporter.ts';
import { nameOf } from './output/transfer-text.ts';
import { type Transfer, wholeFiles } from './transfer.ts';

export interface TransferRequest {
  readonly source: TorrentSource;
  readonly options: AddOptions;
}

export class TransferRun {
  readonly #client: Client;
  readonly #reporter: Reporter;
  readonly #transfers: Transfer[] = [];
  /** Those that neither failed nor need further progress. */
  readonly #active = new Set<Transfer>();
  /** Those of which a save has failed: no event tells that a later one did not. */
  readonly #unsaved = new Set<Transfer>();
  #closing = false;

  constructor(client: Client, reporter: Reporter) {
    this.#client = client;
    this.#reporter = reporter;
  }

  get transfers(): readonly Transfer[] {
    return this.#transfers;
  }

  /** Certain only after `close`, which saves a last time. */
  get allSaved(): boolean {
    return this.#unsaved.size === 0;
  }

  async add({ source, options }: TransferRequest): Promise<void> {
    const startedAt = performance.now();
    const torrent = await this.#client.add(source, options);
    const transfer: Transfer = { torrent, dir: options.dir, startedAt };
    this.#transfers.push(transfer);
    this.#active.add(transfer);
    this.#reporter.added(transfer);
    if (torrent.metainfo) this.#reporter.metadata(transfer, torrent.metainfo);
    const reported = new Set<number>();
    const reportFile = (file: number): void => {
      if (reported.has(file)) return;
      reported.add(file);
      this.#reporter.file(transfer, torrent.metainfo?.files[file]?.path.join('/') ?? '');
    };
    torrent.subscribe((event) => {
      // The goodbye saves too: of that the user hears whatever else is over.
      if (event.type === 'saveFailed') this.#saveFailed(transfer, event.error);
      if (this.#closing) return;
      if (event.type === 'metadata') this.#reporter.metadata(transfer, event.metainfo);
      if (event.type === 'file') reportFile(event.file);
      if (event.type !== 'state') return;
      if (event.state === 'downloading' || event.state === 'seeding') wholeFiles(transfer).forEach(reportFile);
      this.#reporter.state(transfer);
    });
    this.#reporter.state(transfer);
  }

  /** Waits for one step of the torrent. False: it failed, which was reported, or the run ends. */
  async reached(transfer: Transfer, step: Promise<void>): Promise<boolean> {
    try {
      await step;
      return !this.#closing;
    } catch (error) {
      // What the user chose may turn out wrong only once the files are known: then it says so itself.
      const cause = error instanceof Error ? error.cause : undefined;
      this.fail(transfer, failureOf(cause instanceof CliError ? cause : error));
      return false;
    }
  }

  /** It is complete, and nobody needs to hear of it again unless it goes on seeding. */
  done(transfer: Transfer, options: { readonly goesOn: boolean }): void {
    if (!options.goesOn) this.#active.delete(transfer);
    this.#reporter.done(transfer);
  }

  /** Waits until the torrent fails, which is reported, has given enough, or the user wants to stop. False: it failed. */
  untilStopped(transfer: Transfer, signal: AbortSignal): Promise<boolean> {
    return this.reached(transfer, whenStopped(transfer.torrent, signal));
  }

  /** Lines for stdout, beside what is drawn. */
  lines(texts: readonly string[]): void {
    this.#reporter.lines(texts);
  }

  seeding(transfer: Transfer): void {
    this.#reporter.seeding(transfer, this.#client.port);
  }

  /** Reports the failure of one torrent, once; the others go on. */
  fail(transfer: Transfer, failure: Failure): void {
    if (this.#closing || !this.#active.delete(transfer)) return;
    // A torrent whose disk failed would try again by itself: for the user of this run it is over.
    void transfer.torrent.pause();
    const message = `${nameOf(transfer)}: ${failure.message}`;
    this.#reporter.failed(transfer, { ...failure, message });
  }

  #saveFailed(transfer: Transfer, error: Error & { readonly code: string }): void {
    if (this.#unsaved.has(transfer)) return;
    this.#unsaved.add(transfer);
    // No hint: those of the storage's errors are about the download folder.
    const why = printable(reasonOf(error.cause ?? error));
    this.#reporter.warning(transfer, {
      status: EXIT.done,
      code: error.code,
      message: `${nameOf(transfer)}: progress cannot be saved: ${why}`,
    });
  }

  progress(): void {
    this.#reporter.progress([...this.#active]);
  }

  /** Says goodbye and saves. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#reporter.close();
    await this.#client.close();
  }
}

/** Runs `body` with the torrents added, and ends everything in order afterwards, whatever happened. */
export async function runTransfers<T>(
  options: {
    readonly client: ClientOptions;
    readonly reporter: Reporter;
    readonly requests: readonly TransferRequest[];
  },
  body: (run: TransferRun) => Promise<T>,
): Promise<{ readonly result: T; readonly allSaved: boolean }> {
  const client = await createClient(options.client);
  const run = new TransferRun(client, options.reporter);
  const timer = setInterval(() => run.progress(), options.reporter.everyMs);
  let result: T;
  try {
    for (const request of options.requests) await run.add(request);
    result = await body(run);
  } finally {
    clearInterval(timer);
    await run.close();
  }
  return { result, allSaved: run.allSaved };
}

/** Resolves when the signal is aborted, or the torrent closed or paused for having given enough. Rejects with the torrent's error. */
function whenStopped(torrent: Torrent, signal: AbortSignal): Promise<void> {
  if (torrent.error) return Promise.reject(torrent.error);
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const unsubscribe = torrent.subscribe((event) => {
      if (event.type === 'error') reject(event.error);
      if (event.type === 'error' || event.type === 'closed' || event.type === 'shareLimit') end();
    });
    signal.addEventListener('abort', end, { once: true });
  });
}

/** Resolves when the signal is aborted; at once where it was. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
