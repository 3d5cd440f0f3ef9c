// The contract between a torrent and the place its bytes lie. `./testing` holds the suite every implementation passes.

/** What a file looked like; two equal stamps mean that nobody wrote in between. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, with whatever fraction the file system keeps. */
  readonly mtimeMs: number;
}

/**
 * Random access to a torrent's bytes by piece. Padding (BEP 47) reads as zeros and is never stored.
 * A range outside the torrent rejects with RangeError; everything the world does wrong, with StorageError.
 * Calls may overlap; overlapping writes of the same bytes have no order.
 */
export interface Storage {
  /** Makes folders and empty files as far as needed; never shortens what exists. */
  open(): Promise<void>;
  /** Fills all of `into`. ERR_STORAGE_SHORT where the file is missing or ends too early; creates nothing. */
  read(piece: number, begin: number, into: Uint8Array): Promise<void>;
  /** Stores all of `bytes`, which must not change until the promise settles. */
  write(piece: number, begin: number, bytes: Uint8Array): Promise<void>;
  /**
   * One entry a file of the layout, null where it is missing or padding. A write that begins after this resolved makes
   * the file's stamp differ from the one given here.
   */
  stamps(): Promise<(FileStamp | null)[]>;
  /** What was written so far survives a loss of power. */
  flush(): Promise<void>;
  /** Waits for what is under way. Afterwards everything but `close` rejects with ERR_STORAGE_CLOSED. */
  close(): Promise<void>;
}
