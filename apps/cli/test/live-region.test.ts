// What a terminal shows: xterm's own emulator reads what is written, and is resized as a window is.
import { Writable } from 'node:stream';
import xterm from '@xterm/headless';
import stringWidth from 'string-width';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LiveRegion, type Size } from '../src/output/live-region.ts';

class Screen extends Writable {
  readonly isTTY = true;
  readonly #terminal: xterm.Terminal;
  readonly #written: Promise<void>[] = [];

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
    onTestFinished(() => this.#terminal.dispose());
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.#written.push(new Promise((resolve) => this.#terminal.write(String(chunk), resolve)));
    done();
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.settled();
    this.#terminal.resize(columns, rows);
    this.emit('resize');
    await this.settled();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#written);
  }

  /** Every line, those that scrolled away too, without the empty ones at the end. */
  async lines(): Promise<string[]> {
    await this.settled();
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true) ?? '');
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }
}

function region(screen: Screen, render: (size: Size) => readonly string[], env = {}): LiveRegion {
  return new LiveRegion({ output: screen, env, render });
}

/** A row that fills what it may. */
const row =
  (mark: string) =>
  ({ columns }: Size): string =>
    mark.repeat(Math.floor(columns / stringWidth(mark)));

describe('rows that are drawn over again', () => {
  test('stay two, whatever the window does', async () => {
    const screen = new Screen(80, 24);
    screen.write('$ shoal get\n');
    const live = region(screen, (size) => [row('a')(size), row('b')(size)]);
    live.draw();
    for (const [columns, rows] of [
      [40, 24],
      [60, 24],
      [21, 10],
      [200, 50],
      [79, 24],
      [13, 24],
      [80, 24],
    ] as const) {
      await screen.resize(columns, rows);
      expect(await screen.lines(), `${columns} columns`).toEqual([
        '$ shoal get',
        'a'.repeat(columns - 1),
        'b'.repeat(columns - 1),
      ]);
    }
    live.close();
    expect(await screen.lines()).toEqual(['$ shoal get']);
  });

  test('wide characters count two cells', async () => {
    const screen = new Screen(80, 24);
    screen.write('before\n');
    const live = region(screen, (size) => [row('日')(size), row('魚')(size)]);
    live.draw();
    for (const columns of [33, 20, 57, 7, 80]) {
      await screen.resize(columns, 24);
      const count = (columns - 1) >> 1;
      expect(await screen.lines()).toEqual(['before', '日'.repeat(count), '魚'.repeat(count)]);
    }
  });

  test('a row that is wider than believed costs its end, not the count of rows', async () => {
    const screen = new Screen(20, 10);
    screen.write('before\n');
    const live = region(screen, () => ['x'.repeat(50), 'y']);
    for (let time = 0; time < 5; time++) live.draw();
    expect(await screen.lines()).toEqual(['before', 'x'.repeat(20), 'y']);
    await screen.resize(10, 10);
    await screen.resize(30, 10);
    expect(await screen.lines()).toEqual(['before', 'x'.repeat(30), 'y']);
  });

  test('more rows than the window has are told, not drawn', async () => {
    const screen = new Screen(60, 6);
    screen.write('before\n');
    const live = region(screen, () => Array.from({ length: 9 }, (_, at) => `row ${at}`));
    live.draw();
    live.draw();
    expect(await screen.lines()).toEqual([
      'before',
      'row 0',
      'row 1',
      'row 2',
      'row 3',
      '… 5 rows more than this terminal has',
    ]);
    live.close();
    expect(await screen.lines()).toEqual(['before']);
  });

  test('lines that are kept stand above, and nothing is left at the end', async () => {
    const screen = new Screen(40, 10);
    const live = region(screen, () => ['live']);
    live.draw();
    live.keep(() => screen.write('first\n'));
    live.keep(() => screen.write('second\n'));
    expect(await screen.lines()).toEqual(['first', 'second', 'live']);
    live.close();
    await screen.resize(20, 10);
    expect(await screen.lines()).toEqual(['first', 'second']);
  });

  test('where a terminal cuts rows off instead of breaking them, nothing above is lost', () => {
    const written: string[] = [];
    const output = Object.assign(
      new Writable({ decodeStrings: false, write: (text, _, done) => done(void written.push(String(text))) }),
      { isTTY: true, columns: 80, rows: 24 },
    );
    const live = new LiveRegion({ output, env: { TERM: 'linux' }, render: (size) => [row('a')(size)] });
    live.draw();
    output.columns = 20;
    output.emit('resize');
    expect(written.at(-1)?.startsWith('\u001b[1A\r\u001b[J')).toBe(true);
    live.close();
  });
});
