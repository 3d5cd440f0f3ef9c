// The contract between a torrent and the place its bytes lie. `./testing` holds the suite every implementation passes.
import type { Layout } from '@shoal/primitives';
import type { Expectation, Verdict } from './hasher.ts';

/** What a file looked like; two equal stamps mean that nobody wrote in between. All three fields count. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, with whatever fraction the file system keeps. */
  readonly mtimeMs: number;
  /**
   * The file is not wanted and is not there: its bytes, as far as there are any, lie where the storage keeps those of
   * unwanted files. The time is that of this place, the size what the file would have.
   */
  readonly hidden?: true;
}

/** Pieces to be judged where they lie. */
export interface Verification {
  /** What a piece must be. */
  readonly expectation: (piece: number) => Expectation;
  /** Asked now and then; once it says no, no further piece is begun. */
  readonly goesOn: () => boolean;
  /** Called for every piece that was judged, in the order the verdicts come. */
  readonly onChecked: (piece: number, verdict: Verdict) => void;
}

/**
 * Random access to a torrent's bytes by piece. Padding (BEP 47) reads as zeros and is never stored.
 * A range outside the torrent rejects with RangeError; everything the world does wrong, with StorageError.
 * Calls may overlap; overlapping writes of the same bytes have no order.
 */
export interface Storage {
  /**
   * Makes folders and empty files as far as needed; never shortens what exists. May be called again at any time: what
   * was known of the files is then forgotten, and they are looked at afresh.
   */
  open(): Promise<void>;
  /** Fills all of `into`. ERR_STORAGE_SHORT where the file is missing or ends too early; creates nothing. */
  read(piece: number, begin: number, into: Uint8Array): Promise<void>;
  /**
   * Judges many pieces by means of its own that beat `read` and a `Hasher`, such as threads; a piece that is not there is bad.
   * Answers those that it left to them, in any order: all where it has no such means or too little to do, and whatever it met
   * with an error, of which `read` tells more. A storage need not have it. Rejects with ERR_STORAGE_CLOSED alone.
   */
  verify?(pieces: readonly number[], verification: Verification): Promise<readonly number[]>;
  /** Stores all of `bytes`, which must not change until the promise settles. */
  write(piece: number, begin: number, bytes: Uint8Array): Promise<void>;
  /**
   * One entry a file of the layout, null where it is padding or missing, or where somebody else has changed it since
   * `open`. A write that begins after this resolved makes the file's stamp differ from the one given here.
   */
  stamps(): Promise<(FileStamp | null)[]>;
  /**
   * What was written so far survives a loss of power. ERR_STORAGE_MISSING where a file was removed or replaced since it
   * was written to: what it held is gone, and has to be looked for with `open` and a check.
   */
  flush(): Promise<void>;
  /**
   * Which files are wanted, one entry a file of the layout; all of them unless told. To be called before `open`, too, so
   * that unwanted files are not made. Files that are not wanted are not created: their share of pieces that are written
   * all the same is kept elsewhere, and read from there, until they are wanted. Those that exist are used as they are.
   * Where it rejects, no byte is lost, and it can be called again.
   */
  setWanted(files: readonly boolean[]): Promise<void>;
  /**
   * From now on the bytes lie below another folder; everybody else waits meanwhile. All or nothing: where it rejects, the
   * old place stays in use. ERR_STORAGE_EXISTS where something lies there already. No-op where there are no folders.
   */
  move(to: string): Promise<void>;
  /** Waits for what is under way. Afterwards everything but `close` and `remove` rejects with ERR_STORAGE_CLOSED. */
  close(): Promise<void>;
  /** Closes, and deletes the torrent's own files and then its folders that are empty; nothing of anybody else. */
  remove(): Promise<void>;
}

/** Throws RangeError unless there is one entry a file. */
export function checkWanted(files: readonly boolean[], layout: Layout): void {
  if (files.length === layout.files.length) return;
  throw new RangeError(`${files.length} entries say which of ${layout.files.length} files are wanted`);
}
