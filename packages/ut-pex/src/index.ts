export type { AttachedPex, PexPeerInfo, PexTorrent } from './contract.ts';
export { UtPexError, type UtPexErrorCode } from './errors.ts';
export {
  decodePexMessage,
  encodePexMessage,
  PEX_FLAG,
  type PexContact,
  type PexLimits,
  type PexMessage,
} from './message.ts';
export { UtPex } from './ut-pex.ts';
