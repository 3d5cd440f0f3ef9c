export type { RateLimit } from './address-limiter.ts';
export { isPrivateAddress } from './address-scope.ts';
export type {
  AnnounceEvent,
  AnnounceRequest,
  AnnounceResponse,
  ScrapeCounts,
} from './announce.ts';
export {
  AnnounceHandler,
  type AnnounceHandlerOptions,
  type Asker,
  type HttpAnswer,
  type LocalPeer,
  type TrackerTotals,
} from './announce-handler.ts';
export { announceUrl, scrapeUrl } from './announce-url.ts';
export {
  type AnswerLimits,
  DEFAULT_ANSWER_LIMITS,
  decodeAnnounce,
  decodeFailure,
  decodeScrape,
} from './decode-answer.ts';
export { type AnnounceAnswer, encodeAnnounce, encodeFailure, encodeScrape, type ListedPeer } from './encode-answer.ts';
export { TrackerError, type TrackerErrorCode } from './errors.ts';
export { MemorySwarmStore, type MemorySwarmStoreOptions } from './memory-swarm-store.ts';
export { type Metric, metricsText, type Sample } from './metrics.ts';
export type {
  CompactSwarmAnswer,
  PeerRole,
  SwarmAnnounce,
  SwarmAnswer,
  SwarmPeer,
  SwarmStore,
  SwarmTotals,
} from './swarm-store.ts';
export {
  type Announced,
  type Announcing,
  type Refused,
  type Scraped,
  Tracker,
  type TrackerCounters,
  type TrackerOptions,
} from './tracker.ts';
export {
  type AnnounceFunction,
  type TrackerClock,
  TrackerSource,
  type TrackerSourceOptions,
  type TrackerTorrent,
} from './tracker-source.ts';
export type { TrackerStatus } from './tracker-state.ts';
export { parseTrackerUrl, printableUrl, type TrackerUrl } from './tracker-url.ts';
export {
  decodeUdpAnswer,
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrapeAnswer,
  peekUdpAnswer,
  type UdpAnswer,
} from './udp-answer.ts';
export {
  type UdpConnection,
  UdpExchange,
  type UdpExchangeOptions,
  type UdpOutcome,
  type UdpQuestion,
} from './udp-exchange.ts';
export { UdpHandler, type UdpHandlerOptions } from './udp-handler.ts';
export {
  decodeUdpRequest,
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  MAX_UDP_SCRAPE,
  type UdpRequest,
} from './udp-request.ts';
