// One torrent with its peers, each on a connection whose other end is the test; time is the test's.
import { type BencodeInput, encode } from '@shoal/bencode';
import { decodeExtendedHandshake, type ExtendedHandshake, type Extension, type ExtensionContext } from '@shoal/wire';
import {
  type AttachedPex,
  decodePexMessage,
  encodePexMessage,
  type PexContact,
  type PexMessage,
  type PexPeerInfo,
  type PexTorrent,
  UtPex,
} from '../src/index.ts';

export class TestPeer {
  readonly sent: PexMessage[] = [];
  readonly faults: string[] = [];
  readonly extension: Extension;
  #isOver = false;
  #handshake: ExtendedHandshake | undefined;

  constructor(attached: AttachedPex, info: PexPeerInfo) {
    const isMet = (): boolean => this.#handshake?.extensions.has('ut_pex') === true;
    const context: ExtensionContext = {
      unsent: 0,
      get peerSupports(): boolean {
        return isMet();
      },
      send: (payload) => {
        if (!isMet() || this.#isOver) return false;
        this.sent.push(decodePexMessage(payload));
        return true;
      },
      fault: (message) => void this.faults.push(message),
    };
    const factory = attached.connect(info);
    if (!factory) throw new Error('the torrent is private');
    this.extension = factory(context);
  }

  meet(fields: Record<string, BencodeInput> = {}): this {
    this.#handshake = decodeExtendedHandshake(encode({ m: { ut_pex: 1 }, ...fields }), this.#handshake);
    this.extension.onHandshake?.(this.#handshake);
    return this;
  }

  /** Addresses in what it was told since the last look. */
  told(now: number): { added: string[]; dropped: string[] } {
    this.extension.onTick?.(now);
    const text = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;
    const [message = { added: [], dropped: [] }] = this.sent.splice(0);
    return { added: message.added.map(text), dropped: message.dropped.map(text) };
  }

  says(added: readonly (Partial<PexContact> & { host: string })[], now: number): void {
    const contacts = added.map((contact) => ({ port: 6881, flags: 0, ...contact }));
    this.extension.onMessage(encodePexMessage({ added: contacts, dropped: [] }), now);
  }

  close(): void {
    this.#isOver = true;
    this.extension.onClose?.();
  }
}

export class TestTorrent implements PexTorrent {
  private = false;
  readonly offered: string[] = [];
  own: string[] = [];
  readonly #attached: AttachedPex = new UtPex().attach(this);
  readonly #peers: Map<TestPeer, PexPeerInfo> = new Map();

  peers(): readonly PexPeerInfo[] {
    return [...this.#peers.values()];
  }

  offerPeers(addresses: readonly string[]): void {
    this.offered.push(...addresses);
  }

  ownAddresses(): readonly string[] {
    return this.own;
  }

  /** A peer that we dialled. */
  dial(address: string, more: Partial<PexPeerInfo> = {}): TestPeer {
    return this.#add({ address, outgoing: true, ...more });
  }

  /** A peer that dialled us. */
  accept(address: string): TestPeer {
    return this.#add({ address, outgoing: false });
  }

  leave(peer: TestPeer): void {
    this.#peers.delete(peer);
    peer.close();
  }

  /** A session that forgot to tell the connection's extensions. */
  lose(peer: TestPeer): void {
    this.#peers.delete(peer);
  }

  #add(info: PexPeerInfo): TestPeer {
    const peer = new TestPeer(this.#attached, info);
    this.#peers.set(peer, info);
    return peer;
  }

  connect(info: PexPeerInfo): ReturnType<AttachedPex['connect']> {
    return this.#attached.connect(info);
  }
}
