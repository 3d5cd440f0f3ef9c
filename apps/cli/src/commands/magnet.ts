import { formatMagnet, magnetOf } from '@shoal/metainfo';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { loadAnyTorrent } from '../source.ts';

export interface MagnetOptions {
  readonly json?: boolean;
}

/** Prints the magnet link of a torrent. What it holds is escaped in it: safe to print. */
export async function magnet(source: string, { json }: MagnetOptions, io: Io): Promise<ExitStatus> {
  const { metainfo } = await loadAnyTorrent(source, io);
  const content = magnetOf(metainfo);
  const link = formatMagnet(content);
  if (!json) writeLines(io.stdout, [link]);
  else {
    const { name, infoHash, infoHashV2, announce, webSeeds } = content;
    const hashes = { infoHash: infoHash?.hex ?? null, infoHashV2: infoHashV2?.hex ?? null };
    writeJson(io.stdout, { magnet: link, name, ...hashes, announce, webSeeds });
  }
  return EXIT.done;
}
