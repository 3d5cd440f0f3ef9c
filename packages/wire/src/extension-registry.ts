// The extensions of one connection: gives out our ids (1, 2, ... in the order of the factories, then the connection's own
// messages), keeps the peer's, and stands between extensions and the connection, so that nothing an extension throws gets
// past it.
import type { BencodeInput } from '@shoal/bencode';
import { WireError } from './errors.ts';
import type { WireEvent } from './event.ts';
import { decodeExtendedHandshake, encodeExtendedHandshake } from './extended-handshake.ts';
import type { ExtendedHandshake, Extension, ExtensionFactory, OwnExtendedHandshake } from './extension.ts';
import type { WireLimits } from './limits.ts';
import { encodeExtended, readUint32, writeUint32 } from './message.ts';

/** BEP 54. */
const DONT_HAVE = 'lt_donthave';
/** Without a BEP; libtorrent and uTorrent say `upload_only` with it when it changes, in one byte. */
const UPLOAD_ONLY = 'upload_only';
const OWN_MESSAGES: readonly string[] = [DONT_HAVE, UPLOAD_ONLY];
const MOST_EXTENSIONS = 255 - OWN_MESSAGES.length;

/** What the registry needs of its connection. */
export interface ExtensionHost {
  isOpen(): boolean;
  /** Bytes that wait to be sent. */
  unsent(): number;
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
    for (const [index, name] of OWN_MESSAGES.entries()) this.#ids.set(name, this.#extensions.length + 1 + index);
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

  /** Sends BEP 54's message; false where the peer lacks it. */
  sendDontHave(piece: number): boolean {
    const id = this.peer?.extensions.get(DONT_HAVE);
    if (id === undefined) return false;
    const payload = new Uint8Array(4);
    writeUint32(payload, 0, piece);
    this.#host.send(encodeExtended(id, payload));
    return true;
  }

  /** Takes the payload of message 20. Answers what concerns the connection; a piece is not checked. Throws WireError. */
  receive(
    payload: Uint8Array,
    now: number,
  ): Extract<WireEvent, { type: 'extendedHandshake' | 'dontHave' }> | undefined {
    const id = payload[0] as number;
    const body = payload.subarray(1);
    if (id === 0) return { type: 'extendedHandshake', handshake: this.#receiveHandshake(body) };
    const extension = this.#extensions[id - 1];
    if (extension) this.#guard(extension, () => extension.onMessage(body, now));
    else if (id === this.#ids.get(DONT_HAVE)) return { type: 'dontHave', piece: readDontHave(body) };
    else if (id === this.#ids.get(UPLOAD_ONLY)) return this.#receiveUploadOnly(body);
    // An id that we never gave out is ignored: there is nobody whom it could harm.
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
      get unsent(): number {
        return host.unsent();
      },
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
    if (this.#ids.has(extension.name) || OWN_MESSAGES.includes(extension.name))
      throw new TypeError(`two extensions are named ${extension.name}`);
    if (this.#extensions.length === MOST_EXTENSIONS) {
      throw new TypeError(`there are ids for ${MOST_EXTENSIONS} extensions`);
    }
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

  /** Extensions do not hear of it: no handshake came. Another length is ignored, as libtorrent does. */
  #receiveUploadOnly(body: Uint8Array): { type: 'extendedHandshake'; handshake: ExtendedHandshake } | undefined {
    const uploadOnly = body[0] !== 0;
    if (body.length !== 1 || this.peer === undefined || this.peer.uploadOnly === uploadOnly) return undefined;
    this.peer = { ...this.peer, uploadOnly };
    return { type: 'extendedHandshake', handshake: this.peer };
  }

  #guard(extension: Extension, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#host.fault(failure(extension.name, error));
    }
  }
}

function readDontHave(body: Uint8Array): number {
  if (body.length === 4) return readUint32(body, 0);
  throw new WireError('ERR_WIRE_LENGTH', `${DONT_HAVE} has ${body.length} bytes, expected 4`);
}

function failure(name: string, error: unknown): WireError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WireError('ERR_WIRE_EXTENSION', `${name} failed: ${reason}`, { cause: error });
}
