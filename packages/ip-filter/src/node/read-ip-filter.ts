// A list from a file, plain or gzipped (told by its first bytes, not by its name), within limits on both sizes.
import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { IpFilterError } from '../errors.ts';
import { type IpFilterLimits, IpFilterParser, type ParsedIpFilter } from '../parse-ip-filter.ts';

/** Limits on the file beside those on the list in it. */
export interface ReadIpFilterOptions extends IpFilterLimits {
  /** Bytes of the file. Default 128 MiB. */
  readonly maxFileBytes?: number;
  /** Bytes of the text in it. Default 512 MiB. */
  readonly maxTextBytes?: number;
  readonly signal?: AbortSignal;
}

const MIB = 1024 * 1024;

/** Bytes at the beginning of files that are no text, and what to say about them. */
const FOREIGN: readonly (readonly [readonly number[], string])[] = [
  [[0x50, 0x4b, 3, 4], 'it is a ZIP archive: unpack it first'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'it is a 7z archive: unpack it first'],
  [[0xfd, 0x37, 0x7a, 0x58], 'it is compressed with xz: unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'it is compressed with zstd: unpack it first'],
  [[0xff, 0xff, 0xff, 0xff], 'it is a binary list (P2B): take its text form'],
  [[0xff, 0xfe], 'it is UTF-16: save it as UTF-8 first'],
  [[0xfe, 0xff], 'it is UTF-16: save it as UTF-8 first'],
];
const GZIP = [0x1f, 0x8b];
const LONGEST_MARK = 4;

/**
 * Reads a list from a file. Rejects with IpFilterError: ERR_IP_FILTER_READ with the system's error as its cause,
 * ERR_IP_FILTER_FORMAT, ERR_IP_FILTER_SIZE, ERR_IP_FILTER_EMPTY; with the signal's reason.
 */
export async function readIpFilter(path: string | URL, options: ReadIpFilterOptions = {}): Promise<ParsedIpFilter> {
  const { maxFileBytes = 128 * MIB, maxTextBytes = 512 * MIB, signal } = options;
  signal?.throwIfAborted();
  const parser = new IpFilterParser(options);
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  try {
    const chunks = bounded(file, maxFileBytes, 'the file is');
    const { isGzip, whole } = await sniff(chunks);
    // Descriptions are in any encoding; addresses are ASCII in all of those that matter.
    const decoder = new TextDecoder('utf-8');
    await pipeline(
      whole,
      isGzip ? createGunzip() : new PassThrough(),
      async (source: AsyncIterable<Uint8Array>) => {
        for await (const chunk of bounded(source, maxTextBytes, 'the list in it is')) {
          parser.push(decoder.decode(chunk, { stream: true }));
        }
      },
      signal === undefined ? {} : { signal },
    );
    parser.push(decoder.decode());
  } catch (error) {
    signal?.throwIfAborted();
    throw inWords(error);
  } finally {
    file.destroy();
  }
  return parser.finish();
}

/** Looks at the first bytes, and gives them back in front of the others. Throws ERR_IP_FILTER_FORMAT. */
async function sniff(
  chunks: AsyncGenerator<Uint8Array>,
): Promise<{ readonly isGzip: boolean; readonly whole: AsyncIterable<Uint8Array> }> {
  const held: Uint8Array[] = [];
  let head = Buffer.alloc(0);
  while (head.length < LONGEST_MARK) {
    const { value, done } = await chunks.next();
    if (done) break;
    held.push(value);
    head = Buffer.concat([head, value.subarray(0, LONGEST_MARK)]);
  }
  const begins = (mark: readonly number[]): boolean => mark.every((byte, index) => head[index] === byte);
  const foreign = FOREIGN.find(([mark]) => begins(mark));
  if (foreign) throw new IpFilterError('ERR_IP_FILTER_FORMAT', foreign[1]);
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* held;
    yield* chunks;
  }
  return { isGzip: begins(GZIP), whole: whole() };
}

async function* bounded(source: AsyncIterable<Uint8Array>, maxBytes: number, what: string): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new IpFilterError('ERR_IP_FILTER_SIZE', `${what} larger than ${maxBytes} bytes`);
    }
    yield chunk;
  }
}

function inWords(error: unknown): unknown {
  if (error instanceof IpFilterError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code.startsWith('Z_')) {
    return new IpFilterError('ERR_IP_FILTER_FORMAT', 'it begins as gzip and cannot be inflated', { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new IpFilterError('ERR_IP_FILTER_READ', `the list cannot be read: ${message}`, { cause: error });
}
