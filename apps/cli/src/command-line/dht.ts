// The commands about the distributed hash table: shoal dht ping, lookup, get, put, node. A command's module is loaded when
// it is called.
import { isIP } from 'node:net';
import { parseEndpoint } from '@shoal/primitives';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { DhtGetOptions } from '../commands/dht-get.ts';
import type { DhtNodeOptions } from '../commands/dht-node.ts';
import type { DhtPutOptions } from '../commands/dht-put.ts';
import { MAX_SEQ } from '../dht/seq.ts';
import type { DhtLinkOptions, DhtNetOptions } from '../dht/with-dht.ts';
import { parsePort, parseSeconds } from '../option-values.ts';
import { examples, type Frame } from './frame.ts';
import { again, grouped, jsonOption } from './options.ts';

type Json = { readonly json?: boolean };

const NETWORK = 'Network:';
const ITEM = 'The item:';
const MAX_SALT_BYTES = 64;

export function addDhtCommands(program: Command, frame: Frame): void {
  const dht = program
    .command('dht')
    .summary('ask the distributed hash table, or be a node')
    .description(
      'Asks the distributed hash table (DHT), in which peers are found without a tracker, or runs a node of it.',
    )
    .helpCommand(false)
    .addHelpText(
      'after',
      examples(
        'shoal dht lookup 2b66980093bc11806fab50cb3cb41835b95a0362',
        'shoal dht ping router.example:6881',
        'shoal dht node --port 6881',
      ),
    );
  addPing(dht, frame);
  addLookup(dht, frame);
  addGet(dht, frame);
  addPut(dht, frame);
  addNode(dht, frame);
}

function addPing(dht: Command, { io, outcome }: Frame): void {
  const command = dht
    .command('ping')
    .summary('ask a node whether it is there')
    .description(
      'Asks a node whether it is there: shows its id and how long its answer took. Status 1 without an answer.',
    )
    .addArgument(new Argument('<HOST:PORT>', 'the node').argParser(parseNode));
  for (const option of [...linkOptions(), timeoutOption(), jsonOption('the answer')]) command.addOption(option);
  command
    .addHelpText('after', examples('shoal dht ping 127.0.0.1:6881'))
    .action(async (node: string, options: DhtLinkOptions & Json) => {
      const { dhtPing } = await import('../commands/dht-ping.ts');
      outcome.status = await dhtPing(node, options, io);
    });
}

function addLookup(dht: Command, { io, outcome }: Frame): void {
  const command = dht
    .command('lookup')
    .summary('find the peers of a torrent')
    .description('Finds the peers of a torrent, told as they are found, and the nodes nearest to a hash.')
    .argument('<HASH>', 'an info-hash, a node id, or a magnet link');
  for (const option of [...netOptions(), jsonOption('one event a line')]) command.addOption(option);
  command
    .addHelpText('after', examples('shoal dht lookup 2b66980093bc11806fab50cb3cb41835b95a0362'))
    .action(async (hash: string, options: DhtNetOptions & Json) => {
      outcome.streams = options.json === true;
      const { dhtLookup } = await import('../commands/dht-lookup.ts');
      outcome.status = await dhtLookup(hash, options, io);
    });
}

function addGet(dht: Command, { io, outcome }: Frame): void {
  const command = dht
    .command('get')
    .summary('fetch an item that is stored')
    .description(
      'Fetches an item that is stored in the DHT, by its target or by the public key that signs it. Prints its value; what else is known of it goes to stderr.',
    )
    .argument('[TARGET]', 'where it lies: 40 hexadecimal digits');
  const options = [
    ...grouped(
      ITEM,
      new Option('--key <PUBLIC-KEY>', 'whose item: 64 hexadecimal digits').argParser(parseKey),
      saltOption(),
      new Option('--hex', 'print the value as hexadecimal digits, text too'),
    ),
    ...netOptions(),
    jsonOption('it'),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText(
      'after',
      examples(
        'shoal dht get e5f96f6f38320f0f33959cb4d3d656452117aadb',
        `shoal dht get --salt news --key \\\n      77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548`,
      ),
    )
    .action(async (target: string | undefined, options: DhtGetOptions) => {
      const { dhtGet } = await import('../commands/dht-get.ts');
      outcome.status = await dhtGet(target, options, io);
    });
}

function addPut(dht: Command, { io, outcome }: Frame): void {
  const command = dht
    .command('put')
    .summary('store a text')
    .description(
      'Stores a text of up to 996 bytes in the DHT, where it stays about two hours. Prints its target. With a key it is an item that you can replace, and nobody else.',
    )
    .argument('<TEXT>', 'what to store');
  const options = [
    ...grouped(
      ITEM,
      new Option('--key-file <FILE>', 'sign it with the key in there; made when missing'),
      saltOption(),
      new Option('--seq <NUMBER>', "its number (default: the present one's and 1)").argParser(parseSeq),
      new Option('--cas <NUMBER>', 'only in place of the item of this number').argParser(parseSeq),
    ),
    ...netOptions(),
    jsonOption('what was stored'),
  ];
  for (const option of options) command.addOption(option);
  command
    .addHelpText(
      'after',
      examples("shoal dht put 'Hello World!'", "shoal dht put --key-file my.key --salt news 'all is well'"),
    )
    .action(async (text: string, options: DhtPutOptions) => {
      const { dhtPut } = await import('../commands/dht-put.ts');
      outcome.status = await dhtPut(text, options, io);
    });
}

function addNode(dht: Command, { io, outcome }: Frame): void {
  const command = dht
    .command('node')
    .summary('run a node')
    .description('Runs a node of the DHT until interrupted. It remembers its id and the nodes it knows.');
  for (const option of [...linkOptions(), bootstrapOption(), jsonOption('one event a line')]) command.addOption(option);
  command
    .addHelpText('after', examples('shoal dht node --port 6881', 'shoal dht node --bind 127.0.0.1 --json'))
    .action(async (options: DhtNodeOptions) => {
      outcome.streams = options.json === true;
      const { dhtNode } = await import('../commands/dht-node.ts');
      outcome.status = await dhtNode(options, io);
    });
}

function linkOptions(): Option[] {
  return grouped(
    NETWORK,
    new Option('--bind <ADDRESS>', 'local IP address (default: any)').argParser(parseAddress),
    new Option('--port <PORT>', 'UDP port (default: chosen by the system)').argParser(parsePort),
  );
}

function bootstrapOption(): Option {
  const text = 'a node to begin with, instead of those that are built in; may be given again';
  return again(new Option('--dht-bootstrap <HOST:PORT>', text), parseNode).helpGroup(NETWORK);
}

function timeoutOption(): Option {
  return new Option('--timeout <SECONDS>', 'give up after so long in total (default: 20)')
    .argParser(parseSeconds)
    .helpGroup(NETWORK);
}

function netOptions(): Option[] {
  return [...linkOptions(), bootstrapOption(), timeoutOption()];
}

function saltOption(): Option {
  return new Option('--salt <TEXT>', 'which of the items of a key').argParser(parseSalt);
}

/** `HOST:PORT`, `[IPV6]:PORT`; the host may be a name. */
function parseNode(text: string): string {
  try {
    parseEndpoint(text);
  } catch {
    throw new InvalidArgumentError('A node is HOST:PORT, with IPv6 addresses in brackets.');
  }
  return text;
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('Give an IPv4 or IPv6 address.');
  return text;
}

function parseKey(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError('A public key is 64 hexadecimal digits.');
  return text;
}

function parseSalt(text: string): string {
  const { length } = new TextEncoder().encode(text);
  if (length > MAX_SALT_BYTES) {
    throw new InvalidArgumentError(`A salt has ${MAX_SALT_BYTES} bytes at most, not ${length}.`);
  }
  return text;
}

function parseSeq(text: string): bigint {
  const seq = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (seq < 0n || seq > MAX_SEQ) throw new InvalidArgumentError('Give a whole number from 0 to 2^63 - 1.');
  return seq;
}
