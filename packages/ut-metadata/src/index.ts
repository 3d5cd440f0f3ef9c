export type {
  AttachedMetadata,
  Digest,
  MetadataPeerInfo,
  MetadataProgress,
  MetadataTorrent,
} from './contract.ts';
export { UtMetadataError, type UtMetadataErrorCode } from './errors.ts';
export {
  decodeMetadataMessage,
  encodeData,
  encodeReject,
  encodeRequest,
  type MetadataMessage,
  PIECE_LENGTH,
} from './message.ts';
export { UtMetadata, type UtMetadataOptions } from './ut-metadata.ts';
