export { type PeerSourceUnderTest, testPeerSource } from './testing/peer-source.ts';
export type { RegisterTest } from './testing/register.ts';
export { type TransportUnderTest, testTransport } from './testing/transport.ts';
