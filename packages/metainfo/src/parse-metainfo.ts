// From the bytes of a .torrent to a Metainfo. Everything that may be wrong is found here; nothing behind it looks again.
import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  type DecodeLimits,
  type DecodeReport,
  decodeWithReport,
  isDict,
  type Oddity,
  type OddityCode,
  textOf,
} from '@shoal/bencode';
import { LEAF_LENGTH } from '@shoal/merkle';
import { InfoHash, Layout, PrimitivesError } from '@shoal/primitives';
import { MetainfoError } from './errors.ts';
import { joinHalves } from './hybrid.ts';
import type { AnyMetainfo, Digests, Metainfo, Platform } from './metainfo.ts';
import { withPieceLayers } from './piece-layers.ts';
import { readFileTree } from './read-file-tree.ts';
import { placeFiles, readFileList } from './read-files.ts';
import { safeName } from './safe-name.ts';
import { readAnnounce, readNodes, readWebSeeds } from './sources.ts';
import { plainTextAt, quoted, rawNameOf } from './text.ts';
import { Warnings } from './warnings.ts';

/** Bytes in a piece: as much as libtorrent takes, and what must fit in memory. */
export const MAX_PIECE_LENGTH: number = 512 * 1024 * 1024;

/** Pieces of a torrent that is not v1 alone; as many as libtorrent takes. */
const MAX_PIECES = 2 ** 21;

const SHA1_LENGTH = 20;

/** How a .torrent is read. */
export interface ParseOptions {
  /** Of the bencoded document; 10 MiB unless told otherwise. */
  readonly limits?: Partial<DecodeLimits>;
  /** Where the files are to lie. Default: posix. */
  readonly platform?: Platform;
}

/**
 * Reads and checks a .torrent that the v1 protocol knows: v1, or a hybrid (BEPs 3, 12, 19, 27, 47, 52). The info-hashes are of the raw
 * bytes of the info dictionary, however it was encoded. The answer keeps views of `bytes`: do not change them afterwards.
 * Throws MetainfoError; ERR_METAINFO_V2_ONLY for a torrent of version 2 alone, once all of it is found right.
 */
export function parseMetainfo(bytes: Uint8Array, digests: Digests, options: ParseOptions = {}): Metainfo {
  const metainfo = parseAnyMetainfo(bytes, digests, options);
  if (metainfo.version !== 'v2') return metainfo;
  throw new MetainfoError(
    'ERR_METAINFO_V2_ONLY',
    'a torrent of version 2 alone (BEP 52), which can be shown but not downloaded yet',
  );
}

/** Reads and checks a .torrent of any version, as `parseMetainfo` does. Throws MetainfoError. */
export function parseAnyMetainfo(bytes: Uint8Array, digests: Digests, options: ParseOptions = {}): AnyMetainfo {
  const warnings = new Warnings();
  const document = readDocument(bytes, options, warnings);
  const { torrent, info, infoBytes } = document;
  const version = readVersion(document, warnings);
  const platform = options.platform ?? 'posix';
  const infoHash = version === 'v2' ? null : new InfoHash(digests.sha1(infoBytes));
  const infoHashV2 = version === 'v1' ? null : new InfoHash(digests.sha256(infoBytes));
  const hash = (infoHash ?? infoHashV2) as InfoHash;
  const pieceLength = readPieceLength(info, version);
  const list = version === 'v2' ? undefined : readFileList(info, warnings);
  const tree = version === 'v1' ? undefined : readFileTree(info, warnings);
  const isLone = tree !== undefined && list === undefined && !tree.multiFile;
  const given = readGivenName(info);
  // A file tree of one file names it, whatever the torrent is called (BEP 52).
  const name = usableName((isLone ? tree.raw[0]?.path?.[0] : given) ?? given, hash, platform, warnings);
  if (list && !list.multiFile) list.raw = list.raw.map((file) => ({ ...file, path: [given] }));
  if (tree) checkPieceCount(tree.raw, pieceLength);
  const raw = list && tree ? joinHalves(list.raw, tree.raw, pieceLength) : ((list ?? tree)?.raw ?? []);
  const multiFile = (list ?? tree)?.multiFile === true;
  const placed = placeFiles({ raw, multiFile }, name, platform, warnings);
  const files = tree ? withPieceLayers(placed, torrent, pieceLength, digests.sha256, warnings) : placed;
  if (torrent.has('private')) warnings.add('private stands outside the info dictionary: ignored');
  const layout = readLayout(pieceLength, files);
  const base = {
    name,
    private: readPrivate(info, warnings),
    source: plainTextAt(info, 'source'),
    pieceLength,
    files,
    multiFile,
    announce: readAnnounce(torrent, warnings),
    webSeeds: readWebSeeds(torrent, warnings),
    nodes: readNodes(torrent, warnings),
    comment: plainTextAt(torrent, 'comment'),
    createdBy: plainTextAt(torrent, 'created by'),
    creationDate: readDate(torrent, warnings),
    infoBytes,
  };
  if (infoHash === null) {
    const pieceCount = files.reduce((sum, { length }) => sum + Math.ceil(length / pieceLength), 0);
    return { ...base, version: 'v2', infoHash, infoHashV2: hash, pieceCount, warnings: warnings.take() };
  }
  const hashes = readPieces(info, layout);
  return {
    ...base,
    version: infoHashV2 ? 'hybrid' : 'v1',
    infoHash,
    infoHashV2,
    layout,
    pieceHash(piece) {
      if (!Number.isInteger(piece) || piece < 0 || piece >= layout.pieceCount) {
        throw new RangeError(`piece ${piece} is outside [0, ${layout.pieceCount})`);
      }
      return hashes.subarray(piece * SHA1_LENGTH, (piece + 1) * SHA1_LENGTH);
    },
    warnings: warnings.take(),
  };
}

interface Document {
  readonly torrent: BencodeDict;
  readonly info: BencodeDict;
  readonly infoBytes: Uint8Array;
  /** What is out of order in the info dictionary, in words. */
  readonly infoOddity: string | undefined;
}

function readDocument(bytes: Uint8Array, options: ParseOptions, warnings: Warnings): Document {
  const limits = options.limits ?? {};
  let report: DecodeReport;
  try {
    report = decodeWithReport(bytes, { limits });
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    const code = error.code === 'ERR_BENCODE_SIZE' ? 'ERR_METAINFO_SIZE' : 'ERR_METAINFO_BENCODE';
    throw new MetainfoError(code, `not a torrent: ${error.message}`, { cause: error });
  }
  const torrent = report.value;
  const info = isDict(torrent) ? torrent.get('info') : undefined;
  const span = report.spans.get('info');
  if (!isDict(torrent) || !isDict(info) || span === undefined) {
    const what = isDict(torrent) ? 'there is no info dictionary' : 'it is no dictionary';
    throw new MetainfoError('ERR_METAINFO_NOT_A_TORRENT', `not a torrent: ${what}`);
  }
  const kinds = new Map<OddityCode, { first: Oddity; count: number }>();
  for (const oddity of report.oddities) {
    const seen = kinds.get(oddity.code);
    if (seen) seen.count++;
    else kinds.set(oddity.code, { first: oddity, count: 1 });
  }
  for (const { first, count } of kinds.values()) {
    const more = count > 1 ? ` and ${count - 1} more of the like` : '';
    warnings.add(`bencode that is out of order: ${describeOddity(first)}${more}`);
  }
  const inside = report.oddities.find(({ offset }) => offset >= span.start && offset < span.end);
  const isCut = report.oddityCount > report.oddities.length;
  const infoOddity = inside ? describeOddity(inside) : isCut ? 'more than can be told' : undefined;
  return { torrent, info, infoBytes: bytes.subarray(span.start, span.end), infoOddity };
}

function describeOddity({ code, offset, path }: Oddity): string {
  return `${code.replace('-', ' ')} at byte ${offset}${path === '' ? '' : `, ${path}`}`;
}

/** First of all, as BEP 52 wants it: what follows may mean something else in a version to come. */
function readVersion({ info, infoOddity }: Document, warnings: Warnings): 'v1' | 'v2' | 'hybrid' {
  const version = info.get('meta version') ?? 1;
  if (version === 1) {
    if (info.has('file tree')) warnings.add('there is a file tree, but the meta version is not 2: read as version 1');
    return 'v1';
  }
  if (version !== 2) {
    throw new MetainfoError('ERR_V2_UNSUPPORTED', `the meta version is 1 or 2, not ${integerShown(version)}`);
  }
  // Whoever reads a tree that is out of order by another rule sees other files. Of v1 such torrents are about; of v2 none need be.
  if (infoOddity !== undefined) {
    throw new MetainfoError('ERR_METAINFO_BENCODE', `the info dictionary of version 2 is out of order: ${infoOddity}`);
  }
  return info.has('pieces') ? 'hybrid' : 'v2';
}

/** What the torrent calls itself; may be empty. */
function readGivenName(info: BencodeDict): string {
  const name = textOf(info.get('name.utf-8')) ?? rawNameOf(info.get('name'));
  if (name === undefined || /^\0+$/.test(name)) throw new MetainfoError('ERR_METAINFO_NAME', 'the torrent has no name');
  return name;
}

function usableName(given: string, infoHash: InfoHash, platform: Platform, warnings: Warnings): string {
  if (given === '') {
    warnings.add("the torrent's name is empty: its info-hash stands in");
    return infoHash.hex;
  }
  const name = safeName(given, platform);
  if (name !== given) warnings.add(`the torrent ${quoted(given)} is named ${quoted(name)} here`);
  return name;
}

/** From 1 byte in v1; in BEP 52 a power of two from 16 KiB. */
function readPieceLength(info: BencodeDict, version: 'v1' | 'v2' | 'hybrid'): number {
  const pieceLength = info.get('piece length');
  if (typeof pieceLength !== 'number' || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH) {
    throw new MetainfoError(
      'ERR_METAINFO_PIECE_LENGTH',
      `a piece has from 1 to ${MAX_PIECE_LENGTH} bytes, not ${integerShown(pieceLength)}`,
    );
  }
  if (version !== 'v1' && (pieceLength < LEAF_LENGTH || !Number.isInteger(Math.log2(pieceLength)))) {
    throw new MetainfoError(
      'ERR_METAINFO_PIECE_LENGTH',
      `the piece length of version 2 is a power of two from ${LEAF_LENGTH}, not ${pieceLength}`,
    );
  }
  return pieceLength;
}

/** In v1 the hashes themselves bound the number of pieces; in a file tree nothing does. */
function checkPieceCount(files: readonly { readonly length: number }[], pieceLength: number): void {
  const count = files.reduce((sum, { length }) => sum + Math.ceil(length / pieceLength), 0);
  if (count > MAX_PIECES) {
    throw new MetainfoError(
      'ERR_METAINFO_PIECES',
      `a torrent of version 2 has at most ${MAX_PIECES} pieces, not ${count}`,
    );
  }
}

function integerShown(value: BencodeValue | undefined): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value).slice(0, 40) : 'no integer';
}

function readLayout(pieceLength: number, files: Metainfo['files']): Layout {
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
