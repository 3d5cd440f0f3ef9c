import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { describeFacts, describeFiles, factsOf } from '../output/facts.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { loadAnyTorrent } from '../source.ts';

export interface InfoOptions {
  readonly json?: boolean;
}

/** What a torrent says. */
export async function info(source: string, options: InfoOptions, io: Io): Promise<ExitStatus> {
  const facts = factsOf(await loadAnyTorrent(source, io));
  if (options.json) writeJson(io.stdout, facts);
  else writeLines(io.stdout, [...describeFacts(facts), '', ...describeFiles(facts)]);
  return EXIT.done;
}
