import { access, constants } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, resolve } from 'node:path';
import { toHex } from '@shoal/primitives';
import { TrackerServer } from '@shoal/tracker/node';
import { CliError, EXIT, type ExitStatus, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { ListFile } from '../list-file.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { whenAborted } from '../transfer-run.ts';

export interface TrackerOptions {
  /** 0: chosen by the system. */
  readonly http?: number;
  readonly udp?: number;
  /** Default: every address. */
  readonly host?: string;
  /** Files of info-hashes. */
  readonly allow?: string;
  readonly deny?: string;
  /** A file of passkeys. */
  readonly passkeys?: string;
  /** Whole seconds. */
  readonly interval?: number;
  readonly trustProxy?: readonly string[];
  /** Where the page stands; false: nowhere, nor metrics. */
  readonly stats?: string | false;
  readonly state?: string;
  readonly fullScrape?: boolean;
  readonly json?: boolean;
}

const STATS_EVERY_MS = 60_000;

/** Runs a tracker until it is interrupted. */
export async function tracker(options: TrackerOptions, io: Io): Promise<ExitStatus> {
  if (options.http === undefined && options.udp === undefined) {
    throw new CliError('ERR_USAGE', 'a tracker listens on --http PORT, --udp PORT or both', { status: EXIT.wrong });
  }
  if (options.state !== undefined) await checkWritable(resolve(io.cwd, options.state));
  const server = await serverFor(options, io);
  let timer: NodeJS.Timeout | undefined;
  try {
    const bound = await server.listen().catch((error: unknown) => {
      const ports = [options.http, options.udp].filter((port) => port !== undefined);
      throw new CliError('ERR_TRACKER', `the tracker cannot listen on port ${ports.join(' or ')}: ${reasonOf(error)}`, {
        hint: 'choose another with --http, --udp or --host',
        cause: error,
      });
    });
    tellWhere(server, options, bound, io);
    if (options.json) timer = setInterval(() => tellTotals(server, 'stats', io).catch(() => undefined), STATS_EVERY_MS);
    await whenAborted(io.signal);
    if (options.json) await tellTotals(server, 'stopped', io);
    return await ended(server, io);
  } finally {
    clearInterval(timer);
    await server.close();
  }
}

/** An interrupt would hide an error that is thrown after it. */
async function ended(server: TrackerServer, io: Io): Promise<ExitStatus> {
  try {
    await server.close();
    return EXIT.interrupted;
  } catch (error) {
    writeLines(io.stderr, [printable(`shoal: the tracker's swarms are not saved: ${reasonOf(error)}`)]);
    return EXIT.failed;
  }
}

/** Known now, not when hours of announces are to be saved. */
async function checkWritable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((error: unknown) => {
    const message = `${path}: the tracker's swarms cannot be saved there: ${reasonOf(error)}`;
    throw new CliError('ERR_WRITE', message, { cause: error });
  });
}

async function serverFor(options: TrackerOptions, io: Io): Promise<TrackerServer> {
  const { http, udp, host, state, stats, interval, trustProxy } = options;
  const told = new Set<string>();
  const onError = (error: unknown): void => {
    const reason = printable(`shoal: tracker: ${reasonOf(error)}`);
    // Each once: some come with every datagram.
    if (told.size < 100 && !told.has(reason)) writeLines(io.stderr, [reason]);
    told.add(reason);
  };
  const listAt = (path: string | undefined, isOfKeys: boolean): Promise<ListFile> | undefined => {
    if (path === undefined) return undefined;
    return ListFile.open({
      path: resolve(io.cwd, path),
      entryOf: isOfKeys ? passkeyIn : infoHashIn,
      expected: isOfKeys ? 'a passkey of 1 to 128 letters, digits, - and _' : 'an info-hash of 40 hexadecimal digits',
      onError,
    });
  };
  const [allow, deny, passkeys] = await Promise.all([
    listAt(options.allow, false),
    listAt(options.deny, false),
    listAt(options.passkeys, true),
  ]);
  try {
    return new TrackerServer({
      http: http === undefined ? null : { host, port: http },
      ...(udp === undefined ? {} : { udp: { host, port: udp } }),
      ...(interval === undefined ? {} : { interval }),
      allow: allow && ((infoHash) => allow.has(toHex(infoHash))),
      deny: deny && ((infoHash) => deny.has(toHex(infoHash))),
      passkeys: passkeys && ((passkey) => passkeys.has(passkey)),
      trustProxy,
      fullScrape: options.fullScrape,
      statsPath: stats === false ? null : (stats ?? '/stats'),
      metricsPath: stats === false ? null : '/metrics',
      stateFile: state === undefined ? undefined : resolve(io.cwd, state),
      onError,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError('ERR_USAGE', error.message, { status: EXIT.wrong, cause: error });
  }
}

function tellWhere(
  server: TrackerServer,
  options: TrackerOptions,
  bound: { host: string; port: number },
  io: Io,
): void {
  const { http, udp, host, passkeys } = options;
  const isAny = bound.host === '::' || bound.host === '0.0.0.0';
  const hosts = isAny ? addressesHere(bound.host) : [bound.host];
  const withKey = (url: string): string =>
    passkeys === undefined ? url : url.replace(/announce$/, 'PASSKEY/announce');
  const httpUrls = http === undefined ? [] : hosts.map((address) => server.urlFor(address));
  const udpUrls = udp === undefined ? [] : hosts.map((address) => server.udpUrlFor(address));
  const urls = [...httpUrls, ...udpUrls].map(withKey);
  const page = httpUrls[0]?.replace(/\/announce$/, '');
  const stats = page === undefined || options.stats === false ? null : `${page}${options.stats ?? '/stats'}`;
  const metrics = stats === null ? null : `${page}/metrics`;
  if (options.json) {
    const udpPort = udpUrls[0] === undefined ? null : Number(new URL(udpUrls[0]).port);
    const port = http === undefined ? null : bound.port;
    writeJson(io.stdout, {
      event: 'listening',
      infoHash: null,
      host: host ?? null,
      port,
      udpPort,
      urls,
      stats,
      metrics,
    });
    return;
  }
  const lines = urls.map((url) => `tracker at ${url}`);
  if (stats !== null) lines.push(`statistics at ${stats}, for Prometheus at ${metrics}`);
  writeLines(io.stdout, lines);
}

async function tellTotals(server: TrackerServer, event: 'stats' | 'stopped', io: Io): Promise<void> {
  writeJson(io.stdout, { event, infoHash: null, ...(await server.totals()) });
}

/** The wire's 20 bytes: of a v2 info-hash of 64 digits the first 40. */
function infoHashIn(line: string): string | undefined {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(line) ? line.slice(0, 40).toLowerCase() : undefined;
}

function passkeyIn(line: string): string | undefined {
  return /^[A-Za-z0-9_-]{1,128}$/.test(line) ? line : undefined;
}

/** Under which addresses this machine is reached: those others can use first, loopback last. */
function addressesHere(bound: string): string[] {
  const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = here.filter(({ address, internal }) => {
    if (isIPv6(address)) return bound === '::' && !internal && !address.startsWith('fe80:');
    return true;
  });
  return usable.sort((a, b) => Number(a.internal) - Number(b.internal)).map(({ address }) => address);
}
