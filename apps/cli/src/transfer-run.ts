// Torrents under way in one client, from the first look at the disk to the last goodbye. Owns the client, the progress
// timer and the events of `get` and `seed`.
import { type AddOptions, type Client, type ClientOptions, createClient, type Metainfo } from '@shoal/client';
import { type Failure, failureOf } from './exit.ts';
import { printable } from './output/printable.ts';
import type { Reporter } from './output/reporter.ts';
import { type Transfer, wholeFiles } from './transfer.ts';

export interface TransferRequest {
  readonly metainfo: Metainfo;
  readonly options: AddOptions;
}

export class TransferRun {
  readonly #client: Client;
  readonly #reporter: Reporter;
  readonly #transfers: Transfer[] = [];
  /** Those that neither failed nor need further progress. */
  readonly #active = new Set<Transfer>();
  #closing = false;

  constructor(client: Client, reporter: Reporter) {
    this.#client = client;
    this.#reporter = reporter;
  }

  get transfers(): readonly Transfer[] {
    return this.#transfers;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  async add({ metainfo, options }: TransferRequest): Promise<void> {
    const startedAt = performance.now();
    const torrent = await this.#client.add(metainfo, options);
    const transfer: Transfer = { metainfo, torrent, dir: options.dir, startedAt };
    this.#transfers.push(transfer);
    this.#active.add(transfer);
    this.#reporter.added(transfer);
    const reported = new Set<number>();
    const reportFile = (file: number): void => {
      if (reported.has(file)) return;
      reported.add(file);
      this.#reporter.file(transfer, metainfo.files[file]?.path.join('/') ?? '');
    };
    const unsubscribe = torrent.subscribe((event) => {
      if (this.#closing) return unsubscribe();
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
      this.fail(transfer, failureOf(error));
      return false;
    }
  }

  /** It is complete, and nobody needs to hear of it again unless it goes on seeding. */
  done(transfer: Transfer, options: { readonly goesOn: boolean }): void {
    if (!options.goesOn) this.#active.delete(transfer);
    this.#reporter.done(transfer);
  }

  seeding(transfer: Transfer): void {
    this.#reporter.seeding(transfer, this.#client.port);
  }

  /** Reports the failure of one torrent, once; the others go on. */
  fail(transfer: Transfer, failure: Failure): void {
    if (this.#closing || !this.#active.delete(transfer)) return;
    const message = `${printable(transfer.metainfo.name)}: ${failure.message}`;
    this.#reporter.failed(transfer, { ...failure, message });
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
): Promise<T> {
  const client = await createClient(options.client);
  const run = new TransferRun(client, options.reporter);
  const timer = setInterval(() => run.progress(), options.reporter.everyMs);
  try {
    for (const request of options.requests) await run.add(request);
    return await body(run);
  } finally {
    clearInterval(timer);
    await run.close();
  }
}

/** Resolves when the signal is aborted; at once where it was. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
