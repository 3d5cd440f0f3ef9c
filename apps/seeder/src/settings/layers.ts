// Where settings come from, and which of them counts: flags before variables before the file before what holds unless told.
import { dirname, resolve } from 'node:path';
import { SeederError } from '../errors.ts';
import { ValueError } from './option-values.ts';
import {
  keyOf,
  OPTIONS,
  type Settings,
  type SwitchOption,
  VARIABLE_PREFIX,
  type ValueOption,
  variableOf,
} from './options.ts';

/** A value as it was written; numbers of a file as their text. */
type Raw = string | boolean | readonly string[];

interface Given {
  readonly raw: Raw;
  /** `--port`, `SHOAL_SEEDER_PORT`, `port in /etc/seeder.toml`. */
  readonly from: string;
}

export interface Layer {
  /** By the name of the setting; undefined where the layer says nothing. */
  get(name: keyof Settings): Given | undefined;
}

export interface Effective {
  readonly settings: Settings;
  /** As lines of TOML, with where each value came from; secrets are left out. */
  readonly text: string;
}

type AnyOption = SwitchOption | ValueOption<unknown>;
const NAMES = Object.keys(OPTIONS) as (keyof Settings)[];
const optionOf = (name: keyof Settings): AnyOption => OPTIONS[name] as AnyOption;

/** Of the values that commander read: text, lists of text, booleans. */
export function flagLayer(values: Readonly<Record<string, unknown>>): Layer {
  return {
    get: (name) => {
      const raw = values[name] as Raw | undefined;
      return raw === undefined ? undefined : { raw, from: name === 'dir' ? 'the argument DIR' : `--${keyOf(name)}` };
    },
  };
}

/** Throws ERR_SEEDER_USAGE for a variable that would be ours and is none. An empty one counts as not set. */
export function variableLayer(env: NodeJS.ProcessEnv): Layer {
  const known = new Set<string>([`${VARIABLE_PREFIX}CONFIG`, ...NAMES.map(variableOf)]);
  for (const variable of Object.keys(env)) {
    if (variable.startsWith(VARIABLE_PREFIX) && !known.has(variable)) {
      throw new SeederError('ERR_SEEDER_USAGE', `${variable}: there is no such setting`);
    }
  }
  return {
    get: (name) => {
      const variable = variableOf(name);
      const text = env[variable];
      if (text === undefined || text === '') return undefined;
      const option = optionOf(name);
      if (option.kind === 'list') return { raw: text.split(/[\s,]+/).filter((part) => part !== ''), from: variable };
      if (option.kind === 'value') return { raw: text, from: variable };
      const raw = { true: true, '1': true, yes: true, false: false, '0': false, no: false }[text.toLowerCase()];
      if (raw === undefined) throw wrong(variable, text, 'not true or false');
      return { raw, from: variable };
    },
  };
}

/** Throws ERR_SEEDER_USAGE for a key that is no setting, or a value of the wrong type. */
export function fileLayer(path: string, values: ReadonlyMap<string, unknown>): Layer {
  const known = new Map(NAMES.map((name) => [keyOf(name), name]));
  const given = new Map<keyof Settings, Given>();
  for (const [key, value] of values) {
    const name = known.get(key);
    const from = `${key} in ${path}`;
    if (!name) throw new SeederError('ERR_SEEDER_USAGE', `${from}: there is no such setting`);
    given.set(name, { raw: rawOf(optionOf(name), value, from, dirname(path)), from });
  }
  return { get: (name) => given.get(name) };
}

function rawOf(option: AnyOption, value: unknown, from: string, folder: string): Raw {
  const isText = (one: unknown): one is string | number | bigint =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'bigint';
  switch (option.kind) {
    case 'switch':
      if (typeof value !== 'boolean') throw wrong(from, value, 'not true or false');
      return value;
    case 'list':
      if (isText(value)) return [String(value)];
      if (!Array.isArray(value) || !value.every(isText)) throw wrong(from, value, 'not a list of texts');
      return value.map(String);
    case 'value':
      if (!isText(value)) throw wrong(from, value, 'neither a text nor a number', option.isSecret);
      return option.isPath ? resolve(folder, String(value)) : String(value);
  }
}

/** Throws ERR_SEEDER_USAGE that names the setting as it was written, its value, and what was expected. */
export function settle(layers: readonly Layer[]): Effective {
  const settings: Record<string, unknown> = {};
  const lines: string[] = [];
  for (const name of NAMES) {
    const option = optionOf(name);
    const given = layers.map((layer) => layer.get(name)).find((one) => one !== undefined);
    if (option.kind === 'switch') settings[name] = given?.raw ?? false;
    else settings[name] = parsedOf(option, given);
    lines.push(lineOf(name, option, given));
  }
  if (settings.dir === undefined) {
    throw new SeederError(
      'ERR_SEEDER_USAGE',
      `the folder to seed is missing: give DIR, ${variableOf('dir')}, or dir in a file`,
    );
  }
  return { settings: settings as unknown as Settings, text: lines.join('\n') };
}

function parsedOf(option: ValueOption<unknown>, given: Given | undefined): unknown {
  const parse = (text: string): unknown => {
    try {
      return option.parse(text);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw wrong(given?.from ?? 'the default', text, error.message, option.isSecret);
    }
  };
  if (option.kind === 'list') return ((given?.raw ?? []) as readonly string[]).map(parse);
  const raw = (given?.raw as string | undefined) ?? option.fallback;
  return raw === undefined ? undefined : parse(raw);
}

function lineOf(name: keyof Settings, option: AnyOption, given: Given | undefined): string {
  const key = keyOf(name);
  const from = given?.from ?? 'default';
  if (option.kind === 'switch') return `${key} = ${given?.raw ?? false}  # ${from}`;
  if (option.isSecret && given) return `# ${key} is set  # ${from}`;
  const raw = given?.raw ?? (option.kind === 'list' ? [] : option.fallback);
  return raw === undefined ? `# ${key} is not set` : `${key} = ${JSON.stringify(raw)}  # ${from}`;
}

function wrong(from: string, value: unknown, words: string, isSecret = false): SeederError {
  const shown = isSecret ? '' : ` '${typeof value === 'string' ? value : JSON.stringify(value)}'`;
  return new SeederError('ERR_SEEDER_USAGE', `${from}${shown}: ${words}`);
}
