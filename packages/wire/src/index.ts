export { allowedFastSet } from './allowed-fast.ts';
export type { ConnectionView } from './connection-view.ts';
export { WireError, type WireErrorCode } from './errors.ts';
export type { BlockEvent, BlockPart, WireEvent } from './event.ts';
export { decodeExtendedHandshake, encodeExtendedHandshake } from './extended-handshake.ts';
export type {
  ExtendedHandshake,
  Extension,
  ExtensionContext,
  ExtensionFactory,
  OwnExtendedHandshake,
} from './extension.ts';
export { FrameDecoder, type FrameStep } from './frame-decoder.ts';
export { decodeHandshake, encodeHandshake, type Features, HANDSHAKE_LENGTH, type Handshake } from './handshake.ts';
export { DEFAULT_LIMITS, resolveLimits, type WireLimits } from './limits.ts';
export {
  decodeMessage,
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeChoke,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeInterested,
  encodeKeepAlive,
  encodeNotInterested,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  encodeUnchoke,
  MESSAGE_ID,
  type Message,
  type Request,
} from './message.ts';
export type { WireCounters, WireGeometry, WireIdentity, WireOptions } from './options.ts';
export { Wire } from './wire.ts';
