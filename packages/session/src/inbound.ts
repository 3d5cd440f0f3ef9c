// Accepted streams until they belong to a torrent: picks the stream filter by the first bytes, shakes hands, and finds
// the torrent by its wire key.
import { toHex } from '@shoal/primitives';
import { Wire } from '@shoal/wire';
import { Connection } from './connection.ts';
import type { ByteStream, StreamFilter, StreamHandler, TorrentIndex } from './contracts.ts';

/** The first byte of a plain handshake: the length of "BitTorrent protocol" (BEP 3). */
const PLAIN = 0x13;

export interface InboundHost extends TorrentIndex {
  now(): number;
  /** Hands over a connection whose handshake named a torrent; false where there is none such. */
  route(connection: Connection, wireKey: string, peerId: Uint8Array): boolean;
  opened(connection: Connection): void;
  closed(connection: Connection): void;
}

/** Takes in one accepted stream. Never throws; a stream that leads nowhere is closed. */
export function welcome(stream: ByteStream, filters: readonly StreamFilter[], host: InboundHost): void {
  if (filters.length === 0) {
    greet(stream, host);
    return;
  }
  sniff(stream, filters, (filter, replayed) => {
    if (!filter) {
      greet(replayed, host);
      return;
    }
    filter.accept(replayed, host).then(
      (filtered) => greet(filtered, host),
      () => replayed.destroy(),
    );
  });
}

function greet(stream: ByteStream, host: InboundHost): void {
  const wire = new Wire({ role: 'accept', now: host.now() });
  const connection = new Connection({
    stream,
    wire,
    outgoing: false,
    now: () => host.now(),
    owner: {
      onEvent: (event) => {
        if (event.type !== 'handshake') return;
        if (!host.route(connection, toHex(event.infoHash), event.peerId)) connection.close('no such torrent here');
      },
      onChunkEnd: () => undefined,
      onWritable: () => undefined,
      onClosed: () => host.closed(connection),
    },
  });
  host.opened(connection);
  connection.open();
}

/** Reads until it is clear whose the stream is, then goes on with a stream that begins with the same bytes. */
function sniff(
  stream: ByteStream,
  filters: readonly StreamFilter[],
  decided: (filter: StreamFilter | undefined, replayed: ByteStream) => void,
): void {
  let first: Uint8Array = new Uint8Array(0);
  let next: StreamHandler | undefined;
  let isDecided = false;
  let ended: { error: Error | undefined } | undefined;
  const decide = (filter: StreamFilter | undefined): void => {
    isDecided = true;
    decided(filter, {
      localAddress: stream.localAddress,
      remoteAddress: stream.remoteAddress,
      open: (handler) => {
        next = handler;
        if (first.length > 0) handler.onData(first);
        if (ended) handler.onClose(ended.error);
      },
      write: (buffers) => stream.write(buffers),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      close: () => stream.close(),
      destroy: () => stream.destroy(),
    });
  };
  stream.open({
    onData: (bytes) => {
      if (next) return next.onData(bytes);
      const longer = new Uint8Array(first.length + bytes.length);
      longer.set(first);
      longer.set(bytes, first.length);
      first = longer;
      if (isDecided) return;
      if (first[0] === PLAIN) return decide(undefined);
      const answers = filters.map((filter) => filter.detect(first));
      const mine = answers.indexOf('mine');
      if (mine >= 0) decide(filters[mine]);
      else if (!answers.includes('more')) decide(undefined);
    },
    onDrain: () => next?.onDrain(),
    onClose: (error) => {
      if (next) next.onClose(error);
      else ended = { error };
    },
  });
}
