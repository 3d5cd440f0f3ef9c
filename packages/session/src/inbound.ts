// Accepted streams until they belong to a torrent: picks the stream filter by the first bytes, shakes hands, and finds
// the torrent by its wire key. Invariant: a stream is the session's to count from its arrival on, first as arriving,
// then as a connection.
import { concatBytes, toHex } from '@shoal/primitives';
import { Wire } from '@shoal/wire';
import { Connection, type ConnectionLimits } from './connection.ts';
import type { ByteStream, Clock, StreamFilter, StreamHandler, TorrentIndex } from './contracts.ts';

/** How a plain handshake begins (BEP 3). All of it is compared: an obfuscated one begins with the same byte now and then. */
const PLAIN: Uint8Array = new TextEncoder().encode('\u0013BitTorrent protocol');
/** From the arrival until a filter has done its part. */
const FILTER_MS = 10_000;
/** Bytes within which a filter must know its own. */
const MOST_FIRST_BYTES = 4_096;

export interface InboundHost extends TorrentIndex {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  /** A stream of which it is not known yet what it is; until `settled`. */
  arrived(stream: ByteStream): void;
  /** It became a connection or ended. */
  settled(stream: ByteStream): void;
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
  host.arrived(stream);
  const deadline = host.clock.setTimer(() => stream.destroy(), FILTER_MS);
  const settle = (): void => {
    deadline.cancel();
    host.settled(stream);
  };
  sniff(stream, filters, {
    decided: (filter, replayed) => {
      if (!filter) {
        settle();
        greet(replayed, host);
        return;
      }
      filter.accept(replayed, host).then(
        (filtered) => {
          settle();
          greet(filtered, host);
        },
        () => stream.destroy(),
      );
    },
    ended: settle,
  });
}

function greet(stream: ByteStream, host: InboundHost): void {
  const wire = new Wire({ role: 'accept', now: host.clock.now() });
  const connection = new Connection({
    stream,
    wire,
    outgoing: false,
    limits: host.limits,
    now: () => host.clock.now(),
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
  then: {
    decided(filter: StreamFilter | undefined, replayed: ByteStream): void;
    ended(): void;
  },
): void {
  let first: Uint8Array = new Uint8Array(0);
  let next: StreamHandler | undefined;
  let isDecided = false;
  let isHeld = false;
  let ended: { error: Error | undefined } | undefined;
  const decide = (filter: StreamFilter | undefined): void => {
    isDecided = true;
    then.decided(filter, {
      localAddress: stream.localAddress,
      remoteAddress: stream.remoteAddress,
      open: (handler) => {
        next = handler;
        if (isHeld) stream.resume();
        handler.onData(first);
        if (ended) handler.onClose(ended.error);
      },
      write: (buffers) => stream.write(buffers),
      get unsent() {
        return stream.unsent;
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      close: () => stream.close(),
      destroy: () => stream.destroy(),
    });
    // Whoever it is for takes what comes when ready.
    if (next) return;
    isHeld = true;
    stream.pause();
  };
  stream.open({
    onData: (bytes) => {
      if (next) return next.onData(bytes);
      first = concatBytes([first, bytes]);
      if (isDecided) return;
      const whose = ownerOf(first, filters);
      if (whose !== 'more') decide(whose === 'plain' ? undefined : whose);
    },
    onDrain: () => next?.onDrain(),
    onClose: (error) => {
      then.ended();
      if (next) next.onClose(error);
      else ended = { error };
    },
  });
}

/** Whose a stream is that begins so. What nobody claims is plain: the wire says what is wrong with it. */
function ownerOf(first: Uint8Array, filters: readonly StreamFilter[]): StreamFilter | 'plain' | 'more' {
  const compared = Math.min(first.length, PLAIN.length);
  if (PLAIN.subarray(0, compared).every((byte, index) => byte === first[index])) {
    return compared === PLAIN.length ? 'plain' : 'more';
  }
  let isOpen = false;
  for (const filter of filters) {
    const answer = filter.detect(first);
    if (answer === 'mine') return filter;
    isOpen ||= answer === 'more';
  }
  return isOpen && first.length < MOST_FIRST_BYTES ? 'more' : 'plain';
}
