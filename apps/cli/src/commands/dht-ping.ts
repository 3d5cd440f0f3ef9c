import { formatEndpoint, toHex } from '@shoal/primitives';
import { type DhtLinkOptions, withNode } from '../dht/with-dht.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeJson, writeLines } from '../output/write.ts';

/** Asks a node whether it is there: the first of its addresses that answers counts. */
export async function dhtPing(
  node: string,
  options: DhtLinkOptions & { readonly json?: boolean },
  io: Io,
): Promise<ExitStatus> {
  const { id, address, ms } = await withNode(node, options, io, async (dht, signal, addresses) => {
    const pings = addresses.map(async (endpoint) => {
      const { id, rttMs } = await dht.ping(endpoint, { signal });
      return { id: toHex(id), address: formatEndpoint(endpoint), ms: Math.round(10 * rttMs) / 10 };
    });
    return Promise.any(pings).catch((error: AggregateError) => {
      throw error.errors[0];
    });
  });
  if (options.json) writeJson(io.stdout, { address, id, milliseconds: ms });
  else writeLines(io.stdout, [`${address}: id ${id}, ${ms} ms`]);
  return EXIT.done;
}
