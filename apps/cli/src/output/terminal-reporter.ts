// For a person at a terminal: two lines a torrent that are drawn over again, on stderr; what stays goes to stdout.
import cliTruncate from 'cli-truncate';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { writeFailure } from '../exit.ts';
import type { Io } from '../io.ts';
import type { Transfer } from '../transfer.ts';
import { formatPercent } from './format.ts';
import type { Reporter } from './reporter.ts';
import {
  figuresOf,
  nameOf,
  phaseOf,
  seedingLine,
  shareOf,
  summaryOf,
  trackerTroubles,
  troubleOf,
} from './transfer-text.ts';

const WIDEST = 120;
const LONGEST_BAR = 32;
/** Columns that figures mostly need: kept free, so that the bar does not change its length with them. */
const FIGURES = 50;
/** A shorter bar says nothing. */
const SHORTEST_BAR = 8;

export function createTerminalReporter({ stdout, stderr }: Io, options: { readonly color: boolean }): Reporter {
  const colors = pc.createColors(options.color);
  const draw = createLogUpdate(stderr);
  let current: readonly Transfer[] = [];

  const bar = (share: number, width: number): string => {
    const filled = Math.floor(share * width);
    return colors.green('━'.repeat(filled)) + colors.dim('─'.repeat(width - filled));
  };

  const rowsOf = (transfer: Transfer): string[] => {
    // The last column stays free: some terminals wrap when it is written to.
    const width = Math.min(stderr.columns ?? 80, WIDEST) - 1;
    const share = shareOf(transfer);
    const percent = formatPercent(share, 1).padStart(6);
    const figures = figuresOf(transfer);
    const room = Math.min(LONGEST_BAR, width - percent.length - Math.max(figures.length, FIGURES) - 4);
    const figuresRow = [percent, ...(room < SHORTEST_BAR ? [] : [bar(share, room)]), figures].join('  ');
    const phase = phaseOf(transfer);
    const name = cliTruncate(nameOf(transfer), width - phase.length - 2, { position: 'middle' });
    const trouble = troubleOf(transfer);
    return [
      `${colors.bold(name)}  ${colors.cyan(phase)}`,
      cliTruncate(figuresRow, width),
      ...(trouble === null ? [] : [colors.yellow(cliTruncate(`        ${trouble}`, width))]),
    ];
  };

  const redraw = (): void => {
    if (current.length > 0) draw(current.flatMap(rowsOf).join('\n'));
  };

  /** Lines that stay, above what is redrawn. */
  const keep = (write: () => void): void => {
    draw.clear();
    write();
    redraw();
  };

  return {
    everyMs: 250,
    added(transfer) {
      current = [...current, transfer];
    },
    state: redraw,
    file() {},
    progress(transfers) {
      current = transfers;
      if (transfers.length === 0) draw.clear();
      redraw();
    },
    done(transfer) {
      current = current.filter((other) => other !== transfer);
      keep(() => stdout.write(`${summaryOf(transfer)}\n`));
    },
    seeding(transfer, port) {
      keep(() => {
        stdout.write(`${seedingLine(transfer, port)}\n`);
        for (const trouble of trackerTroubles(transfer)) stderr.write(`${colors.yellow(trouble)}\n`);
      });
    },
    warning: (_, failure) => keep(() => writeFailure(stderr, failure)),
    failed(transfer, failure) {
      current = current.filter((other) => other !== transfer);
      keep(() => writeFailure(stderr, failure));
    },
    close() {
      current = [];
      draw.clear();
      draw.done();
    },
  };
}
