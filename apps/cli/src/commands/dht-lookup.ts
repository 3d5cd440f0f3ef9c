import { formatEndpoint, toHex } from '@shoal/primitives';
import { hashOf } from '../dht/targets.ts';
import { type DhtNetOptions, withNet } from '../dht/with-dht.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatCount, formatDuration } from '../output/format.ts';
import { writeJson, writeLines } from '../output/write.ts';

/** Tells the peers of a torrent as they are found, then the nodes nearest to its hash. Status 0 without peers too. */
export async function dhtLookup(
  source: string,
  options: DhtNetOptions & { readonly json?: boolean },
  io: Io,
): Promise<ExitStatus> {
  const target = hashOf(source);
  const infoHash = toHex(target);
  let count = 0;
  const tell = (peers: readonly string[]): void => {
    count += peers.length;
    if (options.json) writeJson(io.stdout, { event: 'peers', infoHash, peers });
    else
      writeLines(
        io.stdout,
        peers.map((peer) => `peer  ${peer}`),
      );
  };
  const report = await withNet(options, io, async (dht, signal) => {
    const batches = dht.peers(target, { signal });
    for (;;) {
      const next = await batches.next();
      if (next.done) return next.value;
      tell(next.value);
    }
  });
  const nodes = report.closest.map(({ id, host, port }) => ({
    id: toHex(id),
    address: formatEndpoint({ host, port }),
  }));
  const { asked, answered, hops } = report;
  const seconds = report.durationMs / 1_000;
  if (options.json) {
    const figures = { asked, answered, hops, seconds: Math.round(1_000 * seconds) / 1_000 };
    writeJson(io.stdout, { event: 'done', infoHash, peers: count, nodes, ...figures });
  } else {
    const found = `${formatCount(count, 'peer')}; ${formatCount(asked, 'node')} asked, ${answered} answered`;
    writeLines(io.stdout, [
      ...nodes.map(({ id, address }) => `node  ${id}  ${address}`),
      `${found}, in ${formatDuration(seconds)}`,
    ]);
  }
  return EXIT.done;
}
