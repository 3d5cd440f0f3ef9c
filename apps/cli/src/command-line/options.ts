// Options and arguments that several commands have, each defined once. The name of a value (`<DIR>`, `<FILE>`) also tells
// the completions of shells what to offer, and the configuration what is a path.
import { Argument, Option } from 'commander';
import { parsePeer, parsePort, parseRate, parseTrackerUrl, parseWebSeedUrl } from '../option-values.ts';

/** The headings of a help page. */
export const GROUP = {
  files: 'Files:',
  peers: 'Peers:',
  limits: 'Limits:',
  seeding: 'Seeding on:',
  output: 'Output:',
  content: 'What it says:',
  torrent: 'The torrent:',
  service: 'Service:',
  access: 'Who is served:',
} as const;

const repeatable = new WeakSet<Option>();

/** Whether an option may be given again. */
export function isRepeatable(option: Option): boolean {
  return repeatable.has(option);
}

/** An option that may be given again: collects the values of `parse` in order. */
export function again<T>(option: Option, parse: (text: string) => T): Option {
  repeatable.add(option);
  return option.argParser((text: string, before: readonly T[] | boolean | undefined): T[] => {
    return [...(Array.isArray(before) ? before : []), parse(text)];
  });
}

/** For values that are taken as they are. */
export function asItIs(text: string): string {
  return text;
}

/** The same heading for several options. */
export function grouped(heading: string, ...options: readonly Option[]): Option[] {
  return options.map((option) => option.helpGroup(heading));
}

export function jsonOption(what: string): Option {
  return new Option('--json', `print ${what} as JSON`).helpGroup(GROUP.output);
}

export function colorOption(): Option {
  return new Option('--no-color', 'no colours (as with NO_COLOR=1)').helpGroup(GROUP.output);
}

export function dirOption(description: string): Option {
  return new Option('-d, --dir <DIR>', `${description} (default: here)`).helpGroup(GROUP.files);
}

export function trackerOption(description: string): Option {
  return again(new Option('--tracker <URL>', description), parseTrackerUrl);
}

export function webSeedOption(description: string): Option {
  return again(new Option('--web-seed <URL>', description), parseWebSeedUrl);
}

/** Whom it talks to, and how fast. */
export function peerOptions(): Option[] {
  return [
    ...grouped(
      GROUP.peers,
      again(new Option('--peer <HOST:PORT>', 'a peer to connect to; may be given again'), parsePeer),
      new Option('--port <PORT>', 'TCP port to listen on (default: chosen by the system)').argParser(parsePort),
      new Option('--bind <ADDRESS>', 'local address of all connections'),
      new Option('--no-dht', 'find no peers through the DHT'),
      again(
        new Option('--dht-bootstrap <HOST:PORT>', 'a DHT node to begin with, instead of the public ones; again: more'),
        parsePeer,
      ),
      new Option('--no-pex', 'exchange no peers with peers'),
      new Option('--no-lsd', 'find no peers in the local network'),
      new Option('--ip-filter <FILE>', 'addresses that may not be peers, one range a line'),
    ),
    ...grouped(
      GROUP.limits,
      new Option('--limit-down <RATE>', 'download at most so many bytes a second: 500K, 2M').argParser(parseRate),
      new Option('--limit-up <RATE>', 'upload at most so many bytes a second').argParser(parseRate),
    ),
  ];
}

/** Which files of a torrent. */
export function selectionOptions(): Option[] {
  return grouped(
    GROUP.files,
    again(new Option('--select <GLOB>', 'only files whose path matches; may be given again'), asItIs),
    new Option('--choose', 'choose the files from a list, at a terminal'),
  );
}

export function torrentFile(name: string, more = ''): Argument {
  return new Argument(name, `a .torrent file, or the http(s) URL of one${more}`);
}

export function torrentOrLink(name: string): Argument {
  return torrentFile(name, ', a magnet link or an info-hash');
}
