// The options that `get` and `seed` share: how this client behaves towards its peers.
import { resolve } from 'node:path';
import type { ClientOptions } from '@shoal/client';
import type { Io } from './io.ts';
import { printable } from './output/printable.ts';
import { stateDirOf } from './state-dir.ts';

/** Bytes of blocks and read-ahead: so a download of 4 GiB stays below 200 MiB in all. */
const MEMORY = 48 * 1024 * 1024;

export interface PeerOptions {
  readonly port?: number;
  readonly bind?: string;
  /** Bytes a second. */
  readonly limitDown?: number;
  readonly limitUp?: number;
  readonly dht?: boolean;
  /** `HOST:PORT`s. */
  readonly dhtBootstrap?: readonly string[];
  readonly pex?: boolean;
  readonly lsd?: boolean;
  /** A file of address ranges. */
  readonly ipFilter?: string;
}

/** Rejects with IpFilterError where the list cannot be used. */
export async function clientOptions(options: PeerOptions, io: Io): Promise<ClientOptions> {
  const { port = 0, bind, limitDown, limitUp, ipFilter, dht, dhtBootstrap, pex, lsd } = options;
  return {
    port,
    stateDir: stateDirOf(io),
    memory: MEMORY,
    dht: dht !== false && (dhtBootstrap ? { bootstrap: dhtBootstrap } : true),
    pex: pex !== false,
    lsd: lsd !== false,
    ...(bind === undefined ? {} : { bind }),
    ...(limitDown === undefined ? {} : { downLimit: limitDown }),
    ...(limitUp === undefined ? {} : { upLimit: limitUp }),
    ...(ipFilter === undefined ? {} : { addressFilter: await filterOf(resolve(io.cwd, ipFilter), io) }),
  };
}

async function filterOf(path: string, io: Io): Promise<NonNullable<ClientOptions['addressFilter']>> {
  const { readIpFilter } = await import('@shoal/ip-filter/node');
  const { filter, skipped, skippedCount } = await readIpFilter(path, { signal: io.signal });
  const [first] = skipped;
  if (first) {
    const lines = skippedCount === 1 ? '1 line was' : `${skippedCount} lines were`;
    io.stderr.write(`shoal: ${path}: ${lines} skipped: line ${first.line}: ${printable(first.reason)}\n`);
  }
  return filter;
}
