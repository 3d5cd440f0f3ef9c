import { formatEndpoint } from '@shoal/primitives';
import type { Magnet } from './magnet.ts';
import type { AnyMetainfo } from './metainfo.ts';

/**
 * The link that says this (BEPs 9, 53), the same for the same content: v1 hash before v2, then name, trackers, web seeds, sources,
 * peers, selection. What is left out or null is not in it. Throws TypeError without a hash.
 */
export function formatMagnet(magnet: Partial<Magnet>): string {
  const { infoHash, infoHashV2, select } = magnet;
  if (infoHash && infoHash.version !== 'v1') throw new TypeError(`a v1 info-hash has 20 bytes: ${infoHash.hex}`);
  if (infoHashV2 && infoHashV2.version !== 'v2') throw new TypeError(`a v2 info-hash has 32 bytes: ${infoHashV2.hex}`);
  if (!infoHash && !infoHashV2) throw new TypeError('a magnet link names a torrent by one hash at least');
  const params: string[] = [];
  if (infoHash) params.push(`xt=urn:btih:${infoHash.hex}`);
  if (infoHashV2) params.push(`xt=urn:btmh:1220${infoHashV2.hex}`);
  const add = (key: string, values: readonly string[]): void => {
    for (const value of values) params.push(`${key}=${encodeURIComponent(value)}`);
  };
  if (magnet.name) add('dn', [magnet.name.replace(/\p{Surrogate}/gu, '\ufffd')]);
  add('tr', (magnet.announce ?? []).flat());
  add('ws', magnet.webSeeds ?? []);
  add('xs', magnet.sources ?? []);
  // Brackets and colons as they are: other clients do not decode them.
  for (const peer of magnet.peers ?? []) params.push(`x.pe=${formatEndpoint(peer)}`);
  if (select)
    params.push(`so=${select.map(({ first, last }) => (last > first ? `${first}-${last}` : first)).join(',')}`);
  return `magnet:?${params.join('&')}`;
}

/** What a magnet link of a torrent says: its hashes, name, trackers and web seeds. */
export function magnetOf(metainfo: AnyMetainfo): Magnet {
  const { infoHash, infoHashV2, name, announce, webSeeds } = metainfo;
  return {
    infoHash,
    infoHashV2,
    name,
    announce: announce.flat().map((url) => [url]),
    webSeeds,
    sources: [],
    peers: [],
    select: null,
  };
}
