// Magnet links (BEPs 9, 52, 53): what they say, once it is checked.
import type { Endpoint, InfoHash } from '@shoal/primitives';
import type { AnyMetainfo } from './metainfo.ts';

/** Files `first` to `last`, both of them included, counted from 0 as the torrent lists them, padding files too. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** At least one of the hashes is there. */
export interface Magnet {
  /** `urn:btih`. */
  readonly infoHash: InfoHash | null;
  /** `urn:btmh`. */
  readonly infoHashV2: InfoHash | null;
  /** `dn`: what to call it until the metadata is there; not fit for a path. */
  readonly name: string | null;
  /** `tr`: tracker URLs, each a tier of its own. */
  readonly announce: readonly (readonly string[])[];
  /** `ws`: BEP 19's URLs. */
  readonly webSeeds: readonly string[];
  /** `xs`: where the .torrent lies, http or https. */
  readonly sources: readonly string[];
  /** `x.pe`: peers to ask. The host may be a name. */
  readonly peers: readonly Endpoint[];
  /** `so` (BEP 53): the files that are wanted, sorted, apart from one another; null: all. May go past the torrent's files. */
  readonly select: readonly FileRange[] | null;
}

/** Tells a link from a torrent whose files are known. */
export function isMagnet<M extends Magnet>(source: AnyMetainfo | M): source is M {
  return !('files' in source);
}

/** Whether `select` wants a file. */
export function isSelected(select: Magnet['select'], file: number): boolean {
  if (select === null) return true;
  return select.some(({ first, last }) => file >= first && file <= last);
}
