// Who really asks, where a proxy stands before the tracker. `X-Forwarded-For` is anybody's to send: it counts only as far as
// it was written by proxies that the operator named, read from its end.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { normalizeIp, parseEndpoint } from '@shoal/primitives';

/** A proxy that adds more than this is not an operator's. */
const MAX_HOPS = 32;

export class TrustedProxies {
  readonly #list = new BlockList();

  /** Addresses (`10.0.0.1`) and networks (`10.0.0.0/8`). Throws RangeError for anything else. */
  constructor(proxies: readonly string[]) {
    for (const text of proxies) {
      const [address = '', bits, rest] = text.split('/');
      const family = isIP(address);
      const prefix =
        bits === undefined ? (family === 4 ? 32 : 128) : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
      if (family === 0 || rest !== undefined || !(prefix >= 0 && prefix <= (family === 4 ? 32 : 128))) {
        throw new RangeError(`not an address or a network such as 10.0.0.0/8: ${JSON.stringify(text)}`);
      }
      this.#list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
    }
  }

  /** Both ends of a request. The asker's is '' where a trusted proxy does not say it, or not as an address. */
  addresses(request: IncomingMessage): { remote: string; local: string | undefined } {
    const remote = normalizeIp(request.socket.remoteAddress ?? '') ?? '';
    if (!this.#trusts(remote)) return { remote, local: request.socket.localAddress };
    const header = request.headers['x-forwarded-for'];
    const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').slice(-MAX_HOPS);
    for (const hop of hops.reverse()) {
      const address = addressOf(hop.trim());
      // The proxy's own address is not its client's.
      if (address === undefined) return { remote: '', local: undefined };
      if (!this.#trusts(address)) return { remote: address, local: undefined };
    }
    return { remote: '', local: undefined };
  }

  #trusts(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  }
}

/** Some proxies write the port too. */
function addressOf(hop: string): string | undefined {
  const plain = normalizeIp(hop.replace(/^\[(.*)\]$/, '$1'));
  if (plain !== undefined) return plain;
  try {
    return normalizeIp(parseEndpoint(hop).host);
  } catch {
    return undefined;
  }
}
