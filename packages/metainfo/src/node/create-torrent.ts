import { join } from 'node:path';
import { type CreateMetainfoOptions, createMetainfo } from '../create-metainfo.ts';
import type { Metainfo } from '../metainfo.ts';
import { choosePieceLength } from '../piece-length.ts';
import { hashPieces } from './hash-pieces.ts';
import { parseTorrent } from './read-metainfo.ts';
import { walkFiles } from './walk-files.ts';

/** What a new torrent says, and how its data are hashed. The name and the files are those on disk. */
export interface CreateTorrentOptions
  extends Partial<Omit<CreateMetainfoOptions, 'name' | 'pieces' | 'files' | 'pieceLength'>> {
  /** Bytes. Default: `choosePieceLength` of what there is. */
  readonly pieceLength?: number;
  /** Is told of the bytes hashed, about once a MiB. */
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
  readonly signal?: AbortSignal;
  /** Threads that hash; 0: none beside this one. Default: as many as there are cores, up to 8, where there are 128 MiB or more. */
  readonly threads?: number;
}

/** A torrent of what lies on disk. */
export interface CreatedTorrent {
  /** The .torrent. */
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  /** The folder to seed it from: it holds what is named `metainfo.name`. */
  readonly folder: string;
  /** What was passed over (links that lead elsewhere, special files), in words. */
  readonly warnings: readonly string[];
}

/**
 * Makes a torrent of the file or folder at `path`. The bytes depend on the data and the options alone, but for the creation date: pass it,
 * or null for none. Rejects with MetainfoError, the system's error (ENOENT, EACCES, …), or the signal's reason.
 */
export async function createTorrent(path: string, options: CreateTorrentOptions = {}): Promise<CreatedTorrent> {
  const { onProgress, signal, threads, pieceLength: wantedLength, ...rest } = options;
  const { folder, name, files, warnings } = await walkFiles(path, signal);
  const total = files.reduce((sum, file) => sum + file.length, 0);
  const pieceLength = wantedLength ?? choosePieceLength(total);
  const described = { createdBy: 'Shoal', creationDate: new Date(), ...rest, name, pieceLength, files };
  // Names, URLs and geometry that will not do are told before hours of hashing, not after.
  createMetainfo({ ...described, pieces: new Uint8Array(Math.ceil(total / pieceLength) * 20) });
  const pieces = await hashPieces({
    files: files.map((file) => ({ path: join(folder, ...file.path), length: file.length })),
    pieceLength,
    onProgress,
    signal,
    threads,
  });
  const bytes = createMetainfo({ ...described, pieces });
  return { bytes, metainfo: parseTorrent(bytes, { limits: { size: Number.POSITIVE_INFINITY } }), folder, warnings };
}
