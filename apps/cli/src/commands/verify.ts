import { resolve } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { Bitfield } from '@shoal/primitives';
import {
  ByteBudget,
  checkPieces,
  type Expectation,
  type FileStamp,
  PieceStore,
  type Verification,
} from '@shoal/storage';
import { createNodeHasher, DiskStorage } from '@shoal/storage/node';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatBytes } from '../output/format.ts';
import { createJobProgress, shareText } from '../output/job-progress.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { loadTorrent } from '../source.ts';

export interface VerifyOptions {
  readonly json?: boolean;
}

/** Sizes in bytes, without padding. */
export interface VerifyReport {
  readonly pieces: number;
  readonly piecesOk: number;
  readonly bytes: number;
  readonly bytesOk: number;
  readonly complete: boolean;
  readonly files: readonly { readonly path: string; readonly length: number; readonly ok: boolean }[];
}

/** Which pieces and files of a torrent are whole below a folder. Changes nothing there. */
export async function verify(source: string, dir: string, options: VerifyOptions, io: Io): Promise<ExitStatus> {
  const metainfo = await loadTorrent(source, io);
  const report = await checkData(metainfo, resolve(io.cwd, dir), io);
  if (options.json) writeJson(io.stdout, report);
  else writeLines(io.stdout, describe(report));
  return report.complete ? EXIT.done : EXIT.failed;
}

async function checkData(metainfo: Metainfo, root: string, io: Io): Promise<VerifyReport> {
  const { layout, files } = metainfo;
  const storage = new DiskStorage({ root, layout, files, readOnly: true });
  const expectation = (piece: number): Expectation => ({ sha1: metainfo.pieceHash(piece) });
  const budget = new ByteBudget(64 * 1024 * 1024);
  const store = new PieceStore({ layout, storage, hasher: createNodeHasher(), expectation, budget });
  const progress = await createJobProgress(io);
  const whole = new Bitfield(layout.pieceCount);
  try {
    const all = Array.from({ length: layout.pieceCount }, (_, piece) => piece);
    let bytesChecked = 0;
    const checking: Verification = {
      expectation,
      goesOn: () => !io.signal.aborted,
      onChecked: (piece, verdict) => {
        if (verdict === 'ok') whole.set(piece);
        bytesChecked += layout.pieceSize(piece);
        progress.show(shareText('checking', bytesChecked, layout.totalLength));
      },
    };
    await checkPieces(store, await storage.verify(all, checking), checking);
    io.signal.throwIfAborted();
    return reportOf(metainfo, whole, await storage.stamps());
  } finally {
    progress.end();
    await store.close();
    await storage.close();
  }
}

function reportOf({ layout, files }: Metainfo, whole: Bitfield, stamps: readonly (FileStamp | null)[]): VerifyReport {
  let bytesOk = 0;
  for (const piece of whole) {
    for (const { length, padding } of layout.spans(piece)) if (!padding) bytesOk += length;
  }
  const report: { path: string; length: number; ok: boolean }[] = [];
  for (const [index, { path, length, padding }] of files.entries()) {
    if (padding) continue;
    const { first, end } = layout.piecesOf(index);
    const stamp = stamps[index];
    // Of a file that is not wanted all bytes may be here, in the hidden file beside it: who asks for it does not find it.
    let ok = stamp != null && stamp.hidden !== true;
    for (let piece = first; piece < end && ok; piece++) ok = whole.has(piece);
    report.push({ path: path.join('/'), length, ok });
  }
  return {
    pieces: layout.pieceCount,
    piecesOk: whole.count,
    bytes: report.reduce((total, { length }) => total + length, 0),
    bytesOk,
    complete: whole.isFull && report.every(({ ok }) => ok),
    files: report,
  };
}

function describe({ files, pieces, piecesOk, bytes, bytesOk, complete }: VerifyReport): string[] {
  const lines = files.map(({ path, ok }) => `${ok ? 'ok      ' : 'not ok  '}${printable(path)}`);
  const [here, all] = [formatBytes(bytesOk), formatBytes(bytes)];
  // A piece of a large torrent is lost in the rounding.
  const missing = here === all && bytesOk < bytes ? ` (${formatBytes(bytes - bytesOk)} missing)` : '';
  const share = `${piecesOk} of ${pieces} pieces, ${here} of ${all}${missing}`;
  return [...lines, `${complete ? 'complete' : 'incomplete'}: ${share}`];
}
