// The query of an announce or scrape as it arrives at a tracker: raw bytes, because an info-hash is no text.
import { keyFromBytes } from '@shoal/bencode';
import { percentDecode } from './percent.ts';

const MAX_PARAMETERS = 120;

export class Query {
  readonly #values: Map<string, Uint8Array[]>;

  private constructor(values: Map<string, Uint8Array[]>) {
    this.#values = values;
  }

  /** Undefined where a `%` is not followed by two hexadecimal digits or there are more than 120 parameters. */
  static parse(text: string): Query | undefined {
    const values = new Map<string, Uint8Array[]>();
    const pairs = text.split('&', MAX_PARAMETERS + 1);
    if (pairs.length > MAX_PARAMETERS) return undefined;
    for (const pair of pairs) {
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      const name = percentDecode(equals < 0 ? pair : pair.slice(0, equals));
      const value = percentDecode(equals < 0 ? '' : pair.slice(equals + 1));
      if (!name || !value) return undefined;
      const key = keyFromBytes(name);
      const known = values.get(key);
      if (known) known.push(value);
      else values.set(key, [value]);
    }
    return new Query(values);
  }

  /** The first value of that name. */
  bytes(name: string): Uint8Array | undefined {
    return this.#values.get(name)?.[0];
  }

  all(name: string): readonly Uint8Array[] {
    return this.#values.get(name) ?? [];
  }

  /** One character a byte. */
  text(name: string): string | undefined {
    const bytes = this.bytes(name);
    return bytes && keyFromBytes(bytes);
  }

  /** A whole number; NaN for anything else, undefined where the parameter is missing or empty. */
  whole(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined || text === '') return undefined;
    return /^-?\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
  }
}
