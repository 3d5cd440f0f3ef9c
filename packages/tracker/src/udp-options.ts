// The options behind a UDP announce (BEP 41). One is defined: path and query of the tracker's URL, in runs of 255 bytes.
import { keyFromBytes } from '@shoal/bencode';
import { concatBytes } from '@shoal/primitives';
import { TrackerError } from './errors.ts';

const END_OF_OPTIONS = 0;
const NOP = 1;
const URL_DATA = 2;
/** Bytes; with the announce's 98 they stay within one unfragmented datagram. */
const MAX_URL_DATA = 1_100;

/** Throws TrackerError ERR_TRACKER_URL where it would not fit a datagram. */
export function encodeUrlData(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MAX_URL_DATA) {
    throw new TrackerError(
      'ERR_TRACKER_URL',
      `a UDP tracker's path of ${bytes.length} bytes, at most ${MAX_URL_DATA} fit a datagram`,
    );
  }
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const run = bytes.subarray(at, at + 255);
    parts.push(Uint8Array.of(URL_DATA, run.length), run);
  }
  return concatBytes(parts);
}

/** All URL data in the options, one character a byte; options unknown to us are stepped over, a cut one ends the list. */
export function decodeUrlData(options: Uint8Array): string {
  let text = '';
  for (let at = 0; at < options.length; ) {
    const type = options[at++] as number;
    if (type === END_OF_OPTIONS) break;
    if (type === NOP) continue;
    const length = options[at++];
    if (length === undefined || at + length > options.length) break;
    if (type === URL_DATA) text += keyFromBytes(options.subarray(at, at + length));
    at += length;
  }
  return text;
}
