// The command line: its commands and options, and one run of it. A command's module is loaded when it is called, so that
// `--help` and `--version` cost next to nothing.
import { Argument, Command, CommanderError, Option } from 'commander';
import { version } from '../package.json';
import type { CreateOptions } from './commands/create.ts';
import type { GetOptions } from './commands/get.ts';
import type { SeedOptions } from './commands/seed.ts';
import type { StreamOptions } from './commands/stream.ts';
import type { TrackerOptions } from './commands/tracker.ts';
import type { VerifyOptions } from './commands/verify.ts';
import { EXIT, type ExitStatus, type Failure, failureOf, writeFailure } from './exit.ts';
import type { Io } from './io.ts';
import {
  again,
  parseHttp,
  parsePath,
  parsePeer,
  parsePieceLength,
  parsePort,
  parseRate,
  parseRatio,
  parseSeconds,
  parseTrackerUrl,
  parseWebSeedUrl,
  parseWholeSeconds,
} from './option-values.ts';
import { printable } from './output/printable.ts';
import { writeJson } from './output/write.ts';

/** Runs one command line (without `node` and the script's name). Never rejects, and never ends the process. */
export async function run(argv: readonly string[], io: Io): Promise<ExitStatus> {
  const outcome: Outcome = { status: EXIT.done, streams: false };
  const program = createProgram(io, outcome);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const command = program.commands.find((candidate) => candidate.name() === argv[0]);
    const failure = error instanceof CommanderError ? usageFailure(error, command) : failureIn(error, io);
    if (outcome.streams) {
      writeJson(io.stdout, { event: 'error', infoHash: null, code: failure.code, message: failure.message });
    }
    writeFailure(io.stderr, failure, { enabled: io.env.SHOAL_DEBUG === '1', error });
    return failure.status;
  }
}

interface FactsCommand {
  readonly summary: string;
  readonly description?: string;
  /** What `--json` prints. */
  readonly json: string;
  readonly example: string;
  /** Its module is loaded when it is called. */
  readonly load: () => Promise<(source: string, options: { json?: boolean }, io: Io) => Promise<ExitStatus>>;
}

interface Outcome {
  status: ExitStatus;
  /** Stdout carries a JSON object a line, each with an event: the final error is one too. */
  streams: boolean;
}

function failureIn(error: unknown, io: Io): Failure {
  const failure = failureOf(error);
  if (!io.signal.aborted || failure.status === EXIT.interrupted) return failure;
  return { status: EXIT.interrupted, code: 'ERR_INTERRUPTED', message: 'interrupted' };
}

/** The library writes sentences, and puts its suggestion on a line of its own. */
function usageFailure({ code, message }: CommanderError, command: Command | undefined): Failure {
  const text = code === 'commander.help' ? 'no command given' : message.replace(/^error: /, '');
  const [what = '', suggestion] = text.split('\n').map((line) => line.trim());
  const reason = what.replace(/(is invalid|for '\w+')\. /, '$1: ').replace(/\.$/, '');
  const help = `see shoal ${command === undefined ? '' : `${command.name()} `}--help`;
  return {
    status: EXIT.wrong,
    code: 'ERR_USAGE',
    message: printable(`${reason} (${suggestion?.replace(/^\((.*)\)$/, '$1') ?? help})`),
  };
}

function createProgram(io: Io, outcome: Outcome): Command {
  const program = new Command('shoal')
    .description('Download, seed, create and inspect torrents.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // The one line about an error is written in `run`.
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .helpCommand(false)
    .addHelpText('after', examples('shoal get debian.torrent --dir ~/Downloads'));

  const end = async (status: Promise<ExitStatus>): Promise<void> => {
    outcome.status = await status;
  };
  const json = (what: string): Option => new Option('--json', `print ${what} as JSON`);
  const peer = (): Option =>
    new Option('--peer <HOST:PORT>', 'a peer to connect to; may be given again').argParser(again(parsePeer));
  const port = (): Option =>
    new Option('--port <PORT>', 'TCP port to listen on (default: chosen by the system)').argParser(parsePort);
  const bind = (): Option => new Option('--bind <ADDRESS>', 'local address of all connections');
  const limitDown = (): Option =>
    new Option('--limit-down <RATE>', 'download at most so many bytes a second, such as 500K or 2M').argParser(
      parseRate,
    );
  const limitUp = (): Option =>
    new Option('--limit-up <RATE>', 'upload at most so many bytes a second').argParser(parseRate);
  const ipFilter = (): Option => new Option('--ip-filter <FILE>', 'addresses that may not be peers, one range a line');
  const select = (): Option =>
    new Option('--select <GLOB>', 'only files whose path matches; may be given again').argParser(again(asItIs));
  const trackers = (description: string): Option =>
    new Option('--tracker <URL>', description).argParser(again(parseTrackerUrl));

  const torrentFile = (name: string): Argument => new Argument(name, 'a .torrent file, or the http(s) URL of one');
  /** A command that prints facts about one torrent. */
  const aboutTorrent = (name: string, texts: FactsCommand): void => {
    const command = program.command(name).summary(texts.summary);
    if (texts.description) command.description(texts.description);
    command
      .addArgument(torrentFile('<SOURCE>'))
      .addOption(json(texts.json))
      .addHelpText('after', examples(texts.example))
      .action(async (source: string, options: { json?: boolean }) => {
        const run = await texts.load();
        await end(run(source, options, io));
      });
  };

  program
    .command('get')
    .summary('download torrents')
    .description('Downloads torrents. Run again, it goes on where it was.')
    .argument('<SOURCE...>', '.torrent files, or http(s) URLs of them')
    .option('-d, --dir <DIR>', "folder that will hold the torrent's file or folder (default: here)")
    .addOption(peer())
    .addOption(port())
    .addOption(bind())
    .addOption(limitDown())
    .addOption(limitUp())
    .addOption(ipFilter())
    .addOption(select())
    .option('--sequential', 'fetch the pieces in order')
    .addOption(new Option('--timeout <SECONDS>', 'give up after so long in total').argParser(parseSeconds))
    .option('--seed', 'seed on when everything is there, until interrupted')
    .addOption(
      new Option('--seed-ratio <RATIO>', 'seed until so many times its size was uploaded').argParser(parseRatio),
    )
    .addOption(new Option('--seed-time <SECONDS>', 'seed for so long').argParser(parseSeconds))
    .option('--list', 'list the files and end')
    .addOption(json('one event a line'))
    .option('--quiet', 'print errors alone')
    .option('--no-color', 'no colours (as with NO_COLOR=1)')
    .addHelpText(
      'after',
      examples(
        'shoal get debian.torrent',
        'shoal get https://example.org/a.torrent -d /srv --json',
        "shoal get album.torrent --select '*.flac' --limit-down 2M",
      ),
    )
    .action(async (sources: string[], options: GetOptions) => {
      outcome.streams = options.json === true && options.list !== true;
      const { get } = await import('./commands/get.ts');
      await end(get(sources, options, io));
    });

  program
    .command('seed')
    .summary('seed what is on this disk')
    .description('Seeds existing data until interrupted. Of a path that is no .torrent it makes the torrent first.')
    .argument('<PATH|TORRENT...>', 'files and folders to seed, .torrent files, or http(s) URLs of them')
    .option('-d, --dir <DIR>', 'folder in which the data of a .torrent lie (default: here)')
    .addOption(trackers("announce to this tracker, instead of the torrent's own; again: a further tier"))
    .addOption(peer())
    .addOption(port())
    .addOption(bind())
    .addOption(limitDown())
    .addOption(limitUp())
    .addOption(ipFilter())
    .option('--output <FILE>', 'write the torrent that was made')
    .addOption(json('one event a line'))
    .addHelpText(
      'after',
      examples('shoal seed photos --tracker http://tracker.example/announce', 'shoal seed a.torrent -d /srv'),
    )
    .action(async (paths: string[], options: SeedOptions) => {
      outcome.streams = options.json === true;
      const { seed } = await import('./commands/seed.ts');
      await end(seed(paths, options, io));
    });

  program
    .command('stream')
    .summary('play files while they download')
    .description('Serves the files of a torrent over HTTP, whole or in ranges, while they download; until interrupted.')
    .addArgument(torrentFile('<SOURCE>'))
    .option('-d, --dir <DIR>', "folder that will hold the torrent's file or folder (default: here)")
    .addOption(select())
    .addOption(
      new Option('--http <HOST:PORT>', 'where to serve (default: 127.0.0.1, port chosen by the system)').argParser(
        parseHttp,
      ),
    )
    .addOption(peer())
    .addOption(port())
    .addOption(bind())
    .addOption(limitDown())
    .addOption(limitUp())
    .addOption(ipFilter())
    .addOption(json('one event a line'))
    .addHelpText('after', examples('shoal stream film.torrent --http 8000', 'mpv http://127.0.0.1:8000/'))
    .action(async (source: string, options: StreamOptions) => {
      outcome.streams = options.json === true;
      const { stream } = await import('./commands/stream.ts');
      await end(stream(source, options, io));
    });

  program
    .command('create')
    .summary('make a .torrent')
    .description(
      'Makes a .torrent of a file or folder. With --no-date or SOURCE_DATE_EPOCH, equal data give equal bytes.',
    )
    .argument('<PATH>', 'the file or folder')
    .option('-o, --output <FILE>', 'where to write it (default: NAME.torrent, here)')
    .addOption(trackers('a tracker; again: a further tier'))
    .addOption(
      new Option('--web-seed <URL>', 'a web server that has the data; may be given again').argParser(
        again(parseWebSeedUrl),
      ),
    )
    .addOption(new Option('--piece-length <SIZE>', 'such as 256K or 1M (default: by size)').argParser(parsePieceLength))
    .option('--private', 'peers from its trackers only')
    .option('--source <TEXT>', 'the tracker a private torrent is for; changes the info-hash')
    .option('--comment <TEXT>', 'a remark')
    .option('--no-date', 'no creation date')
    .addOption(json('what was made'))
    .addHelpText('after', examples('shoal create photos --tracker http://tracker.example/announce'))
    .action(async (path: string, options: CreateOptions) => {
      const { create } = await import('./commands/create.ts');
      await end(create(path, options, io));
    });

  aboutTorrent('info', {
    summary: 'show what a torrent says',
    json: 'it',
    example: 'shoal info debian.torrent --json',
    load: async () => (await import('./commands/info.ts')).info,
  });

  program
    .command('verify')
    .summary('check data against a torrent')
    .description('Tells which pieces and files are whole. Status 1 when something is missing.')
    .addArgument(torrentFile('<TORRENT>'))
    .argument('<DIR>', "the folder that holds the torrent's file or folder")
    .addOption(json('the result'))
    .addHelpText('after', examples('shoal verify debian.torrent ~/Downloads'))
    .action(async (source: string, dir: string, options: VerifyOptions) => {
      const { verify } = await import('./commands/verify.ts');
      await end(verify(source, dir, options, io));
    });

  program
    .command('tracker')
    .summary('run a tracker')
    .description(
      'Runs a tracker over HTTP, UDP or both until interrupted. Lists are read again when their files change.',
    )
    .addOption(new Option('--http <PORT>', 'TCP port; 0: chosen by the system').argParser(parsePort))
    .addOption(new Option('--udp <PORT>', 'UDP port; 0: chosen by the system').argParser(parsePort))
    .option('--host <ADDRESS>', 'address to listen on (default: all)')
    .option('--allow <FILE>', 'serve these torrents alone: one info-hash a line')
    .option('--deny <FILE>', 'never serve these torrents')
    .addOption(
      new Option('--interval <SECONDS>', 'how often a peer announces (default: 1800)').argParser(parseWholeSeconds),
    )
    .addOption(
      new Option('--trust-proxy <ADDRESS>', 'a proxy whose X-Forwarded-For counts; may be given again').argParser(
        again(asItIs),
      ),
    )
    .option('--passkeys <FILE>', 'serve http://.../PASSKEY/announce alone: one passkey a line')
    .addOption(
      new Option('--stats <PATH>', 'where the page with figures stands (default: /stats)').argParser(parsePath),
    )
    .option('--no-stats', 'no page, no /metrics')
    .option('--state <FILE>', 'keep the swarms over a restart')
    .option('--full-scrape', 'answer all torrents to a scrape that names none')
    .addOption(json('one event a line'))
    .addHelpText(
      'after',
      examples(
        'shoal tracker --http 6969 --udp 6969',
        'shoal tracker --udp 6969 --allow torrents.txt --state /var/lib/shoal/swarms',
        'shoal tracker --http 8080 --host 127.0.0.1 --trust-proxy 127.0.0.1',
      ),
    )
    .action(async (options: TrackerOptions) => {
      outcome.streams = options.json === true;
      const { tracker } = await import('./commands/tracker.ts');
      await end(tracker(options, io));
    });

  aboutTorrent('announce', {
    summary: "ask a torrent's trackers",
    description: 'Asks every tracker of a torrent and shows what each said. Status 1 when none answered.',
    json: 'what they said',
    example: 'shoal announce debian.torrent',
    load: async () => (await import('./commands/announce.ts')).announce,
  });

  aboutTorrent('scrape', {
    summary: "ask a torrent's trackers for counts",
    description: 'Asks every tracker how many seed and download, without taking part. Status 1 when none answered.',
    json: 'what they said',
    example: 'shoal scrape debian.torrent',
    load: async () => (await import('./commands/scrape.ts')).scrape,
  });

  return program;
}

function asItIs(text: string): string {
  return text;
}

function examples(...lines: readonly string[]): string {
  return `\n${lines.length > 1 ? 'Examples' : 'Example'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
