// Who a peer says it is: 20 bytes, new for each torrent (BEP 3), in Azureus style (BEP 20).
import { compareBytes } from './bytes.ts';
import { PrimitivesError } from './errors.ts';
import { toHex } from './hex.ts';

const CLIENTS: Readonly<Record<string, string>> = {
  SH: 'Shoal',
  LT: 'libtorrent',
  lt: 'rTorrent',
  TR: 'Transmission',
  qB: 'qBittorrent',
  UT: 'µTorrent',
  DE: 'Deluge',
  WW: 'WebTorrent',
  WD: 'WebTorrent Desktop',
  AZ: 'Vuze',
  KT: 'KTorrent',
};

/** A peer id of 20 bytes. Immutable; `hex` is its key in maps. */
export class PeerId {
  readonly bytes: Uint8Array;
  /** 40 lower-case digits. */
  readonly hex: string;

  /** Takes a copy of exactly 20 bytes; throws ERR_PEER_ID for any other length. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== 20) throw new PrimitivesError('ERR_PEER_ID', `a peer id has 20 bytes, not ${bytes.length}`);
    this.bytes = Uint8Array.from(bytes);
    this.hex = toHex(bytes);
  }

  /**
   * A new id: the prefix in ASCII (at most 20 characters, e.g. `-SH0100-`), then digits and letters made from
   * `random(n)`, which answers n random bytes.
   */
  static create(prefix: string, random: (length: number) => Uint8Array): PeerId {
    if (prefix.length > 20) throw new RangeError(`a peer id's prefix has at most 20 characters, not ${prefix.length}`);
    const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
    const bytes = new Uint8Array(20);
    for (let i = 0; i < prefix.length; i++) bytes[i] = prefix.charCodeAt(i);
    const noise = random(20 - prefix.length);
    for (let i = 0; i < noise.length; i++) {
      bytes[prefix.length + i] = alphabet.charCodeAt((noise[i] as number) % alphabet.length);
    }
    return new PeerId(bytes);
  }

  /** The client's name and version as far as the id tells (BEP 20), such as `Transmission 3.0.0`; else printable text. */
  get client(): string {
    const text = Array.from(this.bytes, (byte) => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    const azureus = /^-([A-Za-z~]{2})([0-9A-Za-z.]{4})-/.exec(text);
    if (azureus) {
      const [, code = '', version = ''] = azureus;
      const digits = Array.from(version, (digit) => Number.parseInt(digit, 36)).filter((digit) => !Number.isNaN(digit));
      return `${CLIENTS[code] ?? code} ${digits.slice(0, 3).join('.')}`;
    }
    const aria2 = /^A2-(\d+)-(\d+)-(\d+)-/.exec(text);
    if (aria2) return `aria2 ${aria2[1]}.${aria2[2]}.${aria2[3]}`;
    return text;
  }

  equals(other: PeerId): boolean {
    return this.hex === other.hex;
  }

  /** Byte order, the same on both ends of a connection. */
  compare(other: PeerId): number {
    return compareBytes(this.bytes, other.bytes);
  }

  toString(): string {
    return this.hex;
  }
}
