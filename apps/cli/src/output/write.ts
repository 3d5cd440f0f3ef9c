import type { Output } from '../io.ts';
import { UNPRINTABLE } from './printable.ts';

/** One JSON value, on a line of its own. What could steer a terminal is escaped: the value stays the same. */
export function writeJson(output: Output, value: unknown): void {
  // JSON.stringify escapes the older half of these alone. All of them are of one UTF-16 unit, and within strings.
  const text = JSON.stringify(value).replace(UNPRINTABLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  output.write(`${text}\n`);
}

export function writeLines(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.join('\n')}\n`);
}
