// What shells need to know of the command line, read out of commander's definition of it: so it cannot get stale.
import type { Argument, Command, Option } from 'commander';
import { isRepeatable } from '../command-line/options.ts';

/** What may stand at a place. */
export type Values = 'torrents' | 'files' | 'folders' | 'anything' | readonly string[];

export interface OptionGrammar {
  /** With dashes: `--dir`, and `-d` where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** What it takes; null where it takes nothing. */
  readonly value: { readonly name: string; readonly values: Values } | null;
  readonly repeatable: boolean;
}

export interface CommandGrammar {
  /** Of a command within another one both names: `dht ping`. */
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionGrammar[];
  /** Its arguments in order; the last one counts for all that follow where `variadic`. */
  readonly arguments: readonly { readonly name: string; readonly values: Values; readonly variadic: boolean }[];
}

export interface Grammar {
  readonly commands: readonly CommandGrammar[];
  /** Those within others, whose first argument they are. */
  readonly nested: readonly CommandGrammar[];
  /** Those of the program itself, which may stand behind a command too. */
  readonly options: readonly OptionGrammar[];
}

export function grammarOf(program: Command): Grammar {
  return {
    options: optionsOf(program),
    commands: program.commands.map((command) => commandOf(command)),
    nested: program.commands.flatMap((group) =>
      group.commands.map((command) => commandOf(command, `${group.name()} `)),
    ),
  };
}

function commandOf(command: Command, prefix = ''): CommandGrammar {
  const within = command.commands.map((nested) => nested.name());
  const called = { name: 'COMMAND', values: within, variadic: false };
  return {
    name: prefix + command.name(),
    description: command.summary(),
    options: optionsOf(command),
    arguments: within.length > 0 ? [called] : command.registeredArguments.map(argumentOf),
  };
}

function argumentOf(argument: Argument): CommandGrammar['arguments'][number] {
  const values = argument.argChoices ?? valuesOf(argument);
  return { name: argument.name(), values, variadic: argument.variadic };
}

/** Those that take a value, by name: in every command that has one of the name it takes one. */
export function optionsWithValue({ options }: Pick<Grammar, 'options'>): string[] {
  return options.filter(({ value }) => value !== null).flatMap(({ names }) => names);
}

function optionsOf(command: Command): OptionGrammar[] {
  // `--help` is none of `options`: the help page adds it.
  const visible = command.createHelp().visibleOptions(command);
  return visible.map((option) => ({
    names: [option.long, option.short].filter((name) => name !== undefined),
    description: option.description,
    value: valueTakenBy(option),
    repeatable: isRepeatable(option),
  }));
}

function valueTakenBy(option: Option): OptionGrammar['value'] {
  const name = /<([^>]+)>/.exec(option.flags)?.[1];
  if (name === undefined) return null;
  const values = option.argChoices ?? (name === 'DIR' ? 'folders' : name === 'FILE' ? 'files' : 'anything');
  return { name, values };
}

function valuesOf(argument: Argument): Values {
  const name = argument.name();
  if (name === 'DIR') return 'folders';
  if (name.startsWith('PATH')) return 'files';
  return name === 'SOURCE' || name === 'TORRENT' ? 'torrents' : 'anything';
}
