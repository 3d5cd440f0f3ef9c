// Texts made to fit into so many columns, wide characters counted as two.
import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

/** What begins and ends it stays. */
export function cutMiddle(text: string, columns: number): string {
  return cut(text, columns, 'middle');
}

/** What begins it stays. */
export function cutEnd(text: string, columns: number): string {
  return cut(text, columns, 'end');
}

/** As many of the parts as fit, the first in any case. */
export function joinFitting(parts: readonly string[], columns: number): string {
  let count = parts.length;
  while (count > 1 && stringWidth(parts.slice(0, count).join('  ')) > columns) count--;
  return cutEnd(parts.slice(0, count).join('  '), columns);
}

function cut(text: string, columns: number, position: 'middle' | 'end'): string {
  // Halves of wide characters: the library may answer a column or two more than asked for.
  for (let room = columns; room > 0; room--) {
    const fitting = cliTruncate(text, room, { position });
    if (stringWidth(fitting) <= columns) return fitting;
  }
  return '';
}
