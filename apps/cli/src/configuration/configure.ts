// From the configuration file to the options of one command: a key is the long name of an option, and its value goes the
// same way as on the command line, which wins. The whole file is checked, whatever command is called.
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { isRepeatable } from '../command-line/options.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { closest } from './closest.ts';
import { type ConfigFile, isObject, readConfig } from './read-config.ts';

/** What means the same in every command: only these may stand outside of a command's section. */
const GENERAL: ReadonlySet<string> = new Set([
  ...['dir', 'port', 'bind', 'peer', 'ip-filter', 'limit-down', 'limit-up', 'json', 'color'],
  ...['dht', 'dht-bootstrap', 'pex', 'lsd'],
]);

/** What is said for one run: a file would say it for all. */
const NEVER: ReadonlySet<string> = new Set(['help', 'list', 'choose', 'output']);

/** Sets what the command line did not. Rejects with ERR_CONFIG. */
export async function configure(program: Command, command: Command, io: Io): Promise<void> {
  const file = await readConfig(program.opts<{ config?: string }>().config, io);
  if (file === undefined) return;
  const settings = new Map<string, unknown>();
  const home = io.env.HOME || homedir();
  const set = (target: Command, key: string, value: unknown, place: string): void => {
    const option = optionOf(target, key);
    if (option === undefined) return;
    const mayBeFalse = optionsOf(target, key).some(({ negate }) => negate);
    const parsed = settingFor(option, value, { file, place, home, mayBeFalse });
    if (target === command) settings.set(option.attributeName(), parsed);
  };
  const { general, sections } = divided(file, program);
  for (const [key, value] of general) {
    for (const target of program.commands.flatMap(within)) {
      // Theirs is not the port that a client listens on, which would be taken while one runs.
      if (key === 'port' && target.parent !== program) continue;
      set(target, key, value, `"${key}"`);
    }
  }
  // The command's own section is more to the point, and so comes later.
  for (const [target, values] of sections) {
    for (const [key, value] of Object.entries(values)) {
      const owners = within(target).filter((owner) => optionOf(owner, key) !== undefined);
      if (owners.length === 0) throw unknownKey(file, key, keysOf(target), target);
      for (const owner of owners) set(owner, key, value, `"${target.name()}"."${key}"`);
    }
  }
  for (const [name, value] of settings) {
    if (command.getOptionValueSource(name) === 'cli') continue;
    command.setOptionValueWithSource(name, value, 'config');
  }
}

/** An object is a command's section, anything else a general key. */
function divided(
  file: ConfigFile,
  program: Command,
): { general: [string, unknown][]; sections: [Command, Readonly<Record<string, unknown>>][] } {
  const general: [string, unknown][] = [];
  const sections: [Command, Readonly<Record<string, unknown>>][] = [];
  const named = new Map(program.commands.map((command) => [command.name(), command]));
  for (const [key, value] of Object.entries(file.values)) {
    const command = named.get(key);
    if (command && isObject(value)) sections.push([command, value]);
    else if (GENERAL.has(key)) general.push([key, value]);
    else {
      const owners = program.commands.filter((owner) =>
        within(owner).some((each) => optionOf(each, key) !== undefined),
      );
      const [owner] = owners;
      if (owner) {
        const names = owners.map((each) => `"${each.name()}"`).join(' or ');
        throw wrong(file, `the key "${key}" belongs into the section of a command: ${names}`);
      }
      throw unknownKey(file, key, [...GENERAL, ...named.keys()]);
    }
  }
  return { general, sections };
}

/** A command, and those within it, which have its section in common. */
function within(command: Command): Command[] {
  return [command, ...command.commands];
}

/** By its long name: `no-date` is `date`, which may be false. */
function optionOf(command: Command, key: string): Option | undefined {
  const options = optionsOf(command, key);
  return options.find(({ negate }) => !negate) ?? options[0];
}

function optionsOf(command: Command, key: string): Option[] {
  return NEVER.has(key) ? [] : command.options.filter((option) => nameOf(option) === key);
}

function keysOf(command: Command): string[] {
  const options = within(command).flatMap((each) => each.options);
  return [...new Set(options.map(nameOf))].filter((key) => !NEVER.has(key));
}

function nameOf({ long }: Option): string {
  return (long ?? '').replace(/^--(?:no-)?/, '');
}

interface Place {
  readonly file: ConfigFile;
  /** The key, as it stands in the file. */
  readonly place: string;
  readonly home: string;
  /** There is a `--no-` of it. */
  readonly mayBeFalse: boolean;
}

/** What the command line would have made of it; false where it would not have been given. */
function settingFor(option: Option, value: unknown, where: Place): unknown {
  const { file, place, mayBeFalse } = where;
  const takesNothing = !option.required;
  if (takesNothing || value === false) {
    if (typeof value !== 'boolean') throw wrong(file, `${place} is true or false, not ${shown(value)}`);
    if (!takesNothing && !mayBeFalse) throw wrong(file, `${place} is a text or a number, not false`);
    return value;
  }
  const all: readonly unknown[] = isRepeatable(option) && Array.isArray(value) ? value : [value];
  let parsed: unknown;
  for (const item of all) {
    if (typeof item !== 'string' && typeof item !== 'number') {
      const kinds = isRepeatable(option) ? 'a text, a number or a list of them' : 'a text or a number';
      throw wrong(file, `${place} is ${kinds}, not ${shown(item)}`);
    }
    parsed = parsedBy(option, pathOrText(option, String(item), where), parsed, where);
  }
  return parsed;
}

function parsedBy(option: Option, text: string, before: unknown, { file, place }: Place): unknown {
  if (!option.parseArg) return text;
  try {
    return option.parseArg(text, before);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw wrong(file, `${place} is invalid: ${error.message.replace(/\.$/, '')}`, error);
  }
}

/** Paths are relative to the file that says them; the shell, which knows `~`, has no part in it. */
function pathOrText(option: Option, text: string, { file, home }: Place): string {
  if (!/<(?:DIR|FILE)>/.test(option.flags)) return text;
  return /^~(?=\/|$)/.test(text) ? join(home, text.slice(1)) : resolve(dirname(file.path), text);
}

function unknownKey(file: ConfigFile, key: string, keys: readonly string[], command?: Command): CliError {
  const suggestion = closest(key, keys);
  const where = command === undefined ? '' : ` of "${command.name()}"`;
  const hint = suggestion === undefined ? `known are ${keys.join(', ')}` : `did you mean "${suggestion}"?`;
  return wrong(file, `the key "${key}"${where} is unknown`, undefined, hint);
}

function wrong({ path }: ConfigFile, what: string, cause?: unknown, hint?: string): CliError {
  return new CliError('ERR_CONFIG', `the configuration ${path}: ${what}`, { status: EXIT.wrong, cause, hint });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
