// What the long tests of the decoders share: the seed, one request, and what counts as an input that was dealt with.
import { type AnnounceRequest, TrackerError } from '../src/index.ts';

// Most inputs are refused, and a stack costs more than the decoding.
Error.stackTraceLimit = 0;

export const SEED: string = process.env.SHOAL_SEED ?? String(Date.now());
export const HASH: Uint8Array = new Uint8Array(20).fill(0x61);
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export const REQUEST: AnnounceRequest = {
  infoHash: HASH,
  peerId: new Uint8Array(20).fill(0x62),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  event: 'started',
  key: 7,
  numwant: 50,
};
/** Whether the bytes were taken; another error than the package's own is thrown on. */
export function isTaken(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    if (error.message.length >= 1_000) throw new Error(`a message of ${error.message.length} characters`);
    return false;
  }
}
