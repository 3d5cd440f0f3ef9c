// The datagrams a client sends to a UDP tracker (BEP 15), both ways: a client encodes, a tracker decodes.
import { concatBytes } from '@shoal/primitives';
import { type AnnounceEvent, type AnnounceRequest, checkAnnounceRequest, checkTwenty } from './announce.ts';
import { TrackerError } from './errors.ts';
import { decodeUrlData, encodeUrlData } from './udp-options.ts';

/** What stands where a connection id will, in a connect. */
const PROTOCOL_ID = 0x417_2710_1980n;
/** Bytes of an announce without options. */
export const ANNOUNCE_LENGTH = 98;
/** Torrents in one scrape: BEP 15 says "about 74", which is what fits a datagram of 1,500 bytes. */
export const MAX_UDP_SCRAPE = 74;

export const ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;
/** By their number on the wire; 4 is libtorrent's number for BEP 21's `paused`, which has none of its own. */
const EVENTS: readonly (AnnounceEvent | undefined)[] = [undefined, 'completed', 'started', 'stopped', 'paused'];

/** What arrives at a UDP tracker. Connection ids are 8 opaque bytes; byte strings are views of the datagram. */
export type UdpRequest =
  | { readonly action: 'connect'; readonly transactionId: number }
  | {
      readonly action: 'announce';
      readonly transactionId: number;
      readonly connectionId: Uint8Array;
      readonly request: AnnounceRequest;
      /** Path and query of the URL the client used (BEP 41); empty where it said none. */
      readonly urlData: string;
    }
  | {
      readonly action: 'scrape';
      readonly transactionId: number;
      readonly connectionId: Uint8Array;
      readonly infoHashes: readonly Uint8Array[];
    };

/** Writes a connect, 16 bytes (BEP 15). */
export function encodeUdpConnect(transactionId: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, PROTOCOL_ID);
  view.setUint32(8, ACTION.connect);
  view.setUint32(12, transactionId);
  return new Uint8Array(view.buffer);
}

/** `urlData` is path and query of the tracker's URL (BEP 41); empty sends none. Throws RangeError, ERR_TRACKER_URL. */
export function encodeUdpAnnounce(
  transactionId: number,
  connectionId: Uint8Array,
  request: AnnounceRequest,
  urlData = '',
): Uint8Array {
  checkAnnounceRequest(request);
  const fixed = new Uint8Array(ANNOUNCE_LENGTH);
  const view = new DataView(fixed.buffer);
  fixed.set(connectionId, 0);
  view.setUint32(8, ACTION.announce);
  view.setUint32(12, transactionId);
  fixed.set(request.infoHash, 16);
  fixed.set(request.peerId, 36);
  view.setBigUint64(56, BigInt(request.downloaded));
  view.setBigUint64(64, BigInt(request.left));
  view.setBigUint64(72, BigInt(request.uploaded));
  view.setUint32(80, EVENTS.indexOf(request.event));
  view.setUint32(84, 0); // the address the datagram comes from
  view.setUint32(88, request.key ?? 0);
  view.setInt32(92, request.numwant ?? -1);
  view.setUint16(96, request.port);
  return urlData === '' ? fixed : concatBytes([fixed, encodeUrlData(urlData)]);
}

/** Throws RangeError for no torrents or more than `MAX_UDP_SCRAPE`. */
export function encodeUdpScrape(
  transactionId: number,
  connectionId: Uint8Array,
  infoHashes: readonly Uint8Array[],
): Uint8Array {
  if (infoHashes.length < 1 || infoHashes.length > MAX_UDP_SCRAPE) {
    throw new RangeError(`1 to ${MAX_UDP_SCRAPE} torrents in a scrape, not ${infoHashes.length}`);
  }
  const head = new Uint8Array(16);
  head.set(connectionId, 0);
  const view = new DataView(head.buffer);
  view.setUint32(8, ACTION.scrape);
  view.setUint32(12, transactionId);
  for (const infoHash of infoHashes) checkTwenty(infoHash, 'info-hash');
  return concatBytes([head, ...infoHashes]);
}

/** Reads a datagram sent to a tracker. Throws TrackerError ERR_TRACKER_MALFORMED: to be dropped, not answered. */
export function decodeUdpRequest(bytes: Uint8Array): UdpRequest {
  if (bytes.length < 16) throw malformed(`a datagram of ${bytes.length} bytes, at least 16 expected`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const action = view.getUint32(8);
  const transactionId = view.getUint32(12);
  const connectionId = bytes.subarray(0, 8);
  switch (action) {
    case ACTION.connect:
      if (view.getBigUint64(0) !== PROTOCOL_ID) throw malformed('a connect without the protocol id');
      return { action: 'connect', transactionId };
    case ACTION.announce:
      if (bytes.length < ANNOUNCE_LENGTH) {
        throw malformed(`an announce of ${bytes.length} bytes, at least ${ANNOUNCE_LENGTH} expected`);
      }
      return {
        action: 'announce',
        transactionId,
        connectionId,
        request: decodeRequest(bytes, view),
        urlData: bytes.length > ANNOUNCE_LENGTH ? decodeUrlData(bytes.subarray(ANNOUNCE_LENGTH)) : '',
      };
    case ACTION.scrape: {
      const infoHashes: Uint8Array[] = [];
      for (let at = 16; at + 20 <= bytes.length && infoHashes.length < MAX_UDP_SCRAPE; at += 20) {
        infoHashes.push(bytes.subarray(at, at + 20));
      }
      if (infoHashes.length === 0) throw malformed('a scrape of no torrents');
      return { action: 'scrape', transactionId, connectionId, infoHashes };
    }
    default:
      throw malformed(`action ${action}`);
  }
}

function decodeRequest(bytes: Uint8Array, view: DataView): AnnounceRequest {
  const event = EVENTS[view.getUint32(80)];
  const numwant = view.getInt32(92);
  return {
    infoHash: bytes.subarray(16, 36),
    peerId: bytes.subarray(36, 56),
    downloaded: amount(view, 56),
    left: amount(view, 64),
    uploaded: amount(view, 72),
    ...(event === undefined ? {} : { event }),
    key: view.getUint32(88),
    ...(numwant < 0 ? {} : { numwant }),
    port: view.getUint16(96),
  };
}

/** 64 bits, read as two halves: no bigint for each datagram. Some clients say -1 where they do not know: clamped. */
function amount(view: DataView, at: number): number {
  return Math.min(view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4), Number.MAX_SAFE_INTEGER);
}

function malformed(what: string): TrackerError {
  return new TrackerError('ERR_TRACKER_MALFORMED', `not a request to a UDP tracker: ${what}`);
}
