// The interfaces of this machine, as multicast needs them: one address of each family on each.
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

const FRESH_MS = 10_000;

export interface Link {
  /** The interface's name. */
  readonly name: string;
  readonly family: 4 | 6;
  /** Ours on it; with its zone where it is link-local. */
  readonly address: string;
  /** How the system calls the interface when a group is joined there. */
  readonly interface: string;
  /** The loopback interface: what fails there is hardly worth a word. */
  readonly internal: boolean;
}

/** The interfaces of these names, or all. */
export function listLinks(names?: readonly string[]): Link[] {
  const links: Link[] = [];
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    if (names && !names.includes(name)) continue;
    for (const family of [4, 6] as const) {
      const own = addresses.filter((each) => isIP(each.address) === family);
      // Others can dial a link-local address only if they know on which link.
      const best = own.find((each) => !isLinkLocal(each.address)) ?? own[0];
      if (!best) continue;
      const zone = process.platform === 'win32' ? (own.find((each) => each.scopeid)?.scopeid ?? name) : name;
      links.push({
        name,
        family,
        address: isLinkLocal(best.address) && family === 6 ? `${best.address}%${zone}` : best.address,
        interface: family === 4 ? best.address : `::%${zone}`,
        internal: best.internal,
      });
    }
  }
  return links;
}

/** The addresses on our links; read from the system now and then, since it takes longer than a datagram should cost. */
export class Neighbourhood {
  readonly #now: () => number;
  #networks: BlockList = new BlockList();
  #readAt: number = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether an address may well have sent a multicast datagram, and can be dialled: a link-local one cannot without its zone. */
  includes(address: string): boolean {
    const family = isIP(address);
    if (family === 0 || (family === 6 && isLinkLocal(address))) return false;
    const now = this.#now();
    if (now - this.#readAt >= FRESH_MS) {
      this.#readAt = now;
      this.#networks = networks();
    }
    return this.#networks.check(address, family === 4 ? 'ipv4' : 'ipv6');
  }
}

function networks(): BlockList {
  const list = new BlockList();
  for (const { cidr, address } of Object.values(networkInterfaces()).flatMap((own) => own ?? [])) {
    const bits = Number(cidr?.split('/')[1]);
    if (cidr !== null) list.addSubnet(address, bits, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
