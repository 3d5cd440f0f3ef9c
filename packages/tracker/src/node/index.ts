export type { Lookup } from './resolve.ts';
export { createTrackerClient, type TrackerClient, type TrackerClientOptions } from './tracker-client.ts';
export { TrackerServer, type TrackerServerOptions } from './tracker-server.ts';
export type { SharedUdp } from './udp-client.ts';
