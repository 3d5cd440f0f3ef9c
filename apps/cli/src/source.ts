// From what the user calls a torrent (a file, a URL) to its metainfo.
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type AnyMetainfo,
  type Magnet,
  type Metainfo,
  MetainfoError,
  type ParsedMagnet,
  parseMagnet,
} from '@shoal/metainfo';
import { parseAnyTorrent } from '@shoal/metainfo/node';
import { CliError, EXIT, reasonOf } from './exit.ts';
import type { Io } from './io.ts';

/** 40 or 64 hexadecimal digits, or 32 of base 32. */
const BARE_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32})$/i;

/** Bytes of a .torrent that the user names; what the network sends is held to less. */
const MAX_FILE = 64 * 1024 * 1024;

/** A torrent, and the bytes it was read from. */
export interface TorrentSource {
  readonly metainfo: AnyMetainfo;
  readonly bytes: Uint8Array;
}

/** A torrent to download or seed. Rejects with CliError, also for version 2 alone. */
export async function loadTorrent(source: string, io: Pick<Io, 'cwd' | 'signal'>): Promise<Metainfo> {
  const { metainfo } = await loadAnyTorrent(source, io);
  if (metainfo.version !== 'v2') return metainfo;
  throw new CliError('ERR_UNSUPPORTED', `${source} is a torrent of version 2 alone, which is not supported yet`, {
    status: EXIT.wrong,
    hint: '"shoal info" shows it; hybrids work',
  });
}

/** A torrent to download, which a link may name by its hash alone. Rejects with CliError. */
export async function loadSource(source: string, io: Pick<Io, 'cwd' | 'signal'>): Promise<Metainfo | NamedByHash> {
  if (!isLink(source)) return loadTorrent(source, io);
  const magnet = readLink(source);
  const { infoHash } = magnet;
  if (infoHash !== null) return { ...magnet, infoHash };
  throw new CliError('ERR_UNSUPPORTED', 'the link names a torrent of version 2 alone, which is not supported yet', {
    status: EXIT.wrong,
    hint: 'hybrids have a version 1 hash too (urn:btih)',
  });
}

/** A magnet link that can be followed. */
export interface NamedByHash extends Magnet {
  readonly infoHash: NonNullable<Magnet['infoHash']>;
}

/** A magnet link, or a bare info-hash: what it says. Throws CliError. */
export function readLink(source: string): ParsedMagnet {
  try {
    if (/^magnet:/i.test(source)) return parseMagnet(source);
    // 32 digits are of base 32, as in links.
    return parseMagnet(`magnet:?xt=${source.length === 64 ? `urn:btmh:1220${source}` : `urn:btih:${source}`}`);
  } catch (error) {
    throw new CliError('ERR_SOURCE', `cannot read the magnet link: ${reasonOf(error)}`, {
      status: EXIT.wrong,
      cause: error,
    });
  }
}

/** A torrent to look at. Rejects with CliError. */
export async function loadAnyTorrent(source: string, io: Pick<Io, 'cwd' | 'signal'>): Promise<TorrentSource> {
  if (isLink(source))
    throw wrongKind(`${/^magnet:/i.test(source) ? 'a magnet link' : 'a bare info-hash'} is not enough here`);
  try {
    if (isWebUrl(source)) {
      const { fetchTorrent } = await import('./fetch-torrent.ts');
      const bytes = await fetchTorrent(source, io.signal);
      if (isMarkup(bytes)) {
        const hint = 'give the address of a .torrent, or a magnet link';
        throw new CliError('ERR_SOURCE', `${source} is a web page, not a torrent`, { status: EXIT.wrong, hint });
      }
      return { bytes, metainfo: parseAnyTorrent(bytes) };
    }
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source))
      throw wrongKind(`a ${source.slice(0, source.indexOf(':'))} URL as a source is not supported yet`);
    const bytes = await readAtMost(resolve(io.cwd, source));
    return { bytes, metainfo: parseAnyTorrent(bytes, { limits: { size: MAX_FILE } }) };
  } catch (error) {
    if (error instanceof CliError || io.signal.aborted) throw error;
    throw new CliError('ERR_SOURCE', `cannot read ${source}: ${reasonOf(error)}`, {
      status: EXIT.wrong,
      hint: hintFor(error),
      cause: error,
    });
  }
}

/** Starts with a tag: nothing bencoded does. */
function isMarkup(bytes: Uint8Array): boolean {
  return /^\s*</.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
}

export function isWebUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** Whether it is a magnet link, or an info-hash alone. */
export function isLink(source: string): boolean {
  return /^magnet:/i.test(source) || BARE_HASH.test(source);
}

/** The file's size is not asked: a pipe has none. */
async function readAtMost(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of file.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_FILE) throw new Error(`more than ${MAX_FILE} bytes, too large for a torrent`);
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

function wrongKind(message: string): CliError {
  return new CliError('ERR_UNSUPPORTED', message, {
    status: EXIT.wrong,
    hint: 'give a .torrent file or its http or https URL',
  });
}

function hintFor(error: unknown): string | undefined {
  if (error instanceof MetainfoError) return undefined;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'EISDIR') return 'give the .torrent file; "shoal create" makes one of a folder';
  return code === 'ENOENT' ? 'check the path' : undefined;
}
