// What a magnet link, or an info-hash alone, says. What it does not say is null.
import { type Magnet, parseMagnet } from '@shoal/metainfo';
import { formatEndpoint } from '@shoal/primitives';
import { CliError, EXIT, reasonOf } from '../exit.ts';
import { isMagnet } from '../source.ts';
import type { TorrentFacts } from './facts.ts';

/** Throws CliError. */
export function magnetFactsOf(source: string): TorrentFacts {
  const { infoHash, infoHashV2, name, announce, webSeeds, sources, peers, select, warnings } = read(source);
  return {
    name,
    infoHash: infoHash?.hex ?? null,
    infoHashV2: infoHashV2?.hex ?? null,
    // One hash alone may be that of a hybrid.
    version: infoHash && infoHashV2 ? 'hybrid' : null,
    private: null,
    pieceLength: null,
    pieceCount: null,
    totalLength: null,
    files: null,
    announce,
    webSeeds,
    comment: null,
    createdBy: null,
    creationDate: null,
    source: null,
    warnings,
    sources,
    peers: peers.map(formatEndpoint),
    select: selectionOf(select),
  };
}

function read(source: string): ReturnType<typeof parseMagnet> {
  try {
    if (isMagnet(source)) return parseMagnet(source);
    // 32 digits are of base 32, as in links.
    const topic = source.length === 64 ? `urn:btmh:1220${source}` : `urn:btih:${source}`;
    return parseMagnet(`magnet:?xt=${topic}`);
  } catch (error) {
    throw new CliError('ERR_SOURCE', `cannot read the magnet link: ${reasonOf(error)}`, {
      status: EXIT.wrong,
      cause: error,
    });
  }
}

function selectionOf(select: Magnet['select']): string | null {
  if (select === null) return null;
  return select.map(({ first, last }) => (last > first ? `${first}-${last}` : String(first))).join(',');
}
