// What a torrent says, as `info --json` prints it and as a person reads it.
import { type AnyMetainfo, displayFiles } from '@shoal/metainfo';
import { formatBytes, formatCount } from './format.ts';
import { printable } from './printable.ts';

/** Sizes in bytes; padding files (BEP 47) are left out everywhere. */
export interface TorrentFacts {
  readonly name: string;
  /** 40 hexadecimal digits. */
  readonly infoHash: string | null;
  /** 64 hexadecimal digits. */
  readonly infoHashV2: string | null;
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly private: boolean;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly totalLength: number;
  /** Paths with `/`, safe to write below the download folder. */
  readonly files: readonly { readonly path: string; readonly length: number }[];
  /** Tiers of tracker URLs. */
  readonly announce: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** ISO 8601. */
  readonly creationDate: string | null;
  readonly source: string | null;
  readonly warnings: readonly string[];
}

export function factsOf(metainfo: AnyMetainfo): TorrentFacts {
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
  const { files, announce } = facts;
  const tiers = announce.map((tier) => tier.join(', '));
  return [
    line('name', facts.name),
    line('info-hash', facts.infoHash),
    line('v2 hash', facts.infoHashV2),
    line('size', `${formatBytes(facts.totalLength)} in ${formatCount(files.length, 'file')}`),
    line('pieces', `${facts.pieceCount} of ${formatBytes(facts.pieceLength)}`),
    line('private', facts.private ? 'yes: peers from its trackers only' : null),
    line('source', facts.source),
    ...tiers.map((tier, index) => line(tiers.length > 1 ? `tracker ${index + 1}` : 'tracker', tier)),
    ...facts.webSeeds.map((url) => line('web seed', url)),
    line('comment', facts.comment),
    line('created by', facts.createdBy),
    line('created', facts.creationDate),
    ...facts.warnings.map((warning) => line('warning', warning)),
  ].filter((text) => text !== undefined);
}

/** One line a file: its size in a column, then its path. */
export function describeFiles({ files }: Pick<TorrentFacts, 'files'>): string[] {
  return files.map(({ path, length }) => `${formatBytes(length).padStart(10)}  ${printable(path)}`);
}

function line(label: string, value: string | null): string | undefined {
  return value === null ? undefined : `${label.padEnd(10)}  ${printable(value)}`;
}
