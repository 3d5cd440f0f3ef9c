// What a torrent can be added by: a .torrent file, its bytes, parsed metainfo, or a magnet link, which names it by its hash.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isMagnet, type Magnet, type Metainfo, parseMagnet } from '@shoal/metainfo';
import { parseTorrent, readMetainfo } from '@shoal/metainfo/node';
import { type Endpoint, formatEndpoint, type InfoHash, normalizeIp } from '@shoal/primitives';

/** A path, a `magnet:` link, the bytes of a .torrent file, or what either was parsed to. */
export type TorrentSource = string | Uint8Array | Metainfo | Magnet;

/** A magnet link that can be followed: the v1 protocol needs a v1 hash. */
export interface UsableMagnet extends Magnet {
  readonly infoHash: InfoHash;
}

/** Rejects with MetainfoError, or the system's error; TypeError for a magnet link that names a version 2 hash alone. */
export async function readSource(source: TorrentSource): Promise<Metainfo | UsableMagnet> {
  if (source instanceof Uint8Array) return parseTorrent(source);
  if (typeof source !== 'string') return isMagnet(source) ? usable(source) : source;
  return /^magnet:/i.test(source) ? usable(parseMagnet(source)) : readMetainfo(source);
}

function usable(magnet: Magnet): UsableMagnet {
  const { infoHash } = magnet;
  if (infoHash === null) {
    throw new TypeError('the magnet link names a torrent of version 2 alone, which cannot be downloaded yet');
  }
  return { ...magnet, infoHash };
}

/** The canonical addresses of peers whose host may be a name; those that cannot be found are left out. */
export async function addressesOf(peers: readonly Endpoint[]): Promise<string[]> {
  const found = await Promise.allSettled(
    peers.map(async ({ host, port }) => {
      const ip = isIP(host) === 0 ? (await lookup(host)).address : host;
      return formatEndpoint({ host: normalizeIp(ip) ?? ip, port });
    }),
  );
  return found.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}
