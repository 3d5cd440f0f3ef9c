// For a person at a terminal: two lines a torrent that are drawn over again, on stderr; what stays goes to stdout.
import pc from 'picocolors';
import stringWidth from 'string-width';
import { writeFailure } from '../exit.ts';
import type { Io } from '../io.ts';
import type { Transfer } from '../transfer.ts';
import { cutEnd, cutMiddle, joinFitting } from './cut.ts';
import { formatPercent } from './format.ts';
import { LiveRegion } from './live-region.ts';
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
import { writeLines } from './write.ts';

const WIDEST = 120;
const LONGEST_BAR = 32;
/** Columns that figures mostly need: kept free, so that the bar does not change its length with them. */
const FIGURES = 50;
/** A shorter bar says nothing. */
const SHORTEST_BAR = 8;
/** Of a name, where the terminal is narrow: the phase gives way before. */
const SHORTEST_NAME = 8;

export function createTerminalReporter({ stdout, stderr, env }: Io, options: { readonly color: boolean }): Reporter {
  const colors = pc.createColors(options.color);
  let current: readonly Transfer[] = [];

  const bar = (share: number, width: number): string => {
    const filled = Math.floor(share * width);
    return colors.green('━'.repeat(filled)) + colors.dim('─'.repeat(width - filled));
  };

  const rowsOf = (transfer: Transfer, columns: number): string[] => {
    const width = Math.min(columns, WIDEST);
    const share = shareOf(transfer);
    const percent = formatPercent(share, 1).padStart(6);
    const figures = figuresOf(transfer);
    const room = Math.min(LONGEST_BAR, width - percent.length - Math.max(stringWidth(figures), FIGURES) - 4);
    const figuresRow = [percent, ...(room < SHORTEST_BAR ? [] : [bar(share, room)]), ...figures.split('  ')];
    const phase = phaseOf(transfer);
    const nameRoom = Math.max(SHORTEST_NAME, width - phase.length - 2);
    const name = cutMiddle(nameOf(transfer), nameRoom);
    const trouble = troubleOf(transfer);
    return [
      cutEnd(`${colors.bold(name)}  ${colors.cyan(phase)}`, width),
      // There is no share of what is not known yet.
      transfer.torrent.metainfo ? joinFitting(figuresRow, width) : cutEnd(`        ${figures}`, width),
      ...(trouble === null ? [] : [colors.yellow(cutEnd(`        ${trouble}`, width))]),
    ];
  };

  const region = new LiveRegion({
    output: stderr,
    env,
    render: ({ columns }) => current.flatMap((transfer) => rowsOf(transfer, columns)),
  });

  return {
    everyMs: 250,
    added(transfer) {
      current = [...current, transfer];
    },
    metadata: () => region.draw(),
    state: () => region.draw(),
    file() {},
    progress(transfers) {
      current = transfers;
      region.draw();
    },
    done(transfer) {
      current = current.filter((other) => other !== transfer);
      region.keep(() => stdout.write(`${summaryOf(transfer)}\n`));
    },
    seeding(transfer, port) {
      region.keep(() => {
        stdout.write(`${seedingLine(transfer, port)}\n`);
        for (const trouble of trackerTroubles(transfer)) stderr.write(`${colors.yellow(trouble)}\n`);
      });
    },
    lines: (texts) => region.keep(() => writeLines(stdout, texts)),
    warning: (_, failure) => region.keep(() => writeFailure(stderr, failure)),
    failed(transfer, failure) {
      current = current.filter((other) => other !== transfer);
      region.keep(() => writeFailure(stderr, failure));
    },
    close() {
      current = [];
      region.close();
    },
  };
}
