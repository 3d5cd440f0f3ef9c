// The program's settings, from the command line, the environment and a file, read once: from here on everything is checked.
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { SeederError } from '../errors.ts';
import { readConfigFile } from './config-file.ts';
import { fileLayer, flagLayer, settle, variableLayer } from './layers.ts';
import { keyOf, OPTIONS, type Settings, type SwitchOption, VARIABLE_PREFIX, type ValueOption } from './options.ts';

const EXAMPLES = `
Each option is also a variable, SHOAL_SEEDER_LIMIT_UP for --limit-up, and a key of a file, limit-up. Flags count before
variables, variables before the file.

Examples:
  shoal-seeder ./releases --http 0.0.0.0:8080 --port 6881
  shoal-seeder /srv/images --public-url https://images.example.org --limit-up 20M --json
  shoal-seeder --config /etc/shoal-seeder.toml --print-config

Each file or folder at the top of DIR becomes a torrent, while the seeder runs too; names that begin with a dot or look
unfinished (.part, .tmp, ~) are left out. SIGHUP looks at the folder at once.
Exit status: 0 stopped by a signal; 1 the job failed; 2 wrong usage.`;

/** Answers the settings, or the text that --help, --version and --print-config ask for. Rejects ERR_SEEDER_USAGE. */
export async function readSettings(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Settings | { readonly text: string }> {
  const flags = parseFlags(argv);
  if ('text' in flags) return flags;
  const { config: named, printConfig, ...values } = flags.values;
  const config = (named as string | undefined) ?? (env[`${VARIABLE_PREFIX}CONFIG`] || undefined);
  const layers = [flagLayer(values), variableLayer(env)];
  if (config !== undefined) {
    const path = resolve(config);
    layers.push(fileLayer(path, await readConfigFile(path)));
  }
  const { settings, text } = settle(layers);
  return printConfig === true ? { text } : settings;
}

function parseFlags(
  argv: readonly string[],
): { readonly values: Readonly<Record<string, unknown>> } | { readonly text: string } {
  let text = '';
  const command = new Command('shoal-seeder')
    .description('Seeds what lies in a folder, with a tracker and a page of its own.')
    .argument('[DIR]', OPTIONS.dir.help);
  for (const [name, option] of Object.entries(OPTIONS) as [string, SwitchOption | ValueOption<unknown>][]) {
    if (name === 'dir') continue;
    const flag = `--${keyOf(name)}`;
    if (option.kind === 'switch') {
      command.addOption(new Option(flag, option.help));
      // For what a file or a variable switched on.
      command.addOption(new Option(`--no-${keyOf(name)}`, option.help).hideHelp());
      continue;
    }
    const words = option.fallback === undefined ? option.help : `${option.help} (default: ${option.fallback})`;
    const parsed = new Option(`${flag} <${option.argument}>`, words);
    if (option.kind === 'list') {
      parsed.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
    }
    command.addOption(parsed);
  }
  command
    .option('--config <FILE>', 'read settings from it: JSON, or TOML where it ends in .toml')
    .option('--print-config', 'show the settings that count and where each came from, and end')
    .version(manifest.version)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (words) => {
        text += words;
      },
      writeErr: () => undefined,
    });
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    const reason = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    throw new SeederError('ERR_SEEDER_USAGE', reason);
  }
  return { values: { ...command.opts(), dir: command.args[0] } };
}
