/** Why bytes are no torrent that can be used, or files cannot become one. */
export type MetainfoErrorCode =
  | 'ERR_METAINFO_SIZE'
  | 'ERR_METAINFO_BENCODE'
  | 'ERR_METAINFO_NOT_A_TORRENT'
  | 'ERR_METAINFO_PIECE_LENGTH'
  | 'ERR_METAINFO_PIECES'
  | 'ERR_METAINFO_FILES'
  | 'ERR_METAINFO_FILE_LENGTH'
  | 'ERR_METAINFO_FILE_TREE'
  | 'ERR_METAINFO_PIECES_ROOT'
  | 'ERR_METAINFO_PIECE_LAYERS'
  | 'ERR_METAINFO_HYBRID'
  | 'ERR_METAINFO_NAME'
  | 'ERR_METAINFO_NO_DATA'
  | 'ERR_METAINFO_FILE_NAME'
  | 'ERR_METAINFO_FILE_CHANGED'
  | 'ERR_METAINFO_V2_ONLY'
  | 'ERR_MAGNET_SYNTAX'
  | 'ERR_MAGNET_SIZE'
  | 'ERR_MAGNET_TOPIC'
  | 'ERR_MAGNET_SELECT'
  | 'ERR_V2_UNSUPPORTED';

/** A torrent that is wrong: the message holds the offending and the expected figure. */
export class MetainfoError extends Error {
  override readonly name = 'MetainfoError';
  readonly code: MetainfoErrorCode;

  constructor(code: MetainfoErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
