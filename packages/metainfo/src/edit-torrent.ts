// Changes what stands beside the info dictionary. That itself, and whatever is not changed or not known, stays byte for byte
// as it was: the info-hash cannot change.
import { BencodeError, type BencodeInput, type DecodeLimits, encode, findSpans, type Span } from '@shoal/bencode';
import { concatBytes } from '@shoal/primitives';
import { MetainfoError } from './errors.ts';
import { secondsOf, trackersOf, webSeedsOf } from './outer-members.ts';

/** What is left out stays; null or an empty list takes away. */
export interface TorrentChanges {
  /** Tiers of tracker URLs (BEP 12). */
  readonly announce?: readonly (readonly string[])[] | null;
  /** BEP 19. */
  readonly webSeeds?: readonly string[] | null;
  readonly comment?: string | null;
  readonly createdBy?: string | null;
  /** Written in whole seconds. */
  readonly creationDate?: Date | null;
}

/**
 * The torrent with other trackers, web seeds, comment, maker or date. Keys come out sorted; of a key that stood twice the first stays. Throws MetainfoError
 * for what is no torrent, TypeError or RangeError for changes that cannot be. Does not look into the info dictionary.
 */
export function editTorrent(
  bytes: Uint8Array,
  changes: TorrentChanges,
  options: { readonly limits?: Partial<DecodeLimits> } = {},
): Uint8Array {
  const members = new Map<string, Uint8Array>();
  for (const [key, { start, end }] of spansOf(bytes, options.limits)) members.set(key, bytes.subarray(start, end));
  const info = members.get('info');
  if (info?.[0] !== 0x64 /* d */) {
    throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', 'not a torrent: there is no info dictionary');
  }
  for (const [key, value] of Object.entries(membersOf(changes))) {
    members.delete(key);
    if (value !== undefined) members.set(key, encode(value));
  }
  const parts: Uint8Array[] = [Uint8Array.of(0x64)];
  for (const [key, value] of [...members].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(encodedKey(key), value);
  }
  parts.push(Uint8Array.of(0x65));
  return concatBytes(parts);
}

function spansOf(bytes: Uint8Array, limits: Partial<DecodeLimits> | undefined): Map<string, Span> {
  const size = limits?.size ?? 10 * 1024 * 1024;
  if (bytes.length > size) {
    throw new MetainfoError('ERR_METAINFO_SIZE', `a torrent has at most ${size} bytes, not ${bytes.length}`);
  }
  let spans: Map<string, Span> | undefined;
  try {
    spans = findSpans(bytes, [], limits);
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new MetainfoError('ERR_METAINFO_BENCODE', `not a torrent: ${error.message}`, { cause: error });
  }
  if (spans === undefined) throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', 'not a torrent: it is no dictionary');
  return spans;
}

/** The members to be replaced; undefined: to be taken away. */
function membersOf(changes: TorrentChanges): Record<string, BencodeInput | undefined> {
  const { announce, webSeeds, comment, createdBy, creationDate } = changes;
  return {
    ...(announce === undefined ? {} : trackersOf(announce ?? [])),
    ...(webSeeds === undefined ? {} : webSeedsOf(webSeeds ?? [])),
    // Readers prefer the spelling with the suffix, which would outlive the change.
    ...(comment === undefined ? {} : { comment: comment ?? undefined, 'comment.utf-8': undefined }),
    ...(createdBy === undefined ? {} : { 'created by': createdBy ?? undefined, 'created by.utf-8': undefined }),
    ...(creationDate === undefined ? {} : { 'creation date': creationDate ? secondsOf(creationDate) : undefined }),
  };
}

function encodedKey(key: string): Uint8Array {
  // A dictionary of one, without what is around the key.
  return encode({ [key]: 0 }).subarray(1, -4);
}
