import { open } from 'node:fs/promises';
import { MetainfoError } from '../errors.ts';
import type { AnyMetainfo, Metainfo, Platform } from '../metainfo.ts';
import { type ParseOptions, parseAnyMetainfo, parseMetainfo } from '../parse-metainfo.ts';
import { nodeDigests } from './digests.ts';

/** Bytes of a .torrent that the user names; what the network sends is held to 10 MiB. */
const MAX_FILE = 64 * 1024 * 1024;

const HERE: Platform = process.platform === 'win32' ? 'windows' : process.platform === 'darwin' ? 'macos' : 'posix';

/** `parseMetainfo` with Node's digests, for files on this machine. Throws MetainfoError. */
export function parseTorrent(bytes: Uint8Array, options: ParseOptions = {}): Metainfo {
  return parseMetainfo(bytes, nodeDigests, { platform: HERE, ...options });
}

/** `parseAnyMetainfo` with Node's digests, for files on this machine. Throws MetainfoError. */
export function parseAnyTorrent(bytes: Uint8Array, options: ParseOptions = {}): AnyMetainfo {
  return parseAnyMetainfo(bytes, nodeDigests, { platform: HERE, ...options });
}

/** Reads a .torrent from disk, up to 64 MiB. Rejects with MetainfoError, or the system's error (ENOENT, EACCES, …). */
export async function readMetainfo(path: string, options: ParseOptions = {}): Promise<Metainfo> {
  const limits = { size: MAX_FILE, ...options.limits };
  return parseTorrent(await readAtMost(path, limits.size), { ...options, limits });
}

/** As `readMetainfo`, of any version. */
export async function readAnyMetainfo(path: string, options: ParseOptions = {}): Promise<AnyMetainfo> {
  const limits = { size: MAX_FILE, ...options.limits };
  return parseAnyTorrent(await readAtMost(path, limits.size), { ...options, limits });
}

/** The file's size is not asked: a pipe has none, and it may grow. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    let bytes = new Uint8Array(Math.min(limit + 1, 64 * 1024));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      length += bytesRead;
      if (length > limit) {
        throw new MetainfoError('ERR_METAINFO_SIZE', `a torrent has at most ${limit} bytes; ${path} has more`);
      }
      if (bytesRead === 0) return bytes.subarray(0, length);
      if (length === bytes.length) {
        const grown = new Uint8Array(Math.min(limit + 1, bytes.length * 2));
        grown.set(bytes);
        bytes = grown;
      }
    }
  } finally {
    await file.close();
  }
}
