// The shortest HTTP tracker there can be, for clients that take peers from nobody else: it tells everybody the same
// addresses.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from './client.ts';

const INTERVAL_SECONDS = 1_800;

export interface Tracker {
  /** Of its announces. */
  readonly url: string;
  /** Whom it tells of from now on. */
  tell(addresses: readonly Address[]): void;
  close(): Promise<void>;
}

export async function startTracker(): Promise<Tracker> {
  let peers: Uint8Array = new Uint8Array();
  const server = createServer((_request, response) => {
    const head = Buffer.from(`d8:intervali${INTERVAL_SECONDS}e5:peers${peers.length}:`);
    response.end(Buffer.concat([head, peers, Buffer.from('e')]));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`,
    tell(addresses) {
      peers = Uint8Array.from(
        addresses.flatMap(({ host, port }) => [...host.split('.').map(Number), port >> 8, port & 255]),
      );
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A .torrent that names no tracker, with this one. Its info dictionary stays as it is, byte for byte. */
export function withTracker(torrent: Uint8Array, url: string): Uint8Array {
  if (torrent[0] !== 0x64 || torrent[1] !== 0x31 || torrent[2] !== 0x30) {
    throw new TypeError(
      'the torrent should begin with a key of ten letters ("created by"), which sorts behind "announce"',
    );
  }
  return Buffer.concat([Buffer.from(`d8:announce${url.length}:${url}`), torrent.subarray(1)]);
}
