// Which files are wanted, and what that makes of the pieces: a piece is as urgent as the most urgent file under it.
import type { Layout } from '@shoal/primitives';

/** 0: not wanted; 1 to 7, the higher the sooner. */
export type Priority = number;

export const NORMAL_PRIORITY: Priority = 4;
const MOST_PRIORITY = 7;

/** All files alike. */
export function normalPriorities(layout: Layout): Priority[] {
  return new Array<Priority>(layout.files.length).fill(NORMAL_PRIORITY);
}

/** A copy. Throws RangeError for what are no priorities, or, where the files are known, not one a file. */
export function checkFilePriorities(layout: Layout | undefined, priorities: readonly Priority[]): Priority[] {
  if (layout && priorities.length !== layout.files.length) {
    throw new RangeError(`${priorities.length} priorities for ${layout.files.length} files`);
  }
  for (const priority of priorities) {
    if (!Number.isInteger(priority) || priority < 0 || priority > MOST_PRIORITY) {
      throw new RangeError(`a file's priority is a whole number from 0 to ${MOST_PRIORITY}, not ${priority}`);
    }
  }
  return [...priorities];
}

/** One priority a piece. Pieces of nothing but padding follow the normal files. */
export function piecePriorities(layout: Layout, files: readonly Priority[]): Uint8Array {
  const pieces = new Uint8Array(layout.pieceCount);
  const isReal = new Uint8Array(layout.pieceCount);
  for (const [index, file] of layout.files.entries()) {
    if (file.padding) continue;
    const { first, end } = layout.piecesOf(index);
    const priority = files[index] as Priority;
    for (let piece = first; piece < end; piece++) {
      isReal[piece] = 1;
      if (priority > (pieces[piece] as number)) pieces[piece] = priority;
    }
  }
  const restPriority = files.some((priority, index) => priority === 0 && !layout.files[index]?.padding)
    ? 0
    : NORMAL_PRIORITY;
  for (let piece = 0; piece < pieces.length; piece++) if (isReal[piece] === 0) pieces[piece] = restPriority;
  return pieces;
}
