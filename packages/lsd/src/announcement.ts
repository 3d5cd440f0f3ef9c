// The datagram of BEP 14: a request in the manner of HTTP that names the port a client listens on and the torrents it is in.
import { formatEndpoint, fromHex, InfoHash } from '@shoal/primitives';
import { LsdError } from './errors.ts';

/** The multicast groups and their port (BEP 14). */
export const LSD_GROUPS: {
  readonly 4: { readonly address: string; readonly port: number };
  readonly 6: { readonly address: string; readonly port: number };
} = {
  4: { address: '239.192.152.143', port: 6_771 },
  6: { address: 'ff15::efc0:988f', port: 6_771 },
};

/** As many have room in 1,400 bytes, which no network has to cut up (BEP 14), beside the longest cookie. */
export const MOST_INFO_HASHES = 24;

/** A datagram of BEP 14, read. */
export interface Announcement {
  /** Where the sender listens, at the address that the datagram comes from. */
  readonly port: number;
  /** 20 bytes each, none twice. */
  readonly infoHashes: readonly InfoHash[];
  /** What the sender knows itself by; undefined where it says none. */
  readonly cookie: string | undefined;
}

/** What a datagram may hold. */
export interface AnnouncementLimits {
  /** Bytes of a datagram. */
  readonly size: number;
  /** Info-hashes that are taken; the rest is left. */
  readonly infoHashes: number;
}

const DEFAULT_LIMITS: AnnouncementLimits = { size: 4_096, infoHashes: 64 };
const MOST_COOKIE = 64;
const MOST_LINES = 256;

/**
 * One datagram of at most 1,400 bytes for 1 to 24 torrents. `cookie` is printable ASCII without spaces, at most 64 characters.
 * Throws RangeError for what is none of these.
 */
export function encodeAnnouncement(
  family: 4 | 6,
  { port, infoHashes, cookie }: { port: number; infoHashes: readonly InfoHash[]; cookie: string },
): Uint8Array {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
  if (!/^[\x21-\x7e]{1,64}$/.test(cookie)) throw new RangeError(`not a cookie: ${JSON.stringify(cookie)}`);
  if (infoHashes.length < 1 || infoHashes.length > MOST_INFO_HASHES) {
    throw new RangeError(`${infoHashes.length} info-hashes, where 1 to ${MOST_INFO_HASHES} have room`);
  }
  const { address, port: groupPort } = LSD_GROUPS[family];
  const lines = [
    'BT-SEARCH * HTTP/1.1',
    `Host: ${formatEndpoint({ host: address, port: groupPort })}`,
    `Port: ${port}`,
    ...infoHashes.map((infoHash) => {
      if (infoHash.version === 'v1') return `Infohash: ${infoHash.hex}`;
      throw new RangeError(`an info-hash of ${infoHash.bytes.length} bytes, expected 20`);
    }),
    `cookie: ${cookie}`,
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n\r\n`);
}

/**
 * Reads a datagram. Headers that are not known are ignored, and so are info-hashes that are none. Throws LsdError for what is
 * no announcement, or has no port.
 */
export function decodeAnnouncement(bytes: Uint8Array, limits: Partial<AnnouncementLimits> = {}): Announcement {
  const { size, infoHashes: mostHashes } = { ...DEFAULT_LIMITS, ...limits };
  if (bytes.length > size) throw refused(`${bytes.length} bytes where ${size} are allowed`);
  // What is not ASCII cannot be anything that is looked for, and does not matter elsewhere.
  const lines = new TextDecoder('latin1').decode(bytes).split('\n', MOST_LINES);
  if (!/^BT-SEARCH \S+ HTTP\/1\.\d\r?$/i.test(lines[0] as string)) throw refused('it does not begin with BT-SEARCH');
  let port: number | undefined;
  let cookie: string | undefined;
  let isWhole = false;
  const infoHashes = new Map<string, InfoHash>();
  // What stands behind the last line feed is no line.
  for (const line of lines.slice(1, -1)) {
    const text = line.replace(/\r$/, '');
    if (text === '') {
      isWhole = true;
      break;
    }
    const colon = text.indexOf(':');
    const value = text.slice(colon + 1).trim();
    switch (text.slice(0, Math.max(0, colon)).trim().toLowerCase()) {
      case 'port':
        port ??= /^\d{1,5}$/.test(value) ? Number(value) : undefined;
        break;
      case 'cookie':
        cookie ??= value.slice(0, MOST_COOKIE);
        break;
      case 'infohash': {
        const hash = value.length === 40 && infoHashes.size < mostHashes ? fromHex(value) : undefined;
        if (hash) infoHashes.set(value.toLowerCase(), new InfoHash(hash));
        break;
      }
    }
  }
  if (!isWhole) throw refused('it ends before its headers do');
  if (port === undefined || port < 1 || port > 65_535) throw refused(`not a port: ${port ?? 'none'}`);
  return { port, infoHashes: [...infoHashes.values()], cookie };
}

function refused(reason: string): LsdError {
  return new LsdError('ERR_LSD_MESSAGE', `not an announcement: ${reason}`);
}
