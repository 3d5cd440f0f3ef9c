// What a torrent says, as `info --json` prints it and as a person reads it.
import { type AnyMetainfo, displayFiles } from '@shoal/metainfo';
import { formatBytes, formatCount } from './format.ts';
import { printable } from './printable.ts';

/** Sizes in bytes; padding files (BEP 47) are left out everywhere. Null: what it does not say. */
export interface TorrentFacts {
  readonly name: string | null;
  /** 40 hexadecimal digits. */
  readonly infoHash: string | null;
  /** 64 hexadecimal digits. */
  readonly infoHashV2: string | null;
  readonly version: 'v1' | 'v2' | 'hybrid' | null;
  readonly private: boolean | null;
  readonly pieceLength: number | null;
  readonly pieceCount: number | null;
  readonly totalLength: number | null;
  readonly files: readonly FileFacts[] | null;
  /** Tiers of tracker URLs. */
  readonly announce: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** ISO 8601. */
  readonly creationDate: string | null;
  readonly source: string | null;
  readonly warnings: readonly string[];
  /** What magnet links alone have: where the .torrent lies (URLs), `HOST:PORT`s, and the files asked for (BEP 53), `0,2,6-8`. */
  readonly sources?: readonly string[];
  readonly peers?: readonly string[];
  readonly select?: string | null;
}

export interface FileFacts {
  /** With `/`, safe to write below the download folder. */
  readonly path: string;
  readonly length: number;
}

/** Of a torrent, which says all of it. */
export interface KnownFacts extends TorrentFacts {
  readonly name: string;
  readonly totalLength: number;
  readonly files: readonly FileFacts[];
}

export function factsOf(metainfo: AnyMetainfo): KnownFacts {
  const files = displayFiles(metainfo);
  return {
    name: metainfo.name,
    infoHash: metainfo.infoHash?.hex ?? null,
    infoHashV2: metainfo.infoHashV2?.hex ?? null,
    version: metainfo.version,
    private: metainfo.private,
    pieceLength: metainfo.pieceLength,
    pieceCount: metainfo.version === 'v2' ? metainfo.pieceCount : metainfo.layout.pieceCount,
    totalLength: files.reduce((total, { length }) => total + length, 0),
    files,
    announce: metainfo.announce,
    webSeeds: metainfo.webSeeds,
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    creationDate: metainfo.creationDate?.toISOString() ?? null,
    source: metainfo.source,
    warnings: metainfo.warnings,
  };
}

/** Lines for a person, without the list of files. */
export function describeFacts(facts: TorrentFacts): string[] {
  const { files, announce, totalLength, pieceCount, pieceLength } = facts;
  const tiers = announce.map((tier) => tier.join(', '));
  return [
    line('name', facts.name),
    line('info-hash', facts.infoHash),
    line('v2 hash', facts.infoHashV2),
    totalLength !== null && files !== null
      ? line('size', `${formatBytes(totalLength)} in ${formatCount(files.length, 'file')}`)
      : undefined,
    pieceLength === null ? undefined : line('pieces', `${pieceCount} of ${formatBytes(pieceLength)}`),
    line('private', facts.private ? 'yes: peers from its trackers only' : null),
    line('source', facts.source),
    ...tiers.map((tier, index) => line(tiers.length > 1 ? `tracker ${index + 1}` : 'tracker', tier)),
    ...facts.webSeeds.map((url) => line('web seed', url)),
    ...(facts.sources ?? []).map((url) => line('.torrent', url)),
    ...(facts.peers ?? []).map((peer) => line('peer', peer)),
    line('files', facts.select ?? null),
    line('comment', facts.comment),
    line('created by', facts.createdBy),
    line('created', facts.creationDate),
    ...facts.warnings.map((warning) => line('warning', warning)),
  ].filter((text) => text !== undefined);
}

/** One line a file: its size in a column, then its path. */
export function describeFiles(files: readonly FileFacts[]): string[] {
  return files.map(({ path, length }) => `${formatBytes(length).padStart(10)}  ${printable(path)}`);
}

function line(label: string, value: string | null): string | undefined {
  return value === null ? undefined : `${label.padEnd(10)}  ${printable(value)}`;
}
