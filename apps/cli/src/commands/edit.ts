import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AnyMetainfo, editTorrent, type TorrentChanges } from '@shoal/metainfo';
import { parseAnyTorrent } from '@shoal/metainfo/node';
import { CliError, EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { describeFacts, factsOf } from '../output/facts.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { isWebUrl, loadAnyTorrent } from '../source.ts';
import { writeFile } from '../write-file.ts';

export interface EditOptions {
  /** Each a tier of its own, instead of the torrent's; false: none. */
  readonly tracker?: readonly string[] | false;
  readonly addTracker?: readonly string[];
  /** Instead of the torrent's; false: none. */
  readonly webSeed?: readonly string[] | false;
  readonly addWebSeed?: readonly string[];
  /** Empty or false: none. */
  readonly comment?: string | false;
  readonly output?: string;
  readonly json?: boolean;
}

/** Changes what stands beside the info dictionary; the info-hashes stay. */
export async function edit(source: string, options: EditOptions, io: Io): Promise<ExitStatus> {
  const { metainfo, bytes } = await loadAnyTorrent(source, io);
  const changes = changesOf(metainfo, options);
  if (Object.keys(changes).length === 0) {
    throw new CliError('ERR_USAGE', 'nothing to change', {
      status: EXIT.wrong,
      hint: 'give --tracker, --web-seed, --comment or another of shoal edit --help',
    });
  }
  const output = await placeFor(source, options, io);
  const limits = { size: Math.max(bytes.length, 1) + ROOM };
  const edited = editTorrent(bytes, changes, { limits });
  const result = parseAnyTorrent(edited, { limits });
  if (result.infoHash?.hex !== metainfo.infoHash?.hex || result.infoHashV2?.hex !== metainfo.infoHashV2?.hex) {
    throw new Error(`the info-hash of ${source} would change`);
  }
  await writeFile(output, edited);
  const facts = factsOf(result);
  if (options.json) writeJson(io.stdout, { ...facts, path: output });
  else writeLines(io.stdout, [...describeFacts(facts), `written to  ${printable(output)}`]);
  return EXIT.done;
}

/** Bytes by which a torrent may grow: more URLs than a command line can hold. */
const ROOM = 4 * 1024 * 1024;

function changesOf(metainfo: AnyMetainfo, options: EditOptions): TorrentChanges {
  const { tracker, addTracker, webSeed, addWebSeed, comment } = options;
  const tiers = tracker === undefined ? metainfo.announce : (tracker || []).map((url) => [url]);
  const added = (addTracker ?? []).filter((url) => !tiers.flat().includes(url)).map((url) => [url]);
  const seeds = webSeed === undefined ? metainfo.webSeeds : webSeed || [];
  return {
    ...(tracker === undefined && addTracker === undefined ? {} : { announce: [...tiers, ...added] }),
    ...(webSeed === undefined && addWebSeed === undefined
      ? {}
      : { webSeeds: [...new Set([...seeds, ...(addWebSeed ?? [])])] }),
    ...(comment === undefined ? {} : { comment: comment || null }),
  };
}

/** In place: what a link leads to, not the link. */
async function placeFor(source: string, { output }: EditOptions, { cwd }: Io): Promise<string> {
  if (output !== undefined) return resolve(cwd, output);
  if (!isWebUrl(source)) return realpath(resolve(cwd, source));
  throw new CliError('ERR_USAGE', 'a torrent of a web server cannot be changed there', {
    status: EXIT.wrong,
    hint: 'name a file with --output',
  });
}
