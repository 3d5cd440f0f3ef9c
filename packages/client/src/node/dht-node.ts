// The client's DHT node (BEP 5): what it knows of the net is kept between runs, and peers that have a node are heard. It bears a
// new id in each run, since several clients may share one state folder and two nodes may not share an id.
import { randomBytes } from 'node:crypto';
import { DhtError, DhtPeerSource, type PeerFinder } from '@shoal/dht';
import { type BindOptions, type BoundDht, bindDht } from '@shoal/dht/node';
import type { PeerSource, StateStore } from '@shoal/session';
import { DHT_ROUTERS, type DhtOptions } from './dht-options.ts';
import { nodeClock, nodeRandom } from './platform.ts';

const STATE_KEY = 'dht';
const ID_LENGTH = 20;
/** What entering the net may take before it is asked all the same: then the lookup says that no node answered. */
const ENTER_MS = 3_000;

export interface ClientDhtOptions extends DhtOptions {
  readonly stateStore: StateStore | undefined;
  /** UDP; tried first, so that the number is that of the TCP port. Where it is taken, the system chooses. */
  readonly port: number;
  readonly bind: string | undefined;
}

export class ClientDht implements PeerFinder {
  readonly #node: BoundDht;
  readonly #stateStore: StateStore | undefined;
  readonly #entered: Promise<void>;

  private constructor(node: BoundDht, stateStore: StateStore | undefined) {
    this.#node = node;
    this.#stateStore = stateStore;
    this.#entered = node.whenReady({ signal: AbortSignal.timeout(ENTER_MS) }).catch(() => undefined);
  }

  /** Rejects with the system's error where there is no UDP port to be had. */
  static async start(options: ClientDhtOptions): Promise<ClientDht> {
    const { stateStore, port, bind: host, bootstrap = DHT_ROUTERS } = options;
    const state = await stateStore?.load(STATE_KEY).catch(() => undefined);
    const bindAt = (number: number): Promise<BoundDht> =>
      bindWith({ host, port: number, bootstrap, ids: { 4: newId(), 6: newId() } }, state);
    const node = await bindAt(port).catch((error: unknown) => {
      if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      return bindAt(0);
    });
    return new ClientDht(node, stateStore);
  }

  /** UDP, the same in both families. */
  get port(): number {
    return this.#node.endpoints[0]?.port ?? 0;
  }

  /** For one torrent. */
  source(): PeerSource {
    return new DhtPeerSource({ dht: this, clock: nodeClock, random: () => nodeRandom.number() }) satisfies PeerSource;
  }

  /** As the node's own, once the net is entered: who asks before that finds nobody. */
  async *peers(...args: Parameters<PeerFinder['peers']>): ReturnType<PeerFinder['peers']> {
    await this.#entered;
    return yield* this.#node.peers(...args);
  }

  addNode(address: string): void {
    // A name that leads nowhere is no loss.
    this.#node.addNode(address).catch(() => undefined);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    const state = this.#node.save();
    await Promise.all([this.#node.close(), this.#stateStore?.save(STATE_KEY, state).catch(() => undefined)]);
  }
}

/** A state that cannot be read is no loss either: the net is entered as at first. */
async function bindWith(options: BindOptions, state: Uint8Array | undefined): Promise<BoundDht> {
  try {
    return await bindDht({ ...options, state });
  } catch (error) {
    if (!(error instanceof DhtError)) throw error;
    return bindDht(options);
  }
}

function newId(): Uint8Array {
  return new Uint8Array(randomBytes(ID_LENGTH));
}
