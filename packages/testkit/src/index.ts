export type {
  SimByteStream,
  SimListener,
  SimStamp,
  SimStorage,
  SimStreamHandler,
  SimTransport,
} from './contracts.ts';
export { FaultyStorage, type FaultyStorageOptions, type StorageFault } from './faulty-storage.ts';
export { type FuzzOptions, type FuzzReport, fuzz } from './fuzz.ts';
export { type SeededRandom, seededRandom } from './random.ts';
export { SimClock, type SimTimer } from './sim-clock.ts';
export { type SimHost, type SimHostOptions, SimNetwork, type SimNetworkOptions } from './sim-network.ts';
export { type TestTable, untriedOf } from './test-table.ts';
