// The scripts in the shells themselves: what they offer where.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SHELLS } from '../src/completions/shells.ts';
import { shoal, temporaryFolder } from './shoal.ts';

const COMMANDS = [
  'announce',
  'completions',
  'create',
  'dht',
  'edit',
  'get',
  'info',
  'magnet',
  'scrape',
  'seed',
  'stream',
];
const ALL_COMMANDS = [...COMMANDS, 'tracker', 'verify'];
const DHT_COMMANDS = ['get', 'lookup', 'node', 'ping', 'put'];

function runIn(
  shell: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; timeout?: number },
) {
  return spawnSync(shell, args, { timeout: 10_000, ...options, encoding: 'utf8' });
}

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const shell of SHELLS) {
    const { status, stdout, stderr } = await shoal(['completions', shell], { cwd: '/' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    scripts.set(shell, stdout);
  }
});

/** A folder with torrents, other files and folders, names with spaces among them; answers it. */
async function folder(shell: string): Promise<string> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, 'down loads'));
  await mkdir(join(cwd, 'data'));
  for (const file of ['a.torrent', 'b c.torrent', 'notes.txt']) await writeFile(join(cwd, file), '');
  await writeFile(join(cwd, '.completions'), scripts.get(shell) as string);
  return cwd;
}

type Offers = (words: readonly string[]) => string[];

/** The last word is what was typed so far of it. */
async function bash(): Promise<Offers> {
  const cwd = await folder('bash');
  return (words) => {
    const list = ['shoal', ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const script = `source ./.completions
      COMP_WORDS=(${list.join(' ')}); COMP_CWORD=${words.length}; COMP_LINE=\${COMP_WORDS[*]}; COMP_POINT=\${#COMP_LINE}
      _shoal shoal "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = runIn('bash', ['--norc', '--noprofile', '-c', script], { cwd });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean).sort();
  };
}

async function fish(): Promise<Offers> {
  const cwd = await folder('fish');
  const env = { ...process.env, HOME: cwd, XDG_CONFIG_HOME: join(cwd, '.config'), XDG_DATA_HOME: join(cwd, '.data') };
  return (words) => {
    const line = ['shoal', ...words].map((word) => word.replaceAll(' ', '\\ ')).join(' ');
    const script = `source ./.completions; complete -C ${`'${line.replaceAll("'", "\\'")}'`}`;
    const { stdout, stderr } = runIn('fish', ['--no-config', '-c', script], { cwd, env });
    expect(stderr).toBe('');
    const lines = stdout.split('\n').filter(Boolean);
    return lines.map((text) => (text.split('\t')[0] as string).replaceAll('\\ ', ' ')).sort();
  };
}

/** On a busy machine zsh now and then waits for ever in the terminal that it made itself. */
class NoLineEditor extends Error {}

/** What pressing Tab twice shows, in a terminal of zsh's own making. */
async function zsh(): Promise<Offers> {
  const cwd = await folder('zsh');
  return (words) => {
    const line = ['shoal', ...words].join(' ');
    const script = `zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z 'PS1=; stty columns 2000 rows 500; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D'
      zpty -w z "zstyle ':completion:*' verbose no; zstyle ':completion:*' list-rows-first yes"
      zpty -w z 'LISTMAX=100000; setopt no_always_last_prompt list_packed; source ./.completions; bindkey "^X" list-choices; print REA''DY'
      zpty -r z text $'*READY[^\\']*'
      zpty -w -n z ${`$'${line.replaceAll("'", "\\'")}\\x18'`}
      zpty -w -n z $'\\x15print EN\\'\\'D\\n'
      zpty -r z text '*END[^d]*'
      print -r -- $text
      zpty -d z`;
    const result = runIn('zsh', ['-f', '-c', script], { cwd, timeout: 6_000 });
    if (result.status === null) throw new NoLineEditor();
    return stripVTControlCharacters(result.stdout)
      .split(/\s{2,}|[\r\n]+/)
      .map((text) => text.trim());
  };
}

describe.each([
  ['bash', bash],
  ['fish', fish],
] as const)('%s', (shell, open) => {
  test('completes commands, options and files', async ({ skip }) => {
    skip(!has(shell), `${shell} is not installed`);
    const offers = await open();
    expect(offers([''])).toEqual(ALL_COMMANDS);
    expect(offers(['s'])).toEqual(['scrape', 'seed', 'stream']);
    expect(offers(['get', '--li'])).toEqual(['--limit-down', '--limit-up', '--list']);
    expect(offers(['edit', '--no-'])).toEqual(['--no-comment', '--no-config', '--no-tracker', '--no-web-seed']);
    expect(offers(['--config', 'x.json', 'get', '--cho'])).toEqual(['--choose']);
    expect(offers(['completions', ''])).toEqual(['bash', 'fish', 'zsh']);
    const names = (words: readonly string[]): string[] =>
      offers(words)
        .map((name) => name.replace(/\/$/, ''))
        .filter((name) => !name.startsWith('.'));
    expect(names(['get', ''])).toEqual(['a.torrent', 'b c.torrent', 'data', 'down loads']);
    expect(names(['get', 'a.torrent', 'b'])).toEqual(['b c.torrent']);
    expect(names(['get', '--dir', ''])).toEqual(['data', 'down loads']);
    expect(names(['get', '-d', 'do'])).toEqual(['down loads']);
    expect(names(['get', '--ip-filter', 'no'])).toEqual(['notes.txt']);
    expect(names(['create', 'no'])).toEqual(['notes.txt']);
    expect(names(['get', '--limit-up', ''])).toEqual([]);
    expect(offers(['dht', ''])).toEqual(DHT_COMMANDS);
    expect(offers(['--config', 'x.json', 'dht', 'p'])).toEqual(['ping', 'put']);
    expect(offers(['dht', 'get', '--h'])).toEqual(['--help', '--hex']);
    expect(offers(['dht', 'put', '--salt', 'x', '--c'])).toEqual(['--cas', '--config']);
    expect(names(['dht', 'put', '--key-file', 'no'])).toEqual(['notes.txt']);
    expect(names(['dht', 'lookup', ''])).toEqual([]);
  });
});

test('zsh completes commands, options and files', { timeout: 60_000 }, async ({ skip }) => {
  skip(!has('zsh'), 'zsh is not installed');
  const offers = await zsh();
  try {
    offers(['']);
  } catch (error) {
    skip(error instanceof NoLineEditor, 'zsh shows no line editor in a terminal of its own here');
    throw error;
  }
  expect(offers([''])).toEqual(expect.arrayContaining(ALL_COMMANDS));
  const options = offers(['get', '--li']);
  expect(options).toEqual(expect.arrayContaining(['--limit-down', '--limit-up', '--list']));
  const torrents = offers(['get', '']).join('  ');
  expect(torrents).toContain('a.torrent');
  expect(torrents).not.toContain('notes.txt');
  expect(offers(['dht', ''])).toEqual(expect.arrayContaining(DHT_COMMANDS));
  expect(offers(['dht', 'put', '--s'])).toEqual(expect.arrayContaining(['--salt', '--seq']));
});

test.each(SHELLS)('%s: the script holds every option of every command, and is well-formed', async (shell) => {
  const script = scripts.get(shell) as string;
  const lines = [...ALL_COMMANDS.map((name) => [name]), ...DHT_COMMANDS.map((name) => ['dht', name])];
  for (const line of lines) {
    const { stdout } = await shoal([...line, '--help'], { cwd: '/' });
    for (const [, option] of stdout.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)) expect(script).toContain(option);
  }
  const cwd = await folder(shell);
  if (has(shell)) execFileSync(shell, ['-n', join(cwd, '.completions')]);
});

test('a shell that is not known: status 2, and which are', async () => {
  const { status, stderr } = await shoal(['completions', 'tcsh'], { cwd: '/' });
  expect(status).toBe(2);
  expect(stderr).toContain('bash, zsh, fish');
});
