// Asks at a terminal which files of a torrent are wanted. Draws on stderr, so that stdout stays what a script reads.
import { emitKeypressEvents, type Key as Keypress } from 'node:readline';
import pc from 'picocolors';
import { CliError, EXIT } from '../exit.ts';
import type { Input, Io } from '../io.ts';
import { cutEnd, cutMiddle } from '../output/cut.ts';
import type { FileFacts } from '../output/facts.ts';
import { formatBytes, formatCount } from '../output/format.ts';
import { isScreen, LiveRegion, type Size } from '../output/live-region.ts';
import { printable } from '../output/printable.ts';
import { FileList, type Key } from './file-list.ts';

export interface Choice {
  readonly name: string;
  /** What is to be chosen from, padding left out. */
  readonly files: readonly FileFacts[];
  /** What is chosen at the start. */
  readonly isChosen: (index: number) => boolean;
  readonly color: boolean;
}

/** Rows that are no files: the question, the filter, the keys. */
const FRAME_ROWS = 4;
const MOST_FILES = 20;
const KEYS = 'space choose, ctrl-a all of these, type to filter, enter done, ctrl-c stop';

/** Rejects ERR_USAGE where there is no terminal to ask at. */
export function assertCanAsk({ stdin, stderr, env }: Pick<Io, 'stdin' | 'stderr' | 'env'>): void {
  if (stdin.isTTY === true && isScreen(stderr, env)) return;
  throw new CliError('ERR_USAGE', '--choose asks at a terminal, and there is none here', {
    status: EXIT.wrong,
    hint: 'name the files with --select GLOB; --list shows them',
  });
}

/** Answers whether a file is chosen, by its index in `files`. Rejects ERR_INTERRUPTED, or the signal's reason. */
export async function chooseFiles(choice: Choice, io: Io): Promise<(index: number) => boolean> {
  assertCanAsk(io);
  const list = new FileList(choice.files, choice.isChosen);
  let note = '';
  const region = new LiveRegion({
    output: io.stderr,
    env: io.env,
    render: (size) => rowsOf(choice, list, note, size),
  });
  const { stdin } = io;
  emitKeypressEvents(stdin);
  stdin.setRawMode?.(true);
  stdin.resume();
  region.draw();
  try {
    await new Promise<void>((resolve, reject) => {
      listen(stdin, io.signal, reject, (text, keypress) => {
        if (keypress.ctrl && (keypress.name === 'c' || keypress.name === 'd')) return reject(interrupted());
        if (keypress.name === 'return' || keypress.name === 'enter') {
          if (list.chosenCount > 0) return resolve();
          note = 'nothing is chosen: choose a file at least, or stop with ctrl-c';
        } else {
          const key = keyOf(text, keypress, pageOf(io.stderr.rows));
          if (key) list.press(key);
          note = '';
        }
        region.draw();
      });
    });
  } finally {
    stdin.removeAllListeners('keypress');
    stdin.setRawMode?.(false);
    stdin.pause();
    region.close();
  }
  const { chosenCount, chosenBytes } = list;
  const count = `${chosenCount} of ${formatCount(choice.files.length, 'file')}`;
  io.stderr.write(`${printable(choice.name)}: ${count} chosen, ${formatBytes(chosenBytes)}\n`);
  return (index) => list.isChosen(index);
}

function listen(
  stdin: Input,
  signal: AbortSignal,
  reject: (reason: unknown) => void,
  onKey: (text: string | undefined, keypress: Keypress) => void,
): void {
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  stdin.on('end', () => reject(interrupted()));
  stdin.on('keypress', onKey);
}

function interrupted(): CliError {
  return new CliError('ERR_INTERRUPTED', 'interrupted: nothing was begun', { status: EXIT.interrupted });
}

function keyOf(text: string | undefined, { name, ctrl, meta }: Keypress, page: number): Key | undefined {
  if (ctrl) {
    if (name === 'a') return { type: 'toggleShown' };
    if (name === 'n') return { type: 'move', by: 1 };
    if (name === 'p') return { type: 'move', by: -1 };
    return name === 'u' ? { type: 'clearFilter' } : undefined;
  }
  switch (name) {
    case 'up':
      return { type: 'move', by: -1 };
    case 'down':
      return { type: 'move', by: 1 };
    case 'pageup':
      return { type: 'move', by: -page };
    case 'pagedown':
      return { type: 'move', by: page };
    case 'home':
      return { type: 'top' };
    case 'end':
      return { type: 'bottom' };
    case 'space':
      return { type: 'toggle' };
    case 'backspace':
      return { type: 'backspace' };
    default:
      return text === undefined || meta || /\p{Cc}/u.test(text) ? undefined : { type: 'text', text };
  }
}

function pageOf(rows: number | undefined): number {
  return Math.max(1, Math.min(MOST_FILES, (rows || 24) - FRAME_ROWS - 1));
}

function rowsOf({ name, files, color }: Choice, list: FileList, note: string, { columns, rows }: Size): string[] {
  const colors = pc.createColors(color);
  const cut = (text: string): string => cutEnd(text, columns);
  const page = pageOf(rows);
  const { shown, cursor, filter } = list;
  // The cursor stays in the middle, but at the ends.
  const first = Math.max(0, Math.min(cursor - (page >> 1), shown.length - page));
  const lines = shown.slice(first, first + page).map((index, at) => {
    const { path, length } = files[index] as FileFacts;
    const mark = list.isChosen(index) ? colors.green('[x]') : '[ ]';
    const size = formatBytes(length).padStart(9);
    const text = cutMiddle(printable(path), columns - 17);
    const isHere = first + at === cursor;
    return cut(`${isHere ? colors.cyan('>') : ' '} ${mark} ${size}  ${isHere ? colors.bold(text) : text}`);
  });
  const chosen = `${list.chosenCount} of ${formatCount(files.length, 'file')}, ${formatBytes(list.chosenBytes)}`;
  const seen = shown.length === 0 ? 'no file matches' : `${cursor + 1} of ${shown.length}`;
  return [
    cut(`${colors.bold('Which files?')} ${chosen}  ${cutMiddle(printable(name), 40)}`),
    ...lines,
    cut(`  ${seen}${filter === '' ? '' : `  filter: ${printable(filter)}`}`),
    note === '' ? colors.dim(cut(KEYS)) : colors.yellow(cut(note)),
  ];
}
