// The rows at the bottom of a terminal that are drawn over again. Invariants: the cursor stands at the start of the row below
// them between two draws; no row wraps (wrapping is off while they are written, so that a character which is wider than
// believed costs the end of its row, and not the count of rows); and after the terminal was resized what it made of them is taken away.
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import type { Io, Output } from '../io.ts';

export interface Size {
  /** That may be written to: the last one stays free, for some terminals wrap when it is filled. */
  readonly columns: number;
  readonly rows: number;
}

export interface LiveRegionOptions {
  readonly output: Output;
  readonly env: Io['env'];
  /** The rows as they should be now, each within `columns`. None: nothing is shown. */
  readonly render: (size: Size) => readonly string[];
}

const WITHOUT_WRAPPING = '\u001b[?7l';
const WRAPPING = '\u001b[?7h';
const ERASE_DOWN = '\r\u001b[J';

export class LiveRegion {
  readonly #options: LiveRegionOptions;
  readonly #reflows: boolean;
  #shown: readonly string[] = [];
  /** Columns of the terminal when they were drawn. */
  #drawnIn = 0;
  readonly #onResize = (): void => this.draw();

  constructor(options: LiveRegionOptions) {
    this.#options = options;
    this.#reflows = reflows(options.env);
    options.output.on('resize', this.#onResize);
  }

  draw(): void {
    const size = sizeOf(this.#options.output);
    const rows = fitted(this.#options.render(size), size.rows);
    const before = this.#eraser();
    this.#shown = rows;
    this.#drawnIn = size.columns + 1;
    if (rows.length === 0) this.#write(before);
    else this.#write(`${before}${WITHOUT_WRAPPING}${rows.join('\n')}${WRAPPING}\n`);
  }

  /** Lines that stay, above the region. */
  keep(write: () => void): void {
    this.clear();
    write();
    this.draw();
  }

  clear(): void {
    this.#write(this.#eraser());
    this.#shown = [];
  }

  /** Leaves the terminal as it was. */
  close(): void {
    this.#options.output.off('resize', this.#onResize);
    this.clear();
  }

  #write(text: string): void {
    if (text !== '') this.#options.output.write(text);
  }

  /** From below the region up to its first row, and everything from there away. */
  #eraser(): string {
    if (this.#shown.length === 0) return '';
    const columns = sizeOf(this.#options.output).columns + 1;
    let rows = this.#shown.length;
    if (this.#reflows && columns < this.#drawnIn) {
      rows = this.#shown.reduce((total, row) => total + rowsTaken(row, columns, this.#drawnIn), 0);
    }
    return `\u001b[${rows}A${ERASE_DOWN}`;
  }
}

/** Whether something can be drawn over on it. */
export function isScreen(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && env.TERM !== 'dumb';
}

function sizeOf({ columns, rows }: Output): Size {
  // Some terminals (of CI) say 0 for not knowing.
  return { columns: (columns || 80) - 1, rows: rows || 24 };
}

/** Whether the terminal breaks long rows anew when it gets narrower, as nearly all do; these cut them off. */
function reflows(env: Io['env']): boolean {
  return !env.XTERM_VERSION && !env.STY && env.TERM !== 'linux';
}

/** Rows that a narrower screen makes of one: a wide character does not fit into the last column. */
function rowsTaken(row: string, columns: number, drawnIn: number): number {
  const text = stripVTControlCharacters(row);
  let rows = 1;
  let at = 0;
  let total = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const width = stringWidth(segment);
    total += width;
    // What was past the edge is not there.
    if (total > drawnIn) break;
    if (at + width > columns && at > 0) {
      rows++;
      at = 0;
    }
    at += width;
  }
  return rows;
}

/** What is above the top of the screen could not be taken away. */
function fitted(rows: readonly string[], height: number): readonly string[] {
  const room = Math.max(1, height - 1);
  if (rows.length <= room) return rows;
  return [...rows.slice(0, room - 1), `… ${rows.length - room + 1} rows more than this terminal has`];
}
