// Addresses of the HTTP side: where it listens, which `Host` headers it answers to, and the URLs that follow from both.
import { isIP } from 'node:net';
import { formatEndpoint, normalizeIp } from '@shoal/primitives';

/** Where a service listens. */
export interface HttpAddress {
  /** Undefined: every address of the machine. */
  readonly host: string | undefined;
  /** 0: chosen by the system. */
  readonly port: number;
}

interface HostHeader {
  /** An IP address without brackets, canonical, or a name in lower case. */
  readonly host: string;
  readonly port: number | undefined;
}

/** `PORT`, `:PORT`, `HOST:PORT` or `[IPV6]:PORT`; undefined for anything else. */
export function parseHttpAddress(text: string): HttpAddress | undefined {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (!match || !(port <= 65_535)) return undefined;
  const [, six, other] = match;
  if (six !== undefined && isIP(six) !== 6) return undefined;
  const host = six ?? other;
  return { host: host === undefined || host === '' || host === '*' ? undefined : host, port };
}

/** Whether a listening address means every address of the machine. */
export function isWildcard(host: string | undefined): boolean {
  const canonical = host === undefined ? undefined : normalizeIp(host);
  return host === undefined || canonical === '0.0.0.0' || canonical === '::';
}

/** Whether an address is of this machine alone: 127.0.0.0/8 or ::1, IPv4-mapped too. A name is not. */
export function isLoopback(host: string): boolean {
  const canonical = normalizeIp(host);
  return canonical === '::1' || canonical?.startsWith('127.') === true;
}

/** `http://HOST:PORT` of an address one can dial: a wildcard is reached over loopback from here. */
export function originOf({ host, port }: HttpAddress): string {
  const named = host === undefined || isWildcard(host) ? '127.0.0.1' : host;
  return `http://${formatEndpoint({ host: named, port })}`;
}

function parseHostHeader(text: string): HostHeader | undefined {
  const match = /^(?:\[([^\]]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(text);
  if (!match) return undefined;
  const [, six, other, digits] = match;
  const host = six === undefined ? (other as string).toLowerCase().replace(/\.$/, '') : normalizeIp(six);
  const port = digits === undefined ? undefined : Number(digits);
  return host === undefined || (port ?? 0) > 65_535 ? undefined : { host, port };
}

/**
 * Answers whether a request's `Host` is one of ours. A page of a stranger can point its own name at this machine (DNS
 * rebinding); it cannot make a browser send an IP address, `localhost` or our public name instead.
 */
export function createHostCheck(publicUrl: string | undefined): (header: string | undefined) => boolean {
  const publicHost = publicUrl === undefined ? undefined : parseHostHeader(new URL(publicUrl).host)?.host;
  return (header) => {
    // HTTP/1.0 without a Host: no browser sends that.
    if (header === undefined) return true;
    const parsed = parseHostHeader(header);
    if (!parsed) return false;
    return normalizeIp(parsed.host) !== undefined || parsed.host === 'localhost' || parsed.host === publicHost;
  };
}
