// A torrent that wants or has a dictionary, scripted peers on connections without a wire, and real wires between two
// torrents; time is the test's.
import { createHash } from 'node:crypto';
import { type BencodeInput, encode } from '@shoal/bencode';
import { bytesEqual, InfoHash } from '@shoal/primitives';
import {
  decodeExtendedHandshake,
  type ExtendedHandshake,
  type Extension,
  type ExtensionContext,
  Wire,
} from '@shoal/wire';
import {
  type AttachedMetadata,
  decodeMetadataMessage,
  encodeData,
  type MetadataMessage,
  type MetadataProgress,
  type MetadataTorrent,
  PIECE_LENGTH,
  UtMetadata,
  type UtMetadataOptions,
} from '../src/index.ts';
import type { MetadataExchange } from '../src/metadata-exchange.ts';

export const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** A dictionary of about so many bytes; different salts give different ones of the same length. */
export function dictionary(size: number, salt = 0): Uint8Array {
  const pieces = Uint8Array.from(
    { length: Math.max(0, size - 60) },
    (_, index) => (index * 31 + (index >> 8) + salt) & 0xff,
  );
  return encode({ length: 1, name: 'a', 'piece length': 16_384, pieces });
}

export class TestTorrent implements MetadataTorrent {
  readonly hashes: readonly InfoHash[];
  private: boolean;
  readonly offered: Uint8Array[] = [];
  #info: Uint8Array | undefined;

  constructor(options: { of: Uint8Array; has?: boolean; private?: boolean; v2?: boolean }) {
    const v2 = [new InfoHash(sha256(options.of))];
    this.hashes = options.v2 ? v2 : [new InfoHash(sha1(options.of))];
    this.#info = options.has ? options.of : undefined;
    this.private = options.private ?? false;
  }

  info(): Uint8Array | undefined {
    return this.#info;
  }

  offerMetadata(info: Uint8Array): void {
    this.offered.push(info);
  }

  /** Whether the right dictionary was offered, once. */
  has(info: Uint8Array): boolean {
    return this.offered.length === 1 && bytesEqual(this.offered[0] as Uint8Array, info);
  }

  provide(info: Uint8Array): void {
    this.#info = info;
  }
}

/** One side of one connection, its other side being the test. */
export class ScriptedPeer {
  readonly sent: MetadataMessage[] = [];
  readonly faults: string[] = [];
  readonly extension: Extension;
  unsent = 0;
  #isOver = false;
  #handshake: ExtendedHandshake | undefined;

  constructor(attached: AttachedMetadata, address: string) {
    const isMet = (): boolean => this.#handshake?.extensions.has('ut_metadata') === true;
    const unsent = (): number => this.unsent;
    const context: ExtensionContext = {
      get peerSupports(): boolean {
        return isMet();
      },
      get unsent(): number {
        return unsent();
      },
      send: (payload) => {
        if (!isMet() || this.#isOver) return false;
        this.sent.push(structuredClone(decodeMetadataMessage(payload)) as MetadataMessage);
        return true;
      },
      fault: (message) => {
        this.faults.push(message);
        this.close();
      },
    };
    const factory = attached.connect({ address });
    if (!factory) throw new Error('the torrent is private');
    this.extension = factory(context);
  }

  /** The numbers of the pieces that it was asked for since the last look. */
  asked(): number[] {
    return this.sent.splice(0).flatMap((message) => (message.type === 'request' ? [message.piece] : []));
  }

  meet(size?: BencodeInput, id = 1, client?: string): void {
    const dictionary = { m: { ut_metadata: id }, metadata_size: size, v: client };
    this.#handshake = decodeExtendedHandshake(encode(dictionary), this.#handshake);
    this.extension.onHandshake?.(this.#handshake);
  }

  say(message: { msg_type: number; piece: number }, now: number): void {
    if (!this.#isOver) this.extension.onMessage(encode(message), now);
  }

  give(info: Uint8Array, piece: number, now: number, totalSize: number = info.length): void {
    const data = info.slice(piece * PIECE_LENGTH, (piece + 1) * PIECE_LENGTH);
    const payload = encodeData(piece, totalSize, data);
    if (!this.#isOver) this.extension.onMessage(payload, now);
    payload.fill(0xee);
  }

  /** Answers everything it is asked for, from `info`. */
  serve(info: Uint8Array, now: number): number {
    let served = 0;
    for (let asked = this.asked(); asked.length > 0; asked = this.asked()) {
      for (const piece of asked) {
        this.give(info, piece, now);
        served++;
      }
    }
    return served;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.extension.onClose?.();
  }
}

export interface Scene {
  readonly torrent: TestTorrent;
  readonly attached: AttachedMetadata;
  readonly progress: MetadataProgress[];
  peer(address: string, size?: BencodeInput): ScriptedPeer;
  check(): void;
}

export function scene(torrent: TestTorrent, options: Partial<UtMetadataOptions> = {}): Scene {
  const progress: MetadataProgress[] = [];
  const onProgress = (news: MetadataProgress): void => void progress.push(news);
  const attached = new UtMetadata({ sha1, sha256, onProgress, ...options }).attach(torrent);
  return {
    torrent,
    attached,
    progress,
    peer: (address, size) => {
      const peer = new ScriptedPeer(attached, address);
      if (size !== undefined) peer.meet(size);
      return peer;
    },
    check: () => (attached as MetadataExchange).checkInvariants(),
  };
}

/** Everything that promises have to settle. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Two real wires between two torrents; `carry` moves bytes until both are silent. */
export function wires(
  one: AttachedMetadata,
  two: AttachedMetadata,
): { dial: Wire; accept: Wire; carry(now: number): void } {
  const infoHash = new Uint8Array(20).fill(7);
  const extensions = (attached: AttachedMetadata) => {
    const factory = attached.connect({ address: '192.0.2.1:6881' });
    return factory ? [factory] : [];
  };
  const peerId = (byte: number): Uint8Array => new Uint8Array(20).fill(byte);
  const dial = new Wire({ role: 'dial', now: 0, infoHash, peerId: peerId(1), extensions: extensions(one) });
  const accept = new Wire({ role: 'accept', now: 0 });
  const move = (from: Wire, to: Wire, now: number): void => {
    for (const bytes of from.takeOutput()) {
      to.receive(bytes, now);
      for (let event = to.poll(); event !== undefined; event = to.poll()) {
        if (event.type === 'handshake' && to === accept) {
          accept.accept({ infoHash, peerId: peerId(2), extensions: extensions(two) });
        }
      }
    }
  };
  const carry = (now: number): void => {
    for (const wire of [dial, accept]) wire.tick(now);
    while (dial.outputBytes + accept.outputBytes > 0) {
      move(dial, accept, now);
      move(accept, dial, now);
    }
  };
  return { dial, accept, carry };
}
