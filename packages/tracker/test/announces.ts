// Announces that tests send, each with what it is about.
import type { AnnounceRequest } from '../src/index.ts';

/** Of a leech that lacks one byte. */
export function announceOf(details: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    infoHash: new Uint8Array(20).fill(1),
    peerId: new Uint8Array(20).fill(2),
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 1,
    ...details,
  };
}

/** Of a leech that is told apart by its name: peer id and port follow from it. */
export function announceBy(name: string, details: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return announceOf({
    peerId: new TextEncoder().encode(name.padEnd(20, '.')),
    port: 1_000 + name.charCodeAt(0),
    left: 100,
    ...details,
  });
}
