// One run of the command line: its frame, and how it ends. What the commands are stands in `command-line/`.
import { Argument, Command, CommanderError, Option } from 'commander';
import { version } from '../package.json';
import { addDhtCommands } from './command-line/dht.ts';
import { examples, type Frame, type Outcome } from './command-line/frame.ts';
import { addTorrentCommands } from './command-line/torrents.ts';
import { addTrackerCommands } from './command-line/trackers.ts';
import { addTransferCommands } from './command-line/transfers.ts';
import { SHELLS, type Shell } from './completions/shells.ts';
import { CliError, EXIT, type ExitStatus, type Failure, failureOf, writeFailure } from './exit.ts';
import type { Io } from './io.ts';
import { printable } from './output/printable.ts';
import { writeJson } from './output/write.ts';

/** Runs one command line (without `node` and the script's name). Never rejects, and never ends the process. */
export async function run(argv: readonly string[], io: Io): Promise<ExitStatus> {
  const outcome: Outcome = { status: EXIT.done, streams: false };
  const program = createProgram({ io, outcome });
  try {
    if (argv.length === 0) throw nothingGiven(io);
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const failure = error instanceof CommanderError ? usageFailure(error, pathOf(program, argv)) : failureIn(error, io);
    if (outcome.streams) {
      writeJson(io.stdout, { event: 'error', infoHash: null, code: failure.code, message: failure.message });
    }
    writeFailure(io.stderr, failure, { enabled: io.env.SHOAL_DEBUG === '1', error });
    return failure.status;
  }
}

const FIRST_STEPS = `shoal: a BitTorrent client for the command line

  shoal get debian.torrent           download it here; run again, it goes on
  shoal info debian.torrent          what is in it
  shoal create photos                make photos.torrent of a folder
  shoal seed photos.torrent          give others what you have

  shoal --help                       every command
  shoal COMMAND --help               what it can do, with examples

`;

function nothingGiven({ stderr }: Io): CliError {
  stderr.write(FIRST_STEPS);
  return new CliError('ERR_USAGE', 'no command given', { status: EXIT.wrong, hint: 'see shoal --help' });
}

function failureIn(error: unknown, io: Io): Failure {
  const failure = failureOf(error);
  if (!io.signal.aborted || failure.status === EXIT.interrupted) return failure;
  return { status: EXIT.interrupted, code: 'ERR_INTERRUPTED', message: 'interrupted' };
}

/** The library writes sentences, and puts its suggestion on a line of its own. */
function usageFailure({ code, message }: CommanderError, path: readonly string[]): Failure {
  const text = code === 'commander.help' ? 'no command given' : message.replace(/^error: /, '');
  const [what = '', suggestion] = text.split('\n').map((line) => line.trim());
  const reason = what.replace(/(is invalid|for '[\w:]+')\. /, '$1: ').replace(/\.$/, '');
  const help = `see ${['shoal', ...path, '--help'].join(' ')}`;
  return {
    status: EXIT.wrong,
    code: 'ERR_USAGE',
    message: printable(`${reason} (${suggestion?.replace(/^\((.*)\)$/, '$1') ?? help})`),
  };
}

/** The names of the command that was called, and of the one within it. */
function pathOf(command: Command, argv: readonly string[]): string[] {
  for (const [at, word] of argv.entries()) {
    const called = command.commands.find((candidate) => candidate.name() === word);
    if (called) return [word, ...pathOf(called, argv.slice(at + 1))];
  }
  return [];
}

function createProgram(frame: Frame): Command {
  const { io, outcome } = frame;
  const program = new Command('shoal')
    .description('Download, seed, create and inspect torrents.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help')
    .addOption(new Option('--config <FILE>', 'the configuration file (default: ~/.config/shoal/config.json)'))
    .addOption(new Option('--no-config', 'read no configuration file'))
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // The one line about an error is written in `run`.
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(io.stdout.columns),
      getErrHelpWidth: () => helpWidth(io.stderr.columns),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .addHelpText('after', examples('shoal get debian.torrent --dir ~/Downloads', 'shoal get --help'))
    .hook('preAction', async (_, command) => {
      if (command.name() === 'completions' || program.opts<{ config?: unknown }>().config === false) return;
      const { configure } = await import('./configuration/configure.ts');
      await configure(program, command, io);
    });
  program.commandsGroup('Data:');
  addTransferCommands(program, frame);
  program.commandsGroup('Torrent files:');
  addTorrentCommands(program, frame);
  program.commandsGroup('Trackers:');
  addTrackerCommands(program, frame);
  program.commandsGroup('DHT:');
  addDhtCommands(program, frame);
  program.commandsGroup('Shell:');
  program
    .command('completions')
    .summary('make your shell complete commands and options')
    .description('Prints what a shell reads to complete commands, options and files.')
    .addArgument(new Argument('<SHELL>', 'your shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        'shoal completions bash >> ~/.bash_completion',
        'shoal completions zsh > ~/.zsh/_shoal   # a folder of $fpath',
        'shoal completions fish > ~/.config/fish/completions/shoal.fish',
      ),
    )
    .action(async (shell: Shell) => {
      const { completions } = await import('./completions/completions.ts');
      outcome.status = completions(program, shell, io);
    });
  return program;
}

/** Lines of 160 columns are hard to read; fewer than 40 cannot be wrapped well. */
function helpWidth(columns = 80): number {
  return Math.max(40, Math.min(columns, 100));
}
