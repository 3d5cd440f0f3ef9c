import { DHT_ROUTERS } from '@shoal/client';
import type { DhtStatus } from '@shoal/dht';
import { type BoundDht, bindDht } from '@shoal/dht/node';
import { formatEndpoint, toHex } from '@shoal/primitives';
import { readNodeState, writeNodeState } from '../dht/node-state.ts';
import { cannotListen, type DhtNetOptions } from '../dht/with-dht.ts';
import { EXIT, type ExitStatus, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatCount } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { whenAborted } from '../transfer-run.ts';

export interface DhtNodeOptions extends DhtNetOptions {
  readonly json?: boolean;
}

const STATUS_EVERY_MS = 60_000;
/** In so many of these the state is saved once. */
const SAVE_EVERY = 5;

/** Runs a node until it is interrupted. */
export async function dhtNode(options: DhtNodeOptions, io: Io): Promise<ExitStatus> {
  const { json = false } = options;
  const state = await readNodeState(options, io).catch((error: unknown) => {
    warn(io, `the DHT node begins anew: what it saved cannot be read: ${reasonOf(error)}`);
    return undefined;
  });
  const dht = await bindDht({
    host: options.bind,
    port: options.port,
    state,
    bootstrap: options.dhtBootstrap ?? DHT_ROUTERS,
    onExternalAddress: (address) => {
      if (json) writeJson(io.stdout, { event: 'address', infoHash: null, address });
      else writeLines(io.stdout, [`others see this node at ${address}`]);
    },
  }).catch((error: unknown) => {
    throw cannotListen(options, error);
  });
  let ticks = 0;
  const timer = setInterval(() => {
    tellStatus(dht, 'stats', json, io);
    // Told at the end, where it cannot be saved then either.
    if (++ticks % SAVE_EVERY === 0) writeNodeState(options, io, dht.save()).catch(() => undefined);
  }, STATUS_EVERY_MS);
  try {
    tellWhere(dht, json, io);
    dht.whenReady({ signal: io.signal }).then(
      () => tellStatus(dht, 'ready', json, io),
      () => undefined,
    );
    await whenAborted(io.signal);
    if (json) tellStatus(dht, 'stopped', json, io);
    return await saved(dht, options, io);
  } finally {
    clearInterval(timer);
    await dht.close();
  }
}

/** An interrupt would hide an error that is thrown after it. */
async function saved(dht: BoundDht, options: DhtNodeOptions, io: Io): Promise<ExitStatus> {
  try {
    await writeNodeState(options, io, dht.save());
    return EXIT.interrupted;
  } catch (error) {
    warn(io, `the state of the DHT node is not saved: ${reasonOf(error)}`);
    return EXIT.failed;
  }
}

function tellWhere(dht: BoundDht, json: boolean, io: Io): void {
  const addresses = dht.endpoints.map(formatEndpoint);
  const ids = dht.status().map(({ id }) => toHex(id));
  if (json) writeJson(io.stdout, { event: 'listening', infoHash: null, addresses, ids });
  else
    writeLines(
      io.stdout,
      addresses.map((address, index) => `DHT node at ${address}, id ${ids[index]}`),
    );
}

function tellStatus(dht: BoundDht, event: 'ready' | 'stats' | 'stopped', json: boolean, io: Io): void {
  const families = dht.status();
  if (json) writeJson(io.stdout, { event, infoHash: null, families: families.map(inJson) });
  else writeLines(io.stdout, families.map(described));
}

function inJson(status: DhtStatus): Record<string, unknown> {
  const { family, id, nodes, good, buckets, torrents, items, externalAddress, traffic } = status;
  return { family, id: toHex(id), nodes, good, buckets, torrents, items, externalAddress, ...traffic };
}

function described({ family, nodes, good, torrents, items, traffic }: DhtStatus): string {
  const table = `${formatCount(nodes, 'node')} (${good} good)`;
  const stores = `${formatCount(torrents, 'torrent')} and ${formatCount(items, 'item')} stored`;
  return `IPv${family}: ${table}, ${stores}, ${traffic.received} datagrams in, ${traffic.sent} out`;
}

function warn(io: Io, text: string): void {
  writeLines(io.stderr, [printable(`shoal: ${text}`)]);
}
