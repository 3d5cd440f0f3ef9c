export { createLocalDiscovery, type NodeLocalDiscoveryOptions } from './local-discovery.ts';
export type { MulticastOptions } from './multicast.ts';
