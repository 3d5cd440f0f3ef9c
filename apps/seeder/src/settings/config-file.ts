// A configuration file: JSON, or TOML where its name ends in .toml. One level of keys, the flags' names.
import { readFile } from 'node:fs/promises';
import { parse as parseToml } from 'smol-toml';
import { SeederError, wordsFor } from '../errors.ts';

const MAX_BYTES = 1024 * 1024;

/** The keys and values as they stand there, unchecked. Rejects ERR_SEEDER_USAGE. */
export async function readConfigFile(path: string): Promise<ReadonlyMap<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new SeederError('ERR_SEEDER_USAGE', `cannot read the configuration ${path}: ${wordsFor(error)}`, error);
  }
  if (text.length > MAX_BYTES) {
    throw new SeederError('ERR_SEEDER_USAGE', `the configuration ${path} has more than ${MAX_BYTES} bytes`);
  }
  const isToml = path.endsWith('.toml');
  try {
    const value: unknown = isToml ? parseToml(text) : JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error('not an object of settings');
    return new Map(Object.entries(value));
  } catch (error) {
    const [reason = ''] = wordsFor(error).split('\n');
    const line = (error as { line?: unknown }).line;
    const where = typeof line === 'number' ? `, line ${line}` : '';
    const words = `the configuration ${path} is not ${isToml ? 'TOML' : 'JSON'}${where}: ${reason}`;
    throw new SeederError('ERR_SEEDER_USAGE', words, error);
  }
}
