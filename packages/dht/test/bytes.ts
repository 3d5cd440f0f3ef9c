// Bytes as specifications write them.
import { fromHex } from '@shoal/primitives';

/** One byte a character. */
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
export const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
export const hex = (digits: string): Uint8Array => fromHex(digits.replace(/\s/g, '')) as Uint8Array;
