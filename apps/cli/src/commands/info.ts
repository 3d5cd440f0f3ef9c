import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { describeFacts, describeFiles, factsOf } from '../output/facts.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { isLink, loadAnyTorrent } from '../source.ts';

export interface InfoOptions {
  readonly json?: boolean;
}

/** What a torrent, a magnet link or a bare info-hash says. */
export async function info(source: string, options: InfoOptions, io: Io): Promise<ExitStatus> {
  const facts = isLink(source)
    ? (await import('../output/magnet-facts.ts')).magnetFactsOf(source)
    : factsOf((await loadAnyTorrent(source, io)).metainfo);
  if (options.json) writeJson(io.stdout, facts);
  else if (facts.files === null) writeLines(io.stdout, describeFacts(facts));
  else writeLines(io.stdout, [...describeFacts(facts), '', ...describeFiles(facts.files)]);
  return EXIT.done;
}
