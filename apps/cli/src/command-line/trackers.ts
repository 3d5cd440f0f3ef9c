// The commands about trackers: tracker, announce, scrape. A command's module is loaded when it is called.
import { type Command, Option } from 'commander';
import type { TrackerOptions } from '../commands/tracker.ts';
import type { ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { parsePath, parsePort, parseWholeSeconds } from '../option-values.ts';
import { examples, type Frame } from './frame.ts';
import { again, asItIs, GROUP, grouped, jsonOption, torrentFile } from './options.ts';

export function addTrackerCommands(program: Command, frame: Frame): void {
  addTracker(program, frame);
  addQuestion(program, frame, {
    name: 'announce',
    summary: "ask a torrent's trackers",
    description: 'Asks every tracker of a torrent and shows what each said. Status 1 when none answered.',
    load: async () => (await import('../commands/announce.ts')).announce,
  });
  addQuestion(program, frame, {
    name: 'scrape',
    summary: "ask a torrent's trackers for counts",
    description: 'Asks every tracker how many seed and download, without taking part. Status 1 when none answered.',
    load: async () => (await import('../commands/scrape.ts')).scrape,
  });
}

interface Question {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly load: () => Promise<(source: string, options: { json?: boolean }, io: Io) => Promise<ExitStatus>>;
}

function addQuestion(program: Command, { io, outcome }: Frame, question: Question): void {
  program
    .command(question.name)
    .summary(question.summary)
    .description(question.description)
    .addArgument(torrentFile('<SOURCE>'))
    .addOption(jsonOption('what they said'))
    .addHelpText('after', examples(`shoal ${question.name} debian.torrent`))
    .action(async (source: string, options: { json?: boolean }) => {
      const ask = await question.load();
      outcome.status = await ask(source, options, io);
    });
}

function addTracker(program: Command, { io, outcome }: Frame): void {
  const command = program
    .command('tracker')
    .summary('run a tracker')
    .description(
      'Runs a tracker over HTTP, UDP or both until interrupted. Lists are read again when their files change.',
    );
  const options = [
    ...grouped(
      GROUP.service,
      new Option('--http <PORT>', 'TCP port; 0: chosen by the system').argParser(parsePort),
      new Option('--udp <PORT>', 'UDP port; 0: chosen by the system').argParser(parsePort),
      new Option('--host <ADDRESS>', 'address to listen on (default: all)'),
      new Option('--interval <SECONDS>', 'how often a peer announces (default: 1800)').argParser(parseWholeSeconds),
      new Option('--state <FILE>', 'keep the swarms over a restart'),
      new Option('--full-scrape', 'answer all torrents to a scrape that names none'),
    ),
    ...grouped(
      GROUP.access,
      new Option('--allow <FILE>', 'serve these torrents alone: one info-hash a line'),
      new Option('--deny <FILE>', 'never serve these torrents'),
      new Option('--passkeys <FILE>', 'serve http://.../PASSKEY/announce alone: one passkey a line'),
      again(new Option('--trust-proxy <ADDRESS>', 'a proxy whose X-Forwarded-For counts; may be given again'), asItIs),
    ),
    ...grouped(
      GROUP.output,
      new Option('--stats <PATH>', 'where the page with figures stands (default: /stats)').argParser(parsePath),
      new Option('--no-stats', 'no page, no /metrics'),
      jsonOption('one event a line'),
    ),
  ];
  for (const option of options) command.addOption(option);
  command
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
      const { tracker } = await import('../commands/tracker.ts');
      outcome.status = await tracker(options, io);
    });
}
