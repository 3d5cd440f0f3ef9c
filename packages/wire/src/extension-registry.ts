// The extensions of one connection: gives out our ids (1, 2, ... in the order of the factories), keeps the peer's, and
// stands between extensions and the connection, so that nothing an extension throws gets past it.
import type { BencodeInput } from '@shoal/bencode';
import { WireError } from './errors.ts';
import { decodeExtendedHandshake, encodeExtendedHandshake } from './extended-handshake.ts';
import type { ExtendedHandshake, Extension, ExtensionFactory, OwnExtendedHandshake } from './extension.ts';
import type { WireLimits } from './limits.ts';
import { encodeExtended } from './message.ts';

/** What the registry needs of its connection. */
export interface ExtensionHost {
  isOpen(): boolean;
  /** Queues one whole message. */
  send(message: Uint8Array): void;
  fault(error: WireError): void;
}

/** All extensions of a connection. */
export class ExtensionRegistry {
  /** The peer's handshake as amended so far. */
  peer: ExtendedHandshake | undefined;
  readonly #host: ExtensionHost;
  readonly #limits: WireLimits;
  readonly #extensions: Extension[] = [];
  readonly #ids: Map<string, number> = new Map();

  /** Makes every extension. Throws TypeError for two of one name, or a name that is none. */
  constructor(host: ExtensionHost, limits: WireLimits, factories: readonly ExtensionFactory[]) {
    this.#host = host;
    this.#limits = limits;
    for (const factory of factories) this.#add(factory);
  }

  /** Sends our extended handshake, the first or an amended one. */
  sendHandshake(own: OwnExtendedHandshake): void {
    const fields: Record<string, BencodeInput> = {};
    for (const extension of this.#extensions) {
      this.#guard(extension, () => Object.assign(fields, extension.handshake?.()));
    }
    const complete = { reqq: Math.max(1, this.#limits.queuedRequests), ...own };
    if (this.#host.isOpen()) this.#host.send(encodeExtended(0, encodeExtendedHandshake(this.#ids, complete, fields)));
  }

  /** Takes the payload of message 20. Answers the handshake if it was one. Throws WireError. */
  receive(payload: Uint8Array, now: number): ExtendedHandshake | undefined {
    const id = payload[0] as number;
    const body = payload.subarray(1);
    if (id === 0) return this.#receiveHandshake(body);
    // An id that we never gave out is ignored: there is nobody whom it could harm.
    const extension = this.#extensions[id - 1];
    if (extension) this.#guard(extension, () => extension.onMessage(body, now));
    return undefined;
  }

  tick(now: number): void {
    for (const extension of this.#extensions) {
      if (extension.onTick) this.#guard(extension, () => extension.onTick?.(now));
    }
  }

  nextWake(): number {
    let wake = Number.POSITIVE_INFINITY;
    for (const extension of this.#extensions) {
      if (extension.nextWake) this.#guard(extension, () => (wake = Math.min(wake, extension.nextWake?.() ?? wake)));
    }
    return wake;
  }

  close(): void {
    for (const extension of this.#extensions) this.#guard(extension, () => extension.onClose?.());
  }

  #add(factory: ExtensionFactory): void {
    const host = this.#host;
    const limits = this.#limits;
    let made: Extension | undefined;
    const peerId = (): number | undefined => made && this.peer?.extensions.get(made.name);
    const context = {
      get peerSupports(): boolean {
        return peerId() !== undefined;
      },
      send: (payload: Uint8Array): boolean => {
        if (payload.length > limits.extendedLength) {
          throw new RangeError(`an extended message has at most ${limits.extendedLength} bytes, not ${payload.length}`);
        }
        const id = peerId();
        if (id === undefined || !host.isOpen()) return false;
        host.send(encodeExtended(id, payload));
        return true;
      },
      fault: (message: string): void => {
        host.fault(new WireError('ERR_WIRE_EXTENSION', `${made?.name ?? 'an extension'}: ${message}`));
      },
    };
    try {
      made = factory(context);
    } catch (error) {
      host.fault(failure('an extension', error));
      return;
    }
    const extension = made;
    if (!/^[\x21-\x7e]{1,64}$/.test(extension.name)) {
      throw new TypeError(`not a name for an extension: ${JSON.stringify(extension.name)}`);
    }
    if (this.#ids.has(extension.name)) throw new TypeError(`two extensions are named ${extension.name}`);
    if (this.#extensions.length === 255) throw new TypeError('there are ids for 255 extensions');
    this.#extensions.push(extension);
    this.#ids.set(extension.name, this.#extensions.length);
  }

  #receiveHandshake(body: Uint8Array): ExtendedHandshake {
    if (body.length > this.#limits.extendedHandshakeLength) {
      throw new WireError(
        'ERR_WIRE_LENGTH',
        `an extended handshake has at most ${this.#limits.extendedHandshakeLength} bytes, not ${body.length}`,
      );
    }
    const peer = decodeExtendedHandshake(body, this.peer);
    this.peer = peer;
    for (const extension of this.#extensions) this.#guard(extension, () => extension.onHandshake?.(peer));
    return peer;
  }

  #guard(extension: Extension, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#host.fault(failure(extension.name, error));
    }
  }
}

function failure(name: string, error: unknown): WireError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WireError('ERR_WIRE_EXTENSION', `${name} failed: ${reason}`, { cause: error });
}
