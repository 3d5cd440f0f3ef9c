// Files of a torrent as web streams, while they download.
import type { ReadOptions, Torrent } from '@shoal/session';

/**
 * The bytes of a file (its index in `metainfo.files`) in order. Nothing is read before it is asked for; what is near is
 * fetched from peers first. Cancelling the stream, or the signal, ends that. Errors as `Torrent.read`.
 */
export function createReadStream(
  torrent: Torrent,
  file: number,
  options: ReadOptions = {},
): ReadableStream<Uint8Array> {
  const cancelled = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, cancelled.signal]) : cancelled.signal;
  const bytes = torrent.read(file, { ...options, signal });
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next = await bytes.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => cancelled.abort(reason),
    },
    { highWaterMark: 0 },
  );
}
