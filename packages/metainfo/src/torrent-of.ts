// A .torrent around an info dictionary that came alone, as peers send it (BEP 9).
import type { DecodeLimits } from '@shoal/bencode';
import { concatBytes } from '@shoal/primitives';
import { editTorrent, type TorrentChanges } from './edit-torrent.ts';

const text = new TextEncoder();

/**
 * The bytes of a torrent whose info dictionary is `info`, byte for byte, with trackers, web seeds and so on as told. Whether the
 * dictionary describes a torrent is for `parseMetainfo` to find. Throws as `editTorrent` does.
 */
export function torrentOf(
  info: Uint8Array,
  outer: TorrentChanges = {},
  options: { readonly limits?: Partial<DecodeLimits> } = {},
): Uint8Array {
  return editTorrent(concatBytes([text.encode('d4:info'), info, text.encode('e')]), outer, options);
}
