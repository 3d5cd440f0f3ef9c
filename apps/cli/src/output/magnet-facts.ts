// What a magnet link, or an info-hash alone, says. What it does not say is null.
import type { Magnet } from '@shoal/metainfo';
import { formatEndpoint } from '@shoal/primitives';
import { readLink } from '../source.ts';
import type { TorrentFacts } from './facts.ts';

/** Throws CliError. */
export function magnetFactsOf(source: string): TorrentFacts {
  const { infoHash, infoHashV2, name, announce, webSeeds, sources, peers, select, warnings } = readLink(source);
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

function selectionOf(select: Magnet['select']): string | null {
  if (select === null) return null;
  return select.map(({ first, last }) => (last > first ? `${first}-${last}` : String(first))).join(',');
}
