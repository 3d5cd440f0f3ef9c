export { type ReadIpFilterOptions, readIpFilter } from './read-ip-filter.ts';
