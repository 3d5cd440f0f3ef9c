// For logs and pipes: one line for each change of phase, and one every few seconds in between. Progress goes to stderr,
// what came of it to stdout.
import { writeFailure } from '../exit.ts';
import type { Io } from '../io.ts';
import type { Transfer } from '../transfer.ts';
import type { Reporter } from './reporter.ts';
import { logLineOf, nameOf, phaseOf, seedingLine, summaryOf, trackerTroubles, troubleOf } from './transfer-text.ts';
import { writeLines } from './write.ts';

const EVERY_MS = 5_000;
const SEEDING_EVERY_MS = 60_000;

export function createPlainReporter({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>): Reporter {
  const shown = new Map<Transfer, { phase: string; at: number }>();
  const say = (transfer: Transfer, text: string): void => {
    shown.set(transfer, { phase: phaseOf(transfer), at: performance.now() });
    stderr.write(`${text}\n`);
  };
  return {
    everyMs: 1_000,
    added() {},
    metadata() {},
    state(transfer) {
      const phase = phaseOf(transfer);
      // That it is complete says the summary, that it failed the error.
      if (shown.get(transfer)?.phase === phase || phase === 'seeding' || phase === 'stopped') return;
      say(transfer, phase === 'checking' ? `${nameOf(transfer)}: checking what is there` : logLineOf(transfer));
    },
    file() {},
    progress(transfers) {
      for (const transfer of transfers) {
        const every = transfer.torrent.state === 'seeding' ? SEEDING_EVERY_MS : EVERY_MS;
        if (performance.now() - (shown.get(transfer)?.at ?? transfer.startedAt) < every) continue;
        const trouble = troubleOf(transfer);
        say(transfer, trouble === null ? logLineOf(transfer) : `${nameOf(transfer)}: ${trouble}`);
      }
    },
    done: (transfer) => void stdout.write(`${summaryOf(transfer)}\n`),
    seeding(transfer, port) {
      stdout.write(`${seedingLine(transfer, port)}\n`);
      for (const trouble of trackerTroubles(transfer)) stderr.write(`${trouble}\n`);
    },
    lines: (texts) => writeLines(stdout, texts),
    warning: (_, failure) => writeFailure(stderr, failure),
    failed: (_, failure) => writeFailure(stderr, failure),
    close() {},
  };
}
