// A network in memory: everybody in it hears everybody, themselves too, after a millisecond of virtual time.
import type { SimClock } from '@shoal/testkit';
import { LocalDiscovery, type LsdMembership, type LsdNetwork, type LsdTorrent } from '../src/index.ts';

export class FakeNetwork {
  /** Why nobody can join, as long as it is set. */
  fault: string | undefined;
  warning: string | null = null;
  sent = 0;
  readonly #clock: SimClock;
  readonly #members: Map<object, (bytes: Uint8Array, from: string) => void> = new Map();

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  get members(): number {
    return this.#members.size;
  }

  at(address: string): LsdNetwork {
    return {
      open: async (onDatagram) => {
        if (this.fault !== undefined) throw new Error(this.fault);
        const membership: LsdMembership = {
          warning: () => this.warning,
          send: (family, bytes) => {
            if (family === 6) return;
            this.sent++;
            const copy = bytes.slice();
            this.#clock.setTimer(() => {
              for (const hear of [...this.#members.values()]) hear(copy, address);
            }, 1);
          },
          close: async () => void this.#members.delete(membership),
        };
        this.#members.set(membership, onDatagram);
        return membership;
      },
    };
  }

  client(address: string, clock: SimClock = this.#clock): LocalDiscovery {
    return new LocalDiscovery({ clock, network: this.at(address), cookie: address });
  }
}

export interface FakeTorrent extends LsdTorrent {
  readonly offered: string[];
  changes: number;
}

export function torrentOf(options: { port?: number; hash?: number; private?: boolean } = {}): FakeTorrent {
  const torrent: FakeTorrent = {
    infoHash: new Uint8Array(20).fill(options.hash ?? 0x11),
    private: options.private ?? false,
    port: () => options.port ?? 6_881,
    offered: [],
    changes: 0,
    offerPeers: (addresses) => void torrent.offered.push(...addresses),
    statusChanged: () => void torrent.changes++,
  };
  return torrent;
}
