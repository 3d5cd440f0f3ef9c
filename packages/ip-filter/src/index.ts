export { IpFilterError, type IpFilterErrorCode } from './errors.ts';
export { IpFilter, type IpRange } from './ip-filter.ts';
export {
  type IpFilterLimits,
  IpFilterParser,
  type ParsedIpFilter,
  parseIpFilter,
  type SkippedLine,
} from './parse-ip-filter.ts';
