// From the bytes of a .torrent to a Metainfo. Everything that may be wrong is found here; nothing behind it looks again.
import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  type DecodeLimits,
  decode,
  findSpan,
  isDict,
  type Oddity,
  type OddityCode,
  textOf,
} from '@shoal/bencode';
import { InfoHash, Layout, PrimitivesError } from '@shoal/primitives';
import { MetainfoError } from './errors.ts';
import type { Digests, Metainfo, Platform } from './metainfo.ts';
import { readFiles } from './read-files.ts';
import { safeName } from './safe-name.ts';
import { readAnnounce, readNodes, readWebSeeds } from './sources.ts';
import { plainTextAt, quoted, rawNameOf } from './text.ts';
import { Warnings } from './warnings.ts';

/** Bytes in a piece: as much as libtorrent takes, and what must fit in memory. */
export const MAX_PIECE_LENGTH: number = 512 * 1024 * 1024;

const SHA1_LENGTH = 20;

export interface ParseOptions {
  /** Of the bencoded document; 10 MiB unless told otherwise. */
  readonly limits?: Partial<DecodeLimits>;
  /** Where the files are to lie. Default: posix. */
  readonly platform?: Platform;
}

/**
 * Reads and checks a .torrent (BEPs 3, 12, 19, 27, 47). The info-hash is of the raw bytes of the info dictionary, however it
 * was encoded. The answer keeps views of `bytes`: do not change them afterwards. Throws MetainfoError.
 */
export function parseMetainfo(bytes: Uint8Array, digests: Digests, options: ParseOptions = {}): Metainfo {
  const warnings = new Warnings();
  const { torrent, info, infoBytes } = readDocument(bytes, options, warnings);
  const infoHash = new InfoHash(digests.sha1(infoBytes));
  const isHybrid = readVersion(info, warnings) === 2;
  const platform = options.platform ?? 'posix';
  const name = readName(info, infoHash, platform, warnings);
  const { files, multiFile } = readFiles(info, name, platform, warnings);
  const layout = readLayout(info, files);
  const hashes = readPieces(info, layout);
  if (torrent.has('private')) warnings.add('private stands outside the info dictionary: ignored');
  return {
    name,
    infoHash,
    infoHashV2: isHybrid ? new InfoHash(digests.sha256(infoBytes)) : null,
    version: isHybrid ? 'hybrid' : 'v1',
    private: readPrivate(info, warnings),
    source: plainTextAt(info, 'source'),
    pieceLength: layout.pieceLength,
    layout,
    pieceHash(piece) {
      if (!Number.isInteger(piece) || piece < 0 || piece >= layout.pieceCount) {
        throw new RangeError(`piece ${piece} is outside [0, ${layout.pieceCount})`);
      }
      return hashes.subarray(piece * SHA1_LENGTH, (piece + 1) * SHA1_LENGTH);
    },
    files,
    multiFile,
    announce: readAnnounce(torrent, warnings),
    webSeeds: readWebSeeds(torrent, warnings),
    nodes: readNodes(torrent, warnings),
    comment: plainTextAt(torrent, 'comment'),
    createdBy: plainTextAt(torrent, 'created by'),
    creationDate: readDate(torrent, warnings),
    infoBytes,
    warnings: warnings.take(),
  };
}

function readDocument(
  bytes: Uint8Array,
  options: ParseOptions,
  warnings: Warnings,
): { torrent: BencodeDict; info: BencodeDict; infoBytes: Uint8Array } {
  const oddities = new Map<OddityCode, { first: Oddity; count: number }>();
  const onOddity = (oddity: Oddity): void => {
    const seen = oddities.get(oddity.code);
    if (seen) seen.count++;
    else oddities.set(oddity.code, { first: oddity, count: 1 });
  };
  const limits = options.limits ?? {};
  let torrent: BencodeValue;
  try {
    torrent = decode(bytes, { limits, onOddity });
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    const code = error.code === 'ERR_BENCODE_SIZE' ? 'ERR_METAINFO_SIZE' : 'ERR_METAINFO_BENCODE';
    throw new MetainfoError(code, `not a torrent: ${error.message}`, { cause: error });
  }
  const info = isDict(torrent) ? torrent.get('info') : undefined;
  const span = findSpan(bytes, ['info'], limits);
  if (!isDict(torrent) || !isDict(info) || span === undefined) {
    const what = isDict(torrent) ? 'there is no info dictionary' : 'it is no dictionary';
    throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', `not a torrent: ${what}`);
  }
  for (const { first, count } of oddities.values()) {
    const place = first.path === '' ? '' : `, ${first.path}`;
    const more = count > 1 ? ` and ${count - 1} more of the like` : '';
    warnings.add(
      `bencode that is out of order: ${first.code.replace('-', ' ')} at byte ${first.offset}${place}${more}`,
    );
  }
  return { torrent, info, infoBytes: bytes.subarray(span.start, span.end) };
}

/** BEP 52: 1 (v1 alone) or 2 (a hybrid). */
function readVersion(info: BencodeDict, warnings: Warnings): 1 | 2 {
  const version = info.get('meta version') ?? 1;
  if (version === 1) return 1;
  if (version !== 2) {
    const shown =
      typeof version === 'number' || typeof version === 'bigint' ? String(version).slice(0, 40) : 'no integer';
    throw new MetainfoError('ERR_V2_UNSUPPORTED', `the meta version is 1 or 2, not ${shown}`);
  }
  if (!info.has('pieces')) {
    throw new MetainfoError('ERR_V2_UNSUPPORTED', 'a torrent of version 2 alone (BEP 52) cannot be read yet');
  }
  if (isDict(info.get('file tree'))) return 2;
  warnings.add('the meta version is 2, but there is no file tree: read as version 1');
  return 1;
}

function readName(info: BencodeDict, infoHash: InfoHash, platform: Platform, warnings: Warnings): string {
  const given = textOf(info.get('name.utf-8')) ?? rawNameOf(info.get('name')) ?? '';
  if (given === '') {
    warnings.add('the torrent has no name: its info-hash stands in');
    return infoHash.hex;
  }
  const name = safeName(given, platform);
  if (name !== given) warnings.add(`the torrent ${quoted(given)} is named ${quoted(name)} here`);
  return name;
}

function readLayout(info: BencodeDict, files: Metainfo['files']): Layout {
  const pieceLength = info.get('piece length');
  if (typeof pieceLength !== 'number' || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH) {
    const isInteger = typeof pieceLength === 'number' || typeof pieceLength === 'bigint';
    const shown = isInteger ? String(pieceLength).slice(0, 40) : 'no integer';
    throw new MetainfoError(
      'ERR_METAINFO_PIECE_LENGTH',
      `a piece has from 1 to ${MAX_PIECE_LENGTH} bytes, not ${shown}`,
    );
  }
  let layout: Layout;
  try {
    layout = new Layout({ pieceLength, files });
  } catch (error) {
    if (!(error instanceof PrimitivesError)) throw error;
    throw new MetainfoError('ERR_METAINFO_FILE_LENGTH', error.message, { cause: error });
  }
  if (layout.totalLength === 0)
    throw new MetainfoError('ERR_METAINFO_NO_DATA', 'all files are empty: nothing to share');
  return layout;
}

function readPieces(info: BencodeDict, layout: Layout): Uint8Array {
  const pieces = info.get('pieces');
  if (!(pieces instanceof Uint8Array)) throw new MetainfoError('ERR_METAINFO_PIECES', 'there are no piece hashes');
  if (pieces.length !== layout.pieceCount * SHA1_LENGTH) {
    throw new MetainfoError(
      'ERR_METAINFO_PIECES',
      `${layout.totalLength} bytes in pieces of ${layout.pieceLength} have ${layout.pieceCount} hashes of ${SHA1_LENGTH} bytes, not ${pieces.length} bytes of hashes`,
    );
  }
  return pieces;
}

/** BEP 27. Whatever is not plainly a no is a yes: a private torrent that leaks cannot be called back. */
function readPrivate(info: BencodeDict, warnings: Warnings): boolean {
  const flag = info.get('private') ?? 0;
  if (flag !== 0 && flag !== 1) warnings.add('private is neither 0 nor 1: taken for 1');
  return flag !== 0;
}

function readDate(torrent: BencodeDict, warnings: Warnings): Date | null {
  const seconds = torrent.get('creation date');
  if (seconds === undefined) return null;
  const date = new Date(typeof seconds === 'number' ? seconds * 1_000 : Number.NaN);
  if (!Number.isNaN(date.getTime()) && date.getTime() >= 0) return date;
  warnings.add('the creation date is no number of seconds since 1970: ignored');
  return null;
}
