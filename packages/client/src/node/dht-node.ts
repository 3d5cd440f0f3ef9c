// The client's DHT node (BEP 5) on its UDP port: what it knows of the net is kept between runs, and peers that have a node are
// heard. It bears a new id in each run, since several clients may share one state folder and two nodes may not share an id.
import { randomBytes } from 'node:crypto';
import { DhtPeerSource, type PeerFinder } from '@shoal/dht';
import { createDht, type DhtService } from '@shoal/dht/node';
import type { PeerSource, StateStore } from '@shoal/session';
import { DHT_ROUTERS, type DhtOptions } from './dht-options.ts';
import { nodeClock, nodeRandom } from './platform.ts';
import { UdpPort } from './udp-port.ts';

const STATE_KEY = 'dht';
/** Every message of the DHT is a bencoded dictionary. */
const DICTIONARY = 0x64;
const ID_LENGTH = 20;
/** What entering the net may take before it is asked all the same. */
const ENTER_MS = 3_000;

export interface ClientDhtOptions extends DhtOptions {
  readonly stateStore: StateStore | undefined;
  /** Tried first. */
  readonly port: number;
  readonly bind: string | undefined;
}

export class ClientDht implements PeerFinder {
  readonly service: DhtService;
  readonly #udp: UdpPort;
  readonly #stateStore: StateStore | undefined;
  readonly #entered: Promise<void>;
  #stopWaiting = (): void => undefined;

  private constructor(udp: UdpPort, service: DhtService, stateStore: StateStore | undefined) {
    this.#udp = udp;
    this.service = service;
    this.#stateStore = stateStore;
    // For a while: without the net the lookup says that no node answered.
    const wait = nodeClock.setTimer(() => this.#stopWaiting(), ENTER_MS);
    this.#entered = new Promise((resolve) => {
      this.#stopWaiting = () => {
        wait.cancel();
        resolve();
      };
    });
    void service.whenReady().then(() => this.#stopWaiting());
    udp.route(DICTIONARY, (bytes, from) => service.receive(bytes, from));
  }

  /** Rejects with the system's error where there is no UDP port to be had. */
  static async start(options: ClientDhtOptions): Promise<ClientDht> {
    const { stateStore, port, bind, bootstrap = DHT_ROUTERS } = options;
    const state = await stateStore?.load(STATE_KEY).catch(() => undefined);
    const udp = await UdpPort.bind({ port, ...(bind === undefined ? {} : { bind }) });
    const common = {
      sockets: Object.fromEntries(udp.families.map((family) => [family, udp])),
      ids: { 4: newId(), 6: newId() },
      bootstrap,
    };
    return new ClientDht(udp, begin(common, state), stateStore);
  }

  /** UDP. */
  get port(): number {
    return this.#udp.port;
  }

  /** For one torrent. */
  source(): PeerSource {
    return new DhtPeerSource({ dht: this, clock: nodeClock, random: () => nodeRandom.number() }) satisfies PeerSource;
  }

  /** As the service's own, once the net is entered: who asks before that finds nobody. */
  async *peers(...args: Parameters<PeerFinder['peers']>): ReturnType<PeerFinder['peers']> {
    await this.#entered;
    return yield* this.service.peers(...args);
  }

  addNode(address: string): void {
    // A name that leads nowhere is no loss.
    this.service.addNode(address).catch(() => undefined);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#stopWaiting();
    const state = this.service.save();
    await this.service.close();
    await Promise.all([this.#udp.close(), this.#stateStore?.save(STATE_KEY, state).catch(() => undefined)]);
  }
}

/** A state that cannot be read is no loss either: the net is entered as at first. */
function begin(common: Parameters<typeof createDht>[0], state: Uint8Array | undefined): DhtService {
  try {
    return createDht({ ...common, state });
  } catch (error) {
    if (state === undefined) throw error;
    return createDht(common);
  }
}

function newId(): Uint8Array {
  return new Uint8Array(randomBytes(ID_LENGTH));
}
