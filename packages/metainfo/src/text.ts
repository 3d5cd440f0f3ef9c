// Text from strangers: read leniently, made fit to print. Says when it had to change something.
import { type BencodeDict, type BencodeValue, textOf } from '@shoal/bencode';

const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });

/** Overrides, embeddings, isolates and marks that make text read differently from what it says. */
export const BIDI: RegExp = /\p{Bidi_Control}/gu;

/**
 * A byte string as a name: where it is not UTF-8, half a surrogate pair stands for what is not, which no real name holds
 * and `safeName` always changes. Undefined where the value is no byte string.
 */
export function rawNameOf(value: BencodeValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  return textOf(value) ?? LENIENT.decode(value).replaceAll('\ufffd', '\udfff');
}

/** The text under `KEY.utf-8` where that is valid, else under `KEY`; null where there is none. Without control characters and bidi controls. */
export function plainTextAt(dict: BencodeDict, key: string): string | null {
  const value = dict.get(key);
  const text =
    textOf(dict.get(`${key}.utf-8`)) ??
    textOf(value) ??
    (value instanceof Uint8Array ? LENIENT.decode(value) : undefined);
  return text === undefined ? null : plainText(text);
}

/** Without control characters and bidi controls; line ends and tabs stay. */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROLS_BUT_LAYOUT, '').replace(BIDI, '');
}

/** Text inside a message: quoted, cut, and with everything unprintable spelled out. */
export function quoted(text: string): string {
  const cut = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return JSON.stringify(cut).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const CONTROLS_BUT_LAYOUT = /(?![\t\n])\p{Cc}/gu;
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
