// One bounded GET: redirects are counted and never lead from a public address into a private network, what is asked of a
// private network looks like a tracker's, a body is cut off at its limit while it inflates. Each hop's name is resolved once,
// and what was checked is what is connected to.
import { type ClientRequest, get as httpGet, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate } from 'node:zlib';
import { parseUrl } from '@shoal/primitives';
import { TrackerError } from '../errors.ts';
import { connectError } from './connect-error.ts';
import type { Family } from './local-address.ts';
import { type Address, type Lookup, resolveHost } from './resolve.ts';

export interface GetOptions {
  readonly signal: AbortSignal;
  /** Bytes, as sent and after inflating. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
  readonly userAgent: string;
  /** The families that may be used, with the local address of each (undefined: the system's choice). */
  readonly from: ReadonlyMap<Family, string | undefined>;
  readonly lookup: Lookup;
  readonly isPrivate: (ip: string) => boolean;
}

export interface GetAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly body: Uint8Array;
  /** Seconds, from Retry-After. */
  readonly retryAfter: number | null;
}

const MAX_HEADER_BYTES = 16_384;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The last component of a tracker's path, its convention for both questions (BEP 48). */
const TRACKER_PATH = /\/(?:announce|scrape)[^/]*$/;

/** Rejects with TrackerError, or with the signal's reason. */
export async function boundedGet(url: string, options: GetOptions): Promise<GetAnswer> {
  let target = new URL(url);
  let cameFromPublic = false;
  for (let redirects = 0; ; redirects++) {
    const addresses = await resolveHost(target.hostname, {
      lookup: options.lookup,
      families: [...options.from.keys()],
      signal: options.signal,
    });
    const isPrivate = addresses.some(({ address }) => options.isPrivate(address));
    // A stranger's .torrent could name the router's or this machine's own web pages, whose queries do things.
    if (redirects === 0 && isPrivate && !TRACKER_PATH.test(target.pathname)) {
      const where = `${target.host}${target.pathname.slice(0, 80)}`;
      throw new TrackerError('ERR_TRACKER_URL', `${where} is in a private network and no path to announce at`);
    }
    if (cameFromPublic && isPrivate) {
      throw new TrackerError('ERR_TRACKER_REDIRECT', `it redirects into a private network (${target.host})`);
    }
    cameFromPublic ||= !isPrivate;
    const answer = await getOnce(target, addresses, options);
    if (!(answer instanceof URL)) return answer;
    if (redirects >= options.maxRedirects) {
      throw new TrackerError('ERR_TRACKER_REDIRECT', `it redirects more than ${options.maxRedirects} times`);
    }
    target = answer;
  }
}

/** One hop: an answer, or where it redirects to. */
async function getOnce(target: URL, addresses: readonly Address[], options: GetOptions): Promise<GetAnswer | URL> {
  let request: ClientRequest | undefined;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request = send(target, addresses, options);
      request.on('response', resolve);
      // For good: what breaks after the answer is the body's error, and no uncaught one.
      request.on('error', reject);
    });
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (REDIRECTS.has(status) && location !== undefined) return redirectTarget(location, target);
    return {
      status,
      statusText: response.statusMessage ?? '',
      body: await readBody(response, options.maxBytes),
      retryAfter: /^\d{1,9}$/.test(response.headers['retry-after'] ?? '')
        ? Number(response.headers['retry-after'])
        : null,
    };
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : connectError(error, target.host);
  } finally {
    request?.destroy();
  }
}

function send(target: URL, addresses: readonly Address[], options: GetOptions): ClientRequest {
  const lookup: LookupFunction = (_host, wanted, callback) => {
    const [first] = addresses;
    if (wanted.all) callback(null, [...addresses]);
    else if (first) callback(null, first.address, first.family);
  };
  const request: RequestOptions = {
    // A tracker is asked twice an hour: a kept connection only costs it a socket.
    agent: false,
    lookup,
    // Several families are only ever tried where none has a local address of its own.
    localAddress: addresses[0] && options.from.get(addresses[0].family),
    maxHeaderSize: MAX_HEADER_BYTES,
    signal: options.signal,
    headers: { 'User-Agent': options.userAgent, 'Accept-Encoding': 'gzip', Connection: 'close' },
  };
  return target.protocol === 'https:' ? httpsGet(target, request) : httpGet(target, request);
}

function redirectTarget(location: string, base: URL): URL {
  const target = parseUrl(location, base);
  if (!target) throw new TrackerError('ERR_TRACKER_REDIRECT', 'it redirects to something that is no address');
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw new TrackerError(
      'ERR_TRACKER_REDIRECT',
      `it redirects to ${target.protocol}, only http and https are followed`,
    );
  }
  return target;
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  try {
    // What is sent is bounded too: deflate knows blocks that inflate to nothing.
    await pipeline(response, bounded(maxBytes), decoder(response), bounded(maxBytes), async (source) => {
      for await (const chunk of source) chunks.push(chunk);
    });
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error;
    throw new TrackerError('ERR_TRACKER_MALFORMED', 'its answer cannot be inflated', { cause: error });
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

type Chunks = AsyncIterable<Uint8Array>;

function bounded(maxBytes: number): (source: Chunks) => Chunks {
  return async function* pass(source) {
    let length = 0;
    for await (const chunk of source) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  };
}

function decoder(response: IncomingMessage): Duplex {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  switch (encoding) {
    case '':
    case 'identity':
      return new PassThrough();
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    default:
      throw new TrackerError('ERR_TRACKER_MALFORMED', `it answers in ${encoding}, which was not asked for`);
  }
}

function tooLarge(maxBytes: number): TrackerError {
  return new TrackerError('ERR_TRACKER_SIZE', `its answer is larger than ${maxBytes} bytes`);
}
