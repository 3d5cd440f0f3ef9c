export { type CreateMetainfoOptions, createMetainfo, type FileToList } from './create-metainfo.ts';
export { displayFiles } from './display-files.ts';
export { MetainfoError, type MetainfoErrorCode } from './errors.ts';
export type { AnyMetainfo, Digests, Metainfo, MetainfoFile, MetainfoV2, Platform } from './metainfo.ts';
export { MAX_PIECE_LENGTH, type ParseOptions, parseAnyMetainfo, parseMetainfo } from './parse-metainfo.ts';
export { choosePieceLength } from './piece-length.ts';
export { safeName } from './safe-name.ts';
