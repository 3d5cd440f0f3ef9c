// What a `get` or `seed` run tells, whoever reads it: a person at a terminal, a log file, a script.
import type { Metainfo } from '@shoal/client';
import type { Failure } from '../exit.ts';
import type { Transfer } from '../transfer.ts';

export interface Reporter {
  /** How often it wants to hear of progress. */
  readonly everyMs: number;
  added(transfer: Transfer): void;
  /** Its files are known: at once, or when a peer has told them. */
  metadata(transfer: Transfer, metainfo: Metainfo): void;
  /** The torrent went from one state to another. */
  state(transfer: Transfer): void;
  /** A file of the torrent is whole; once a file. */
  file(transfer: Transfer, path: string): void;
  /** Every so often, with everything that is under way. */
  progress(transfers: readonly Transfer[]): void;
  /** All its data are there, verified. */
  done(transfer: Transfer): void;
  /** Its data are checked, the port is open, and the first announce was tried. */
  seeding(transfer: Transfer, port: number): void;
  /** What the command has to tell besides: lines for stdout, of which scripts have an event. */
  lines(texts: readonly string[]): void;
  /** Something is wrong with it, and it goes on; may come after `close`. The line for stderr is written too. */
  warning(transfer: Transfer, failure: Failure): void;
  /** It cannot go on. The line for stderr is written too. */
  failed(transfer: Transfer, failure: Failure): void;
  /** Leaves the terminal as it was. */
  close(): void;
}
