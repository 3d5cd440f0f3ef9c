// For fish from 3.0 on: a file of its folder of completions.
import { type CommandGrammar, type Grammar, type OptionGrammar, optionsWithValue, type Values } from './grammar.ts';

export function fishScript({ commands, nested, options }: Grammar): string {
  const names = commands.map(({ name }) => name);
  const global = new Set(options.flatMap((option) => option.names));
  const withValue = optionsWithValue({ options });
  const lines = [
    '# Completion of shoal for fish. Made by "shoal completions fish".',
    '',
    '# The command, once there is one, and the one within it; the value of an option is none.',
    'function __shoal_command',
    '  set -l words (commandline -opc)',
    '  set -l skip 0',
    "  set -l called ''",
    '  for word in $words[2..-1]',
    '    if test $skip -eq 1',
    '      set skip 0',
    `    else if contains -- $word ${withValue.join(' ')}`,
    '      set skip 1',
    `    else if contains -- "$called $word" ${nested.map(({ name }) => quoted(name)).join(' ')}`,
    '      echo "$called $word"',
    '      return',
    `    else if test -z "$called"; and contains -- $word ${names.join(' ')}`,
    '      set called $word',
    '    end',
    '  end',
    '  test -n "$called"; or return 1',
    '  echo $called',
    'end',
    '',
    'function __shoal_using',
    '  test (__shoal_command; or echo "") = $argv[1]',
    'end',
    '',
    'function __shoal_torrents',
    "  __fish_complete_suffix .torrent | string match -r '.*(?:\\.torrent|/)(?:\\t.*)?$'",
    'end',
    '',
    'complete -c shoal -f',
    ...commands.map(
      ({ name, description }) => `complete -c shoal -n "not __shoal_command" -a ${name} -d ${quoted(description)}`,
    ),
    ...options.map((option) => lineOf(option)),
    ...[...commands, ...nested].flatMap((command) => linesOf(command, global)),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf({ name, options, arguments: all }: CommandGrammar, global: ReadonlySet<string>): string[] {
  const condition = ` -n "__shoal_using ${quoted(name)}"`;
  const own = options.filter(({ names }) => !names.some((option) => global.has(option)));
  // Fish does not tell the places of arguments apart: what any of them may be is offered.
  const kinds = new Map(all.map(({ values }) => [String(values), values]));
  const places = [...kinds.values()].map((values) => `complete -c shoal${condition}${offer(values)}`);
  return [...own.map((option) => lineOf(option, condition)), ...places];
}

function lineOf({ names, description, value }: OptionGrammar, condition = ''): string {
  const flags = names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`));
  const takes = value === null ? '' : ` -r${value.values === 'anything' ? ' -f' : offer(value.values)}`;
  return `complete -c shoal${condition}${flags.join('')}${takes} -d ${quoted(description)}`;
}

function offer(values: Values): string {
  if (values === 'anything') return '';
  if (values === 'files') return ' -F';
  if (values === 'folders') return ' -f -a "(__fish_complete_directories)"';
  if (values === 'torrents') return ' -f -a "(__shoal_torrents)"';
  return ` -f -a ${quoted(values.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
