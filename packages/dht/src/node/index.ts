import { DhtService, type DhtServiceOptions } from './dht-service.ts';

export { type BindOptions, type BoundDht, bindDht } from './bind.ts';
export { DhtService, type DhtServiceOptions, type DhtSocket, type OperationOptions } from './dht-service.ts';
export { createItemSigner, type ItemSigner, immutableItem, mutableItem } from './means.ts';
export type { ResolveName } from './resolve.ts';

/** A node on sockets that are somebody else's. */
export function createDht(options: DhtServiceOptions): DhtService {
  return new DhtService(options);
}
