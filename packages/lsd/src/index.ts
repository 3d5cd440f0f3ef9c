export {
  type Announcement,
  type AnnouncementLimits,
  decodeAnnouncement,
  encodeAnnouncement,
  LSD_GROUPS,
} from './announcement.ts';
export type { LsdClock, LsdMembership, LsdNetwork, LsdStatus, LsdTorrent } from './contract.ts';
export { LsdError, type LsdErrorCode } from './errors.ts';
export { LocalDiscovery, type LocalDiscoveryOptions } from './local-discovery.ts';
export { LsdMachine, type LsdOutput } from './lsd-machine.ts';
export type { LsdSource } from './lsd-source.ts';
