import { resolve, sep } from 'node:path';
import { MetainfoError } from '@shoal/metainfo';
import { type CreatedTorrent, createTorrent } from '@shoal/metainfo/node';
import { CliError, EXIT, type ExitStatus, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { describeFacts, factsOf } from '../output/facts.ts';
import { createJobProgress, shareText } from '../output/job-progress.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { writeFile } from '../write-file.ts';

/** What a torrent is made with; `seed` makes them too. */
export interface TorrentMaking {
  /** Each a tier of its own. */
  readonly tracker?: readonly string[];
  readonly webSeed?: readonly string[];
  /** Bytes. */
  readonly pieceLength?: number;
  readonly private?: boolean;
  readonly source?: string;
  readonly comment?: string;
  /** False: no creation date. */
  readonly date?: boolean;
}

export interface CreateOptions extends TorrentMaking {
  readonly output?: string;
  readonly json?: boolean;
}

/** Writes the .torrent of a file or folder. */
export async function create(path: string, options: CreateOptions, io: Io): Promise<ExitStatus> {
  const created = await makeTorrent(path, options, io);
  const output = resolve(io.cwd, options.output ?? `${created.metainfo.name}.torrent`);
  await writeTorrent(output, created, resolve(io.cwd, path));
  const facts = factsOf(created.metainfo);
  const warnings = [...created.warnings, ...facts.warnings];
  if (options.json) writeJson(io.stdout, { ...facts, warnings, path: output });
  else writeLines(io.stdout, [...describeFacts({ ...facts, warnings }), `written to  ${printable(output)}`]);
  return EXIT.done;
}

/** Hashes what lies at `path`. Rejects with CliError, or the signal's reason. */
export async function makeTorrent(path: string, options: TorrentMaking, io: Io): Promise<CreatedTorrent> {
  const creationDate = creationDateOf(options, io);
  const progress = await createJobProgress(io);
  try {
    return await createTorrent(resolve(io.cwd, path), {
      announce: (options.tracker ?? []).map((url) => [url]),
      webSeeds: options.webSeed ?? [],
      ...(options.pieceLength === undefined ? {} : { pieceLength: options.pieceLength }),
      private: options.private ?? false,
      source: options.source ?? null,
      comment: options.comment ?? null,
      creationDate,
      signal: io.signal,
      onProgress: (done, total) => progress.show(shareText('hashing', done, total)),
    });
  } catch (error) {
    io.signal.throwIfAborted();
    throw new CliError('ERR_DATA', `cannot make a torrent of ${path}: ${reasonOf(error)}`, {
      hint: hintFor(error),
      cause: error,
    });
  } finally {
    progress.end();
  }
}

/** All or nothing. Refuses to write over the data, or among them, where the next torrent would hold this one. */
export async function writeTorrent(output: string, created: CreatedTorrent, data: string): Promise<void> {
  const top = resolve(created.folder, created.metainfo.name);
  for (const place of [top, data]) {
    if (output !== place && !output.startsWith(place + sep)) continue;
    throw new CliError('ERR_USAGE', `cannot write ${output}: the data themselves lie there`, {
      status: EXIT.wrong,
      hint: 'name another place with --output',
    });
  }
  await writeFile(output, created.bytes);
}

/** Now, unless told otherwise; SOURCE_DATE_EPOCH is the convention of reproducible builds. */
function creationDateOf(options: TorrentMaking, { env }: Io): Date | null {
  if (options.date === false) return null;
  const epoch = env.SOURCE_DATE_EPOCH;
  if (epoch === undefined || epoch === '') return new Date();
  const date = /^\d{1,11}$/.test(epoch) ? new Date(Number(epoch) * 1_000) : undefined;
  if (date) return date;
  throw new CliError('ERR_USAGE', `SOURCE_DATE_EPOCH is not a number of seconds: ${epoch}`, { status: EXIT.wrong });
}

function hintFor(error: unknown): string | undefined {
  if (error instanceof MetainfoError) {
    return error.code === 'ERR_METAINFO_FILE_CHANGED' ? 'try again when nobody writes to it' : undefined;
  }
  return (error as { code?: unknown } | null)?.code === 'ENOENT' ? 'check the path' : undefined;
}
