import { type Extension, type ExtensionContext, type ExtensionFactory, Wire } from '@shoal/wire';

const MOST_BYTES = 1_024;

/** Text between two peers: one message is UTF-8 of at most 1 KiB. */
export class Chat implements Extension {
  readonly name = 'x_chat';
  readonly #context: ExtensionContext;
  readonly #onText: (text: string) => void;

  constructor(context: ExtensionContext, onText: (text: string) => void) {
    this.#context = context;
    this.#onText = onText;
  }

  /** False where the peer does not chat. Throws RangeError for a text that is too long. */
  say(text: string): boolean {
    const payload = new TextEncoder().encode(text);
    if (payload.length > MOST_BYTES) throw new RangeError(`${payload.length} bytes, ${MOST_BYTES} are a message`);
    return this.#context.send(payload);
  }

  /** What comes is the peer's: it is checked before it is used, and what breaks the rules ends the connection. */
  onMessage(payload: Uint8Array): void {
    const text = payload.length <= MOST_BYTES ? decodeText(payload) : undefined;
    if (text === undefined) this.#context.fault(`${payload.length} bytes that are no text of at most ${MOST_BYTES}`);
    else this.#onText(text);
  }
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Ada dials Ben, and they have a word in memory. */
export async function run(): Promise<string[]> {
  const infoHash = new Uint8Array(20).fill(0xab);
  const heard: string[] = [];
  let [adasChat, bensChat]: Chat[] = [];
  const ada: ExtensionFactory = (context) => {
    adasChat = new Chat(context, (text) => heard.push(`Ada hears: ${text}`));
    return adasChat;
  };
  const ben: ExtensionFactory = (context) => {
    bensChat = new Chat(context, (text) => {
      heard.push(`Ben hears: ${text}`);
      bensChat?.say('Hello yourself!');
    });
    return bensChat;
  };

  const dial = new Wire({ role: 'dial', now: 0, infoHash, peerId: new Uint8Array(20).fill(1), extensions: [ada] });
  const accept = new Wire({ role: 'accept', now: 0 });
  const carry = (from: Wire, to: Wire): void => {
    for (const bytes of from.takeOutput()) {
      to.receive(bytes, 0);
      for (let event = to.poll(); event !== undefined; event = to.poll()) {
        if (event.type === 'closed') throw event.error;
        if (event.type === 'handshake' && to === accept) {
          to.accept({ infoHash: event.infoHash, peerId: new Uint8Array(20).fill(2), extensions: [ben] });
        }
        // From here on Ada knows whether Ben chats.
        if (event.type === 'extendedHandshake' && to === dial) adasChat?.say('Hello Ben!');
      }
    }
  };
  while (dial.outputBytes + accept.outputBytes > 0) {
    carry(dial, accept);
    carry(accept, dial);
  }
  return heard;
}
