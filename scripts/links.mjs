// Holds what the Markdown files point at: a relative link leads to a file of this repository, its #part to a heading of
// it, and a row of a table of BEPs to that BEP, to packages that exist and to a test of theirs. Prints each breach with its
// place; exits 1 when there is one.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, workspaces } from './workspace.mjs';

const FENCE = /^\s*(`{3,}|~{3,})/;
const LINK = /!?\[(?:[^\][]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const DEFINITION = /^\s*\[[^\]]+\]:\s+<?([^\s>]+)/;
/** Of another program, or of the web: not ours to try. */
const FOREIGN = /^[a-z][a-z0-9+.-]*:/i;

/** Every breach in the Markdown that git tracks, or would, as lines `place: what is wrong`. */
export function linkBreaches(from = root) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md'];
  const files = execFileSync('git', list, { cwd: from, maxBuffer: 1 << 24 })
    .toString()
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(from, path)));
  const folders = new Set(workspaces(from).map(({ folder }) => folder));
  return [...new Set(files)].sort().flatMap((path) => {
    const lines = proseOf(readFileSync(join(from, path), 'utf8'));
    return [...linkFaults(from, path, lines), ...bepFaults(path, lines, folders)];
  });
}

/** The lines of a text, those within a code block empty. Inline code is cut out: what stands there is no link. */
function proseOf(markdown) {
  let fence;
  return markdown.split('\n').map((line) => {
    const [, mark] = FENCE.exec(line) ?? [];
    if (fence !== undefined) {
      if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
      return '';
    }
    if (mark !== undefined) {
      fence = mark;
      return '';
    }
    return line;
  });
}

function linkFaults(from, path, lines) {
  const found = [];
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, (code) => code.replace(/[[\]()]/g, ' '));
    const targets = [...text.matchAll(LINK)].map(([, target]) => target);
    const [, defined] = DEFINITION.exec(text) ?? [];
    if (defined !== undefined) targets.push(defined);
    for (const target of targets) {
      const fault = faultOf(from, path, target);
      if (fault !== undefined) found.push(`${path}:${index + 1}: ${target}: ${fault}`);
    }
  }
  return found;
}

function faultOf(from, path, target) {
  if (FOREIGN.test(target)) return undefined;
  if (isAbsolute(target)) return 'a link within the repository is relative';
  const [file, part] = target.split('#');
  const aim = file === '' ? join(from, path) : join(from, dirname(path), decodeURIComponent(file));
  if (relative(from, aim).split(sep)[0] === '..') return 'leaves the repository';
  if (!existsSync(aim)) return 'there is no such file';
  if (part === undefined || part === '') return undefined;
  if (!aim.endsWith('.md')) return /^L\d+(-L\d+)?$/.test(part) ? undefined : 'only Markdown has parts to link to';
  return headingsOf(readFileSync(aim, 'utf8')).has(part) ? undefined : 'there is no such heading';
}

/** The names that GitHub gives to headings. */
function headingsOf(markdown) {
  const found = new Set();
  for (const line of proseOf(markdown)) {
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? [];
    if (heading === undefined) continue;
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const name = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let unique = name;
    for (let count = 1; found.has(unique); count++) unique = `${name}-${count}`;
    found.add(unique);
  }
  return found;
}

/** A table whose head is "BEP | … | package | a test": see the README. */
function bepFaults(path, lines, folders) {
  const found = [];
  let columns;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('|')) {
      columns = undefined;
      continue;
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (columns === undefined) {
      columns = cells;
      continue;
    }
    if (columns[0] !== 'BEP' || !columns.includes('package') || /^:?-+/.test(cells[0])) continue;
    const report = (what) => found.push(`${path}:${index + 1}: ${what}`);
    const cell = (name) => cells[columns.indexOf(name)] ?? '';
    for (const [, number, page] of cells[0].matchAll(/\[(\d+)\]\(\S*\/bep_(\d{4})\.html\)/g)) {
      if (Number(number) !== Number(page)) report(`BEP ${number} links to the page of BEP ${Number(page)}`);
    }
    const owners = cell('package')
      .split(',')
      .map((name) => name.trim().replace(/^\[?`?(?:@shoal\/)?([\w-]+).*$/, '$1'));
    for (const owner of owners) if (!folders.has(owner)) report(`there is no package ${owner || '(none is named)'}`);
    const tests = [...cell('a test').matchAll(LINK)].map(([, target]) => target);
    if (tests.length === 0) report('names no test');
    for (const test of tests) {
      const [, owner] = /(?:packages|apps)\/([\w-]+)\/test\/[\w.-]+\.(?:test|long)\.ts$/.exec(test) ?? [];
      if (owner === undefined) report(`${test} is no test file of a package`);
      else if (!owners.includes(owner) && owner !== 'interop') report(`${test} is no test of ${owners.join(' or ')}`);
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = linkBreaches();
  for (const line of found) console.error(line);
  console.log(found.length === 0 ? 'links: every one of them leads somewhere' : `${found.length} breaches`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
