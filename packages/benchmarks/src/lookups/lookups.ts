// What a DHT lookup costs, in nets of real nodes on loopback: questions, hops and time, beside log2 of the net's size, which is
// what a lookup that halves the distance with every hop would need.
import { randomBytes, randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { LookupReport } from '@shoal/dht';
import { type BoundDht, bindDht } from '@shoal/dht/node';

export interface LookupResult {
  readonly nodes: number;
  readonly lookups: number;
  /** Of a lookup: questions sent, hops, milliseconds. */
  readonly asked: number;
  readonly hops: number;
  readonly ms: number;
}

/** As many nodes enter at a time: all at once they would find a net that is not there yet. */
const ENTERING = 16;

/** Rejects with the signal's reason, and where the nodes cannot be had. */
export async function measureLookups(size: number, lookups: number, signal: AbortSignal): Promise<LookupResult> {
  const net = `127.${randomInt(1, 255)}`;
  const nodes: BoundDht[] = [];
  // All of them wait for it at once.
  setMaxListeners(0, signal);
  try {
    for (let count = 0; count < size; count++) {
      signal.throwIfAborted();
      const host = `${net}.${1 + Math.floor(count / 250)}.${1 + (count % 250)}`;
      const entry = nodes[randomInt(Math.max(1, count))]?.endpoints[0];
      const bootstrap = entry ? [`${entry.host}:${entry.port}`] : [];
      const node = await bindDht({ host, bootstrap });
      nodes.push(node);
      if (count % ENTERING === 0 && count > 0) await node.whenReady({ signal });
    }
    await Promise.all(nodes.slice(1).map((node) => node.whenReady({ signal })));
    const reports: LookupReport[] = [];
    for (let count = 0; count < lookups; count++) {
      const from = nodes[randomInt(size)] as BoundDht;
      reports.push(await from.lookup(new Uint8Array(randomBytes(20)), { signal }));
    }
    const mean = (of: (report: LookupReport) => number): number =>
      reports.reduce((sum, report) => sum + of(report), 0) / reports.length;
    return {
      nodes: size,
      lookups,
      asked: mean(({ asked }) => asked),
      hops: mean(({ hops }) => hops),
      ms: mean(({ durationMs }) => durationMs),
    };
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

export function formatLookups(results: readonly LookupResult[]): string {
  const rows = results.map(({ nodes, asked, hops, ms }) =>
    [String(nodes), Math.log2(nodes).toFixed(1), asked.toFixed(1), hops.toFixed(1), ms.toFixed(0)]
      .map((cell, index) => cell.padStart([8, 8, 12, 8, 8][index] as number))
      .join(''),
  );
  return ['   nodes  log2 n   questions    hops      ms', ...rows].join('\n');
}
