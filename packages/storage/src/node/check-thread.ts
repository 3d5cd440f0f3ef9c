// What a checking thread does. Its source is handed to the thread as text, for then it needs no file of its own, neither beside the
// sources nor in a bundle: it may use nothing from outside the function but its types.

/** Pieces to check, and where their bytes lie. */
export interface CheckJob {
  readonly files: readonly {
    readonly path: string;
    /** Device and inode that it must have; undefined: any. */
    readonly id: string | undefined;
  }[];
  /** Three numbers for each stretch of bytes, piece after piece: the index of its file (-1: zeros), its offset there, its length. */
  readonly stretches: Float64Array;
  /** How many stretches each piece has. */
  readonly counts: Uint32Array;
  /** SHA-1 of each piece, 20 bytes. */
  readonly expected: Uint8Array;
}

/** One entry a piece: 0 bad, 1 ok; 2: not judged, for something is odd about a file; 3: the system reported an error. */
export interface CheckAnswer {
  readonly outcomes: Uint8Array;
  /** Milliseconds in which the disk was waited for. */
  readonly readMs: number;
}

export function checkThread(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, constants, fstatSync, lstatSync, openSync, readSync } = process.getBuiltinModule('node:fs');
  const { performance } = process.getBuiltinModule('node:perf_hooks');
  const [BAD, OK, ODD, TROUBLE] = [0, 1, 2, 3];
  // Measured, seconds of the kernel per GiB read: 0.2 with 64 or 128 KiB, 0.6 from 256 KiB on, which is as much as a core's first
  // table of pages holds.
  const buffer = new Uint8Array(64 * 1024);
  const zeros = new Uint8Array(64 * 1024);
  const noFollow = constants.O_NOFOLLOW ?? 0;
  let open: { readonly file: number; readonly handle: number } | undefined;
  let readMs = 0;

  const close = (): void => {
    if (open) closeSync(open.handle);
    open = undefined;
  };
  /** OK, or why it is of no use. */
  const use = (file: number, { path, id }: CheckJob['files'][number]): number => {
    if (open?.file === file) return OK;
    close();
    if (noFollow === 0 && lstatSync(path).isSymbolicLink()) return ODD;
    open = { file, handle: openSync(path, constants.O_RDONLY | noFollow) };
    const stats = fstatSync(open.handle);
    return stats.isFile() && (id === undefined || id === `${stats.dev}:${stats.ino}`) ? OK : ODD;
  };
  const outcomeOf = (error: unknown): number => {
    const code = (error as { code?: unknown }).code;
    if (code === 'ENOENT') return BAD;
    return ['ELOOP', 'EMLINK', 'EMFILE', 'ENFILE'].includes(String(code)) ? ODD : TROUBLE;
  };
  const hashFile = (hash: { update(bytes: Uint8Array): unknown }, offset: number, length: number): boolean => {
    const handle = open?.handle ?? -1;
    for (let done = 0; done < length; ) {
      const before = performance.now();
      const got = readSync(handle, buffer, 0, Math.min(buffer.length, length - done), offset + done);
      readMs += performance.now() - before;
      if (got === 0) return false;
      hash.update(buffer.subarray(0, got));
      done += got;
    }
    return true;
  };
  const check = ({ files, stretches, expected }: CheckJob, piece: number, first: number, end: number): number => {
    const hash = createHash('sha1');
    for (let at = 3 * first; at < 3 * end; at += 3) {
      const [file, offset, length] = stretches.subarray(at, at + 3) as unknown as [number, number, number];
      if (file === -1) {
        for (let left = length; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, left));
        continue;
      }
      const usable = use(file, files[file] as CheckJob['files'][number]);
      if (usable !== OK) {
        close();
        return usable;
      }
      if (!hashFile(hash, offset, length)) return BAD;
    }
    return hash.digest().equals(expected.subarray(20 * piece, 20 * piece + 20)) ? OK : BAD;
  };

  parentPort?.on('message', (job: CheckJob) => {
    const outcomes = new Uint8Array(job.counts.length);
    readMs = 0;
    let first = 0;
    for (let piece = 0; piece < outcomes.length; piece++) {
      const end = first + (job.counts[piece] as number);
      try {
        outcomes[piece] = check(job, piece, first, end);
      } catch (error) {
        outcomes[piece] = outcomeOf(error);
      }
      first = end;
    }
    // Nothing stays open between jobs: the files may be moved or removed.
    close();
    parentPort.postMessage({ outcomes, readMs } satisfies CheckAnswer);
  });
}
