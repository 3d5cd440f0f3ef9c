// One JSON object a line on stdout, each with `event` and `infoHash`. Sizes in bytes, rates in bytes a second, seconds.
import { displayFiles } from '@shoal/metainfo';
import { writeFailure } from '../exit.ts';
import type { Io } from '../io.ts';
import { etaOfSnapshot, pathOf, secondsOf, sizeOf, type Transfer, wantedSizeOf } from '../transfer.ts';
import type { Reporter } from './reporter.ts';
import { writeJson } from './write.ts';

export function createJsonReporter({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>): Reporter {
  const write = (event: string, { torrent }: Transfer, fields: Record<string, unknown>): void => {
    writeJson(stdout, { event, infoHash: torrent.infoHash.hex, ...fields });
  };
  return {
    everyMs: 1_000,
    added: (transfer) => write('added', transfer, { name: transfer.torrent.name }),
    metadata(transfer, metainfo) {
      const bytesTotal = sizeOf(metainfo);
      write('metadata', transfer, { name: metainfo.name, bytesTotal, files: displayFiles(metainfo).length });
    },
    state() {},
    file: (transfer, path) => write('file', transfer, { path }),
    progress(transfers) {
      for (const transfer of transfers) write('progress', transfer, progressOf(transfer));
    },
    done(transfer) {
      write('progress', transfer, progressOf(transfer));
      const { downloaded } = transfer.torrent.snapshot();
      const bytes = wantedSizeOf(transfer);
      write('done', transfer, { path: pathOf(transfer), seconds: secondsOf(transfer), bytes, downloaded });
    },
    seeding: (transfer, port) => write('seeding', transfer, { name: transfer.torrent.name, port }),
    lines() {},
    failed(transfer, failure) {
      write('error', transfer, { code: failure.code, message: failure.message });
      writeFailure(stderr, failure);
    },
    warning(transfer, failure) {
      write('warning', transfer, { code: failure.code, message: failure.message });
      writeFailure(stderr, failure);
    },
    close() {},
  };
}

function progressOf({ torrent }: Transfer): Record<string, unknown> {
  const snapshot = torrent.snapshot();
  const {
    state,
    bytesWantedDone: bytesDone,
    bytesWanted: bytesTotal,
    downRate,
    upRate,
    peers,
    seeds,
    uploaded,
  } = snapshot;
  return {
    state,
    bytesDone,
    bytesTotal,
    downRate: Math.round(downRate),
    upRate: Math.round(upRate),
    uploaded,
    peers,
    seeds,
    eta: etaOfSnapshot(snapshot),
  };
}
