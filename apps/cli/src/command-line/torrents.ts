// The commands about .torrent files: create, info, magnet, edit, verify. A command's module is loaded when it is called.
import { type Command, Option } from 'commander';
import type { CreateOptions } from '../commands/create.ts';
import type { EditOptions } from '../commands/edit.ts';
import type { VerifyOptions } from '../commands/verify.ts';
import { parsePieceLength, parseTrackerUrl, parseWebSeedUrl } from '../option-values.ts';
import { examples, type Frame } from './frame.ts';
import { again, GROUP, grouped, jsonOption, torrentFile, trackerOption, webSeedOption } from './options.ts';

export function addTorrentCommands(program: Command, frame: Frame): void {
  addCreate(program, frame);
  addInfo(program, frame);
  addMagnet(program, frame);
  addEdit(program, frame);
  addVerify(program, frame);
}

function addCreate(program: Command, { io, outcome }: Frame): void {
  const command = program
    .command('create')
    .summary('make a .torrent')
    .description(
      'Makes a .torrent of a file or folder. With --no-date or SOURCE_DATE_EPOCH, equal data give equal bytes.',
    )
    .argument('<PATH>', 'the file or folder');
  const options = [
    ...grouped(
      GROUP.content,
      trackerOption('a tracker; again: a further tier'),
      webSeedOption('a web server that has the data; may be given again'),
      new Option('--comment <TEXT>', 'a remark'),
      new Option('--no-date', 'no creation date'),
    ),
    ...grouped(
      GROUP.torrent,
      new Option('--piece-length <SIZE>', 'such as 256K or 1M (default: by size)').argParser(parsePieceLength),
      new Option('--private', 'peers from its trackers only'),
      new Option('--source <TEXT>', 'the tracker a private torrent is for; changes the info-hash'),
    ),
    ...grouped(
      GROUP.output,
      new Option('-o, --output <FILE>', 'where to write it (default: NAME.torrent, here)'),
      jsonOption('what was made'),
    ),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText('after', examples('shoal create photos --tracker http://tracker.example/announce'))
    .action(async (path: string, options: CreateOptions) => {
      const { create } = await import('../commands/create.ts');
      outcome.status = await create(path, options, io);
    });
}

function addInfo(program: Command, { io, outcome }: Frame): void {
  program
    .command('info')
    .summary('show what a torrent or a magnet link says')
    .description('Shows what a torrent or a magnet link says. Asks nobody but the server of a URL.')
    .addArgument(torrentFile('<SOURCE>', '; a magnet link; an info-hash'))
    .addOption(jsonOption('it'))
    .addHelpText('after', examples('shoal info debian.torrent', "shoal info 'magnet:?xt=urn:btih:…' --json"))
    .action(async (source: string, options: { json?: boolean }) => {
      const { info } = await import('../commands/info.ts');
      outcome.status = await info(source, options, io);
    });
}

function addMagnet(program: Command, { io, outcome }: Frame): void {
  program
    .command('magnet')
    .summary('print the magnet link of a torrent')
    .description('Prints the magnet link of a torrent: its info-hashes, name, trackers and web seeds.')
    .addArgument(torrentFile('<TORRENT>'))
    .addOption(jsonOption('it'))
    .addHelpText('after', examples('shoal magnet debian.torrent'))
    .action(async (source: string, options: { json?: boolean }) => {
      const { magnet } = await import('../commands/magnet.ts');
      outcome.status = await magnet(source, options, io);
    });
}

function addEdit(program: Command, { io, outcome }: Frame): void {
  const command = program
    .command('edit')
    .summary('change trackers, web seeds, comment')
    .description(
      'Changes what stands beside the info dictionary of a .torrent, in place or into another file. Its info-hash stays.',
    )
    .argument('<TORRENT>', 'a .torrent file');
  const options = [
    ...grouped(
      GROUP.content,
      trackerOption('announce to this tracker, instead of those it names; again: a further tier'),
      again(new Option('--add-tracker <URL>', 'a further tier; may be given again'), parseTrackerUrl),
      new Option('--no-tracker', 'no trackers'),
      webSeedOption('a web server that has the data, instead of those it names; may be given again'),
      again(new Option('--add-web-seed <URL>', 'a further one; may be given again'), parseWebSeedUrl),
      new Option('--no-web-seed', 'no web seeds'),
      new Option('--comment <TEXT>', 'a remark'),
      new Option('--no-comment', 'no remark'),
    ),
    ...grouped(
      GROUP.output,
      new Option('-o, --output <FILE>', 'leave the torrent as it is, and write another'),
      jsonOption('what it says now'),
    ),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText(
      'after',
      examples(
        'shoal edit photos.torrent --add-tracker udp://tracker.example:6969',
        'shoal edit photos.torrent --no-tracker --comment "" -o bare.torrent',
      ),
    )
    .action(async (path: string, options: EditOptions) => {
      const { edit } = await import('../commands/edit.ts');
      outcome.status = await edit(path, options, io);
    });
}

function addVerify(program: Command, { io, outcome }: Frame): void {
  program
    .command('verify')
    .summary('check data against a torrent')
    .description('Tells which pieces and files are whole. Status 1 when something is missing.')
    .addArgument(torrentFile('<TORRENT>'))
    .argument('<DIR>', "the folder that holds the torrent's file or folder")
    .addOption(jsonOption('the result'))
    .addHelpText('after', examples('shoal verify debian.torrent ~/Downloads'))
    .action(async (source: string, dir: string, options: VerifyOptions) => {
      const { verify } = await import('../commands/verify.ts');
      outcome.status = await verify(source, dir, options, io);
    });
}
