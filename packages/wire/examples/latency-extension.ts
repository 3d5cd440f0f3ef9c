import { type Extension, type ExtensionContext, Wire } from '@shoal/wire';

const EVERY_MS = 10_000;
const [PING, PONG] = [0, 1];
/** Kind and number. */
const LENGTH = 5;

/** Measures the time to a peer and back: every 10 s it sends a numbered ping, which the other side answers at once. */
export class Latency implements Extension {
  readonly name = 'x_latency';
  /** Of the last ping that was answered. */
  roundTripMs: number | undefined;
  readonly #context: ExtensionContext;
  #number = 0;
  /** When the ping under way left. */
  #sentAt: number | undefined;
  #due = 0;

  constructor(context: ExtensionContext) {
    this.#context = context;
  }

  /** There is no timer in an extension: it says when it wants to be called. */
  nextWake(): number {
    return this.#context.peerSupports ? this.#due : Number.POSITIVE_INFINITY;
  }

  onTick(now: number): void {
    if (now < this.#due || !this.#context.send(message(PING, ++this.#number))) return;
    this.#due = now + EVERY_MS;
    this.#sentAt = now;
  }

  onMessage(payload: Uint8Array, now: number): void {
    const kind = payload[0];
    if (payload.length !== LENGTH || (kind !== PING && kind !== PONG)) {
      this.#context.fault(`${payload.length} bytes of kind ${kind} are neither ping nor pong`);
      return;
    }
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(1);
    if (kind === PING) {
      this.#context.send(message(PONG, number));
    } else if (number === this.#number && this.#sentAt !== undefined) {
      // A pong to an older ping, or a second one, says nothing.
      this.roundTripMs = now - this.#sentAt;
      this.#sentAt = undefined;
    }
  }
}

function message(kind: number, number: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, number);
  return bytes;
}

/** Two peers 40 ms apart, on a clock of our own. Answers the round trip in milliseconds. */
export async function run(): Promise<number | undefined> {
  const infoHash = new Uint8Array(20).fill(0xab);
  let latency: Latency | undefined;
  const dial = new Wire({
    role: 'dial',
    now: 0,
    infoHash,
    peerId: new Uint8Array(20).fill(1),
    extensions: [
      (context) => {
        latency = new Latency(context);
        return latency;
      },
    ],
  });
  const accept = new Wire({ role: 'accept', now: 0 });

  let now = 0;
  const carry = (from: Wire, to: Wire): void => {
    const output = from.takeOutput();
    now += 40;
    for (const bytes of output) {
      to.receive(bytes, now);
      for (let event = to.poll(); event !== undefined; event = to.poll()) {
        if (event.type === 'closed') throw event.error;
        if (event.type !== 'handshake' || to !== accept) continue;
        const extensions = [(context: ExtensionContext): Extension => new Latency(context)];
        to.accept({ infoHash: event.infoHash, peerId: new Uint8Array(20).fill(2), extensions });
      }
    }
  };
  while (latency?.roundTripMs === undefined && now < 1_000) {
    if (dial.nextWake() <= now) dial.tick(now);
    carry(dial, accept);
    carry(accept, dial);
  }
  return latency?.roundTripMs;
}
