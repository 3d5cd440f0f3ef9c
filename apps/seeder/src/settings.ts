// The command line, parsed once: from here on everything is checked. Unknown or wrong options are ERR_SEEDER_USAGE.
import { isIP } from 'node:net';
import { type HttpAddress, parseHttpAddress } from '@shoal/http-service';
import { normalizeIp, parseUrl } from '@shoal/primitives';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { SeederError } from './errors.ts';

export interface Settings {
  readonly dir: string;
  readonly http: HttpAddress;
  /** TCP port for peers; 0: chosen by the system. */
  readonly port: number;
  readonly bind: string | undefined;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly stateDir: string | undefined;
  readonly private: boolean;
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  shoal-seeder ./releases --http 0.0.0.0:8080 --port 6881
  shoal-seeder /srv/images --public-url https://images.example.org --state-dir /var/lib/shoal --json

Each file or folder at the top of DIR becomes a torrent; what begins with a dot is left out.
Exit status: 0 stopped by a signal; 1 the job failed; 2 wrong usage.`;

/** Answers the settings, or the text that --help and --version ask for. Throws SeederError ERR_SEEDER_USAGE. */
export function parseSettings(argv: readonly string[]): Settings | { readonly text: string } {
  let text = '';
  const command = new Command('shoal-seeder')
    .description('Seeds what lies in a folder, with a tracker and a page of its own.')
    .argument('<DIR>', 'the folder whose entries are seeded')
    .option('--http <HOST:PORT>', 'where the page and the tracker listen; HOST may be left out', httpAddress, {
      host: undefined,
      port: 8080,
    })
    .option('--port <N>', 'TCP port for peers (0: any free one)', port, 0)
    .option('--bind <ADDR>', 'local IP address for peers (default: all)', address)
    .option('--public-url <URL>', 'the address others reach the page by; the torrents name its /announce', publicUrl)
    .option('--state-dir <DIR>', 'where torrents and resume data are kept (default: .shoal-seeder in DIR)')
    .option('--private', 'make private torrents: peers come from this tracker alone', false)
    .option('--json', 'print one JSON object per line', false)
    .version(manifest.version)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (words) => {
        text += words;
      },
      writeErr: () => undefined,
    });
  command.configureHelp({
    optionDescription: (option) =>
      option.long === '--http' ? `${option.description} (default: 8080)` : option.description,
  });
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    const reason = error.message
      .replace(/^error: /, '')
      .replace(/ is invalid\. /, ' is invalid: ')
      .replaceAll('\n', ' ');
    throw new SeederError('ERR_SEEDER_USAGE', `${reason} (see shoal-seeder --help)`);
  }
  const options = command.opts<Omit<Settings, 'dir'>>();
  return {
    dir: command.args[0] as string,
    http: options.http,
    port: options.port,
    bind: options.bind,
    publicUrl: options.publicUrl,
    stateDir: options.stateDir,
    private: options.private,
    json: options.json,
  };
}

function httpAddress(text: string): HttpAddress {
  const parsed = parseHttpAddress(text);
  if (!parsed) throw new InvalidArgumentError('not HOST:PORT');
  return parsed;
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 65_535)) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return value;
}

function address(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('not an IP address');
  return normalizeIp(text) ?? text;
}

function publicUrl(text: string): string {
  const url = parseUrl(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '' || url.hash !== '') {
    throw new InvalidArgumentError('not an http or https URL without query and fragment');
  }
  if (url.username !== '' || url.password !== '') throw new InvalidArgumentError('it must not hold a password');
  return url.href.replace(/\/+$/, '');
}
