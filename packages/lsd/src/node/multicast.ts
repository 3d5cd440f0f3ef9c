// The sockets of local discovery: one a family that hears the group on every interface, and one an interface that speaks,
// since the way out is a property of the socket. Invariants: an interface that fails does not keep the others from working;
// nothing throws once it is open; interfaces that come up later are joined before the next datagram leaves.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { LSD_GROUPS } from '../announcement.ts';
import type { LsdMembership, LsdNetwork } from '../contract.ts';
import { LsdError } from '../errors.ts';
import { type Link, listLinks, Neighbourhood } from './links.ts';

/** Where datagrams go, and how far. */
export interface MulticastOptions {
  /** Names of interfaces, such as `eth0`. Default: all of them, loopback too, for other clients on this machine. */
  readonly interfaces?: readonly string[];
  /** Networks a datagram may cross, 1 to 255. Default 4: the groups are wider than one link (BEP 14). */
  readonly ttl?: number;
}

interface Speaker {
  readonly link: Link;
  readonly socket: Socket;
  /** Of the last datagram. */
  fault: string | null;
}

type OnDatagram = (bytes: Uint8Array, from: string) => void;

export class Multicast implements LsdNetwork {
  readonly #options: MulticastOptions;

  /** Throws RangeError for a ttl that is none. */
  constructor(options: MulticastOptions = {}) {
    const { ttl = 4 } = options;
    if (!Number.isInteger(ttl) || ttl < 1 || ttl > 255) throw new RangeError(`ttl is 1 to 255, not ${ttl}`);
    this.#options = options;
  }

  async open(onDatagram: OnDatagram): Promise<LsdMembership> {
    const membership = new Membership(this.#options, onDatagram);
    await membership.refresh();
    if (membership.works) return membership;
    await membership.close();
    throw new LsdError('ERR_LSD_MULTICAST', `no multicast: ${membership.faults() || 'no interface has an address'}`);
  }
}

class Membership implements LsdMembership {
  readonly #names: readonly string[] | undefined;
  readonly #ttl: number;
  readonly #onDatagram: OnDatagram;
  readonly #listeners: Map<4 | 6, Socket> = new Map();
  readonly #speakers: Map<string, Speaker> = new Map();
  /** Why an interface has no speaker. */
  readonly #refused: Map<string, { readonly link: Link; readonly fault: string }> = new Map();
  readonly #neighbourhood: Neighbourhood = new Neighbourhood(() => performance.now());
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  constructor({ interfaces, ttl = 4 }: MulticastOptions, onDatagram: OnDatagram) {
    this.#names = interfaces;
    this.#ttl = ttl;
    this.#onDatagram = onDatagram;
  }

  get works(): boolean {
    return this.#speakers.size > 0;
  }

  /** A family that nothing is heard or said in, though an interface to the outside has an address of it. */
  warning(): string | null {
    const faults = this.#all().filter(
      ({ link, fault }) => fault !== null && !link.internal && !this.#isAlive(link.family),
    );
    return faults.length === 0 ? null : inWords(faults);
  }

  faults(): string {
    return inWords(this.#all());
  }

  send(family: 4 | 6, bytes: Uint8Array): void {
    void this.refresh().then(() => {
      for (const speaker of this.#speakers.values()) {
        if (speaker.link.family !== family || this.#isClosed) continue;
        const { address, port } = LSD_GROUPS[family];
        speaker.socket.send(bytes, port, address, (error) => {
          speaker.fault = error ? reasonOf(error) : null;
        });
      }
    });
  }

  /** Joins on interfaces that are new, and lets go of those that are gone. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#refreshing;
    const sockets = [...this.#listeners.values(), ...[...this.#speakers.values()].map(({ socket }) => socket)];
    this.#listeners.clear();
    this.#speakers.clear();
    await Promise.all(sockets.map(closed));
  }

  async #refresh(): Promise<void> {
    const links = new Map(listLinks(this.#names).map((link) => [`${link.name} ${link.address}`, link]));
    for (const [key, { socket }] of this.#speakers) {
      if (links.has(key)) continue;
      this.#speakers.delete(key);
      await closed(socket);
    }
    for (const key of this.#refused.keys()) if (!links.has(key)) this.#refused.delete(key);
    for (const [key, link] of links) {
      if (this.#speakers.has(key) || this.#isClosed) continue;
      try {
        await this.#listen(link);
        this.#speakers.set(key, { link, socket: await this.#speak(link), fault: null });
        this.#refused.delete(key);
      } catch (error) {
        this.#refused.set(key, { link, fault: reasonOf(error) });
      }
    }
  }

  async #listen(link: Link): Promise<void> {
    const { family } = link;
    const { address, port } = LSD_GROUPS[family];
    let socket = this.#listeners.get(family);
    if (!socket) {
      // Bound to the group itself nothing else can arrive; Windows knows no such thing.
      const bindTo = process.platform === 'win32' ? undefined : address;
      socket = await bound(family, port, bindTo);
      this.#listeners.set(family, socket);
      socket.on('message', (bytes: Uint8Array, from: RemoteInfo) => {
        // A plain view: a Buffer's methods answer Buffers.
        const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
        if (!this.#isClosed && this.#neighbourhood.includes(from.address)) this.#onDatagram(plain, from.address);
      });
    }
    try {
      socket.addMembership(address, link.interface);
    } catch (error) {
      // Joined already, with another address of the same interface.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }

  async #speak({ family, address, interface: link }: Link): Promise<Socket> {
    const socket = await bound(family, 0, address);
    try {
      socket.setMulticastInterface(link);
      socket.setMulticastTTL(this.#ttl);
      // Other clients on this machine are neighbours too; our own words are known by their cookie.
      socket.setMulticastLoopback(true);
      return socket;
    } catch (error) {
      await closed(socket);
      throw error;
    }
  }

  #all(): { readonly link: Link; readonly fault: string | null }[] {
    return [...this.#speakers.values(), ...this.#refused.values()];
  }

  #isAlive(family: 4 | 6): boolean {
    return [...this.#speakers.values()].some(({ link, fault }) => link.family === family && fault === null);
  }
}

/** Bound, and without an error that could end the process. */
async function bound(family: 4 | 6, port: number, address: string | undefined): Promise<Socket> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', reuseAddr: true, ipv6Only: family === 6 });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // In a cluster each process has its own.
      socket.bind({ port, exclusive: true, ...(address === undefined ? {} : { address }) }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    await closed(socket);
    throw error;
  }
  // A datagram that cannot be sent or received is one that is lost.
  socket.on('error', () => undefined);
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function inWords(faults: readonly { readonly link: Link; readonly fault: string | null }[]): string {
  return faults.map(({ link, fault }) => `IPv${link.family} on ${link.name}: ${fault ?? 'works'}`).join('; ');
}
