// The commands that move data: get, seed, stream. A command's module is loaded when it is called.
import { type Command, Option } from 'commander';
import type { GetOptions } from '../commands/get.ts';
import type { SeedOptions } from '../commands/seed.ts';
import type { StreamOptions } from '../commands/stream.ts';
import { parseHttp, parseRatio, parseSeconds } from '../option-values.ts';
import { examples, type Frame } from './frame.ts';
import {
  colorOption,
  dirOption,
  GROUP,
  grouped,
  jsonOption,
  peerOptions,
  selectionOptions,
  torrentOrLink,
  trackerOption,
} from './options.ts';

export function addTransferCommands(program: Command, frame: Frame): void {
  addGet(program, frame);
  addSeed(program, frame);
  addStream(program, frame);
}

function addGet(program: Command, { io, outcome }: Frame): void {
  const command = program
    .command('get')
    .summary('download torrents')
    .description('Downloads torrents. Run again, it goes on where it was.')
    .argument('<SOURCE...>', '.torrent files, http(s) URLs of them, magnet links or info-hashes');
  const options = [
    dirOption("folder that will hold the torrent's file or folder"),
    ...selectionOptions(),
    ...grouped(
      GROUP.files,
      new Option('--sequential', 'fetch the pieces in order'),
      new Option('--list', 'list the files and end'),
    ),
    ...peerOptions(),
    ...grouped(
      GROUP.limits,
      new Option('--timeout <SECONDS>', 'give up after so long in total').argParser(parseSeconds),
    ),
    ...grouped(
      GROUP.seeding,
      new Option('--seed', 'seed on when everything is there, until interrupted'),
      new Option('--seed-ratio <RATIO>', 'seed until so many times its size was uploaded').argParser(parseRatio),
      new Option('--seed-time <SECONDS>', 'seed for so long').argParser(parseSeconds),
    ),
    jsonOption('one event a line'),
    ...grouped(GROUP.output, new Option('--quiet', 'print errors alone')),
    colorOption(),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText(
      'after',
      examples(
        'shoal get debian.torrent',
        "shoal get 'magnet:?xt=urn:btih:…'",
        'shoal get https://example.org/a.torrent -d /srv --json',
        "shoal get album.torrent --select '*.flac' --limit-down 2M",
        'shoal get album.torrent --choose',
      ),
    )
    .action(async (sources: string[], options: GetOptions) => {
      outcome.streams = options.json === true && options.list !== true;
      const { get } = await import('../commands/get.ts');
      outcome.status = await get(sources, options, io);
    });
}

function addSeed(program: Command, { io, outcome }: Frame): void {
  const command = program
    .command('seed')
    .summary('seed what is on this disk')
    .description('Seeds existing data until interrupted. Of a path that is no .torrent it makes the torrent first.')
    .argument('<PATH|TORRENT...>', 'files and folders to seed, .torrent files, or http(s) URLs of them');
  const options = [
    dirOption('folder in which the data of a .torrent lie'),
    ...grouped(GROUP.files, new Option('--output <FILE>', 'write the torrent that was made')),
    ...grouped(
      GROUP.peers,
      trackerOption("announce to this tracker, instead of the torrent's own; again: a further tier"),
    ),
    ...peerOptions(),
    jsonOption('one event a line'),
    colorOption(),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText(
      'after',
      examples('shoal seed photos --tracker http://tracker.example/announce', 'shoal seed a.torrent -d /srv'),
    )
    .action(async (paths: string[], options: SeedOptions) => {
      outcome.streams = options.json === true;
      const { seed } = await import('../commands/seed.ts');
      outcome.status = await seed(paths, options, io);
    });
}

function addStream(program: Command, { io, outcome }: Frame): void {
  const command = program
    .command('stream')
    .summary('play files while they download')
    .description('Serves the files of a torrent over HTTP, whole or in ranges, while they download; until interrupted.')
    .addArgument(torrentOrLink('<SOURCE>'));
  const options = [
    ...grouped(
      GROUP.service,
      new Option('--http <HOST:PORT>', 'where to serve (default: 127.0.0.1, port chosen by the system)').argParser(
        parseHttp,
      ),
    ),
    dirOption("folder that will hold the torrent's file or folder"),
    ...selectionOptions(),
    ...peerOptions(),
    jsonOption('one event a line'),
    colorOption(),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText('after', examples('shoal stream film.torrent --http 8000', 'mpv http://127.0.0.1:8000/'))
    .action(async (source: string, options: StreamOptions) => {
      outcome.streams = options.json === true;
      const { stream } = await import('../commands/stream.ts');
      outcome.status = await stream(source, options, io);
    });
}
