// Holds READMEs to their examples: a fenced block of TypeScript in a README is, line for line, a file that a test runs.
// The file is named in a comment above the block, `<!-- examples/NAME.ts -->`, by its path from the README. Prints each
// breach with its place; exits 1 when there is one.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, workspaces } from './workspace.mjs';

const MARKER = /^<!-- (\S+\.ts) -->$/;
const FENCE = /^(`{3,})\s*(\w*)/;
/** JavaScript too, or a snippet that drifts away could take to it. */
const CODE = /^(m?[jt]sx?|typescript|javascript)$/;

/** Every breach below a root, as lines `place: what is wrong`. */
export function exampleBreaches(from = root) {
  return readmes(from).flatMap((readme) =>
    blocks(readFileSync(readme, 'utf8')).flatMap(({ line, example, text }) => {
      const fault = faultOf(dirname(readme), example, text);
      return fault === undefined ? [] : [`${relative(from, readme).split(sep).join('/')}:${line}: ${fault}`];
    }),
  );
}

function readmes(from) {
  const folders = [from, ...workspaces(from).map(({ directory }) => directory)];
  return folders.map((folder) => join(folder, 'README.md')).filter((path) => existsSync(path));
}

/**
 * The code blocks of a text, and the comments that name an example and have no such block below them.
 * @returns {{ line: number, example?: string, text?: string }[]} `line` counts from 1
 */
export function blocks(markdown) {
  const found = [];
  const lines = markdown.split('\n');
  let marker;
  for (let at = 0; at < lines.length; at++) {
    const named = MARKER.exec(lines[at])?.[1];
    const [, fence, language = ''] = FENCE.exec(lines[at]) ?? [];
    const isCode = CODE.test(language);
    if (marker !== undefined && !isCode) found.push(marker);
    if (fence === undefined) {
      marker = named === undefined ? undefined : { line: at + 1, example: named };
      continue;
    }
    const line = at + 1;
    const end = lines.indexOf(fence, line);
    at = end < 0 ? lines.length : end;
    if (isCode) found.push({ line, example: marker?.example, text: `${lines.slice(line, at).join('\n')}\n` });
    marker = undefined;
  }
  if (marker !== undefined) found.push(marker);
  return found;
}

function faultOf(folder, example, text) {
  if (example === undefined) return 'code without its example: name it in a line above, <!-- examples/NAME.ts -->';
  if (text === undefined) return `${example} is named, and no code follows`;
  const file = join(folder, example);
  if (basename(dirname(file)) !== 'examples') return `${example} is not in a package's examples/`;
  if (!existsSync(file)) return `there is no ${example}`;
  const difference = firstDifference(text, readFileSync(file, 'utf8'));
  if (difference !== undefined) return `differs from ${example} in its line ${difference}`;
  return isTested(file) ? undefined : `no test of its package imports ${example}`;
}

/** Counts from 1; undefined where the texts are equal. */
function firstDifference(text, other) {
  if (text === other) return undefined;
  const [lines, others] = [text.split('\n'), other.split('\n')];
  return lines.findIndex((line, index) => line !== others[index]) + 1 || lines.length;
}

function isTested(file) {
  const tests = join(dirname(dirname(file)), 'test');
  if (!existsSync(tests)) return false;
  const texts = readdirSync(tests)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(tests, name), 'utf8'));
  return texts.some((each) => each.includes(`'../examples/${basename(file)}'`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = exampleBreaches();
  for (const line of found) console.error(line);
  console.log(found.length === 0 ? 'examples: every README shows them as they are' : `${found.length} breaches`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
