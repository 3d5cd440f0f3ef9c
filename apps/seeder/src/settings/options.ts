// Every setting, once: its flag, variable and key in a file follow from its name here, its value from its parser.
import type { HttpAddress } from '@shoal/http-service';
import {
  parseAddress,
  parseCount,
  parseHttp,
  parseInterval,
  parseNode,
  parsePath,
  parsePort,
  parsePublicUrl,
  parseRate,
  parseSeconds,
  parseToken,
  parseTracker,
} from './option-values.ts';

export interface Settings {
  readonly dir: string;
  readonly http: HttpAddress;
  /** TCP port for peers; 0: chosen by the system. */
  readonly port: number;
  /** UDP port of the tracker; undefined: it answers over HTTP alone. */
  readonly udp: number | undefined;
  readonly bind: string | undefined;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** Trackers besides our own. */
  readonly tracker: readonly string[];
  readonly dht: boolean;
  /** `HOST:PORT`s. */
  readonly dhtBootstrap: readonly string[];
  readonly lsd: boolean;
  readonly stateDir: string | undefined;
  readonly private: boolean;
  /** Milliseconds. */
  readonly settle: number;
  readonly rescan: number;
  /** Bytes a second. */
  readonly limitUp: number | undefined;
  readonly maxConnections: number;
  readonly maxPeers: number;
  readonly slots: number;
  readonly token: string | undefined;
  readonly json: boolean;
}

/** A setting that takes a text, or several. */
export interface ValueOption<T> {
  readonly kind: 'value' | 'list';
  /** How help shows its value. */
  readonly argument: string;
  readonly help: string;
  /** As it would be written. */
  readonly fallback?: string;
  /** Relative to the folder of the file it stands in. */
  readonly isPath?: boolean;
  /** Never shown. */
  readonly isSecret?: boolean;
  parse(text: string): T;
}

export interface SwitchOption {
  readonly kind: 'switch';
  readonly help: string;
}

type OptionFor<T> = boolean extends T ? SwitchOption : ValueOption<T extends readonly (infer U)[] ? U : NonNullable<T>>;
export type OptionTable = { readonly [K in keyof Settings]: OptionFor<Settings[K]> };

export const OPTIONS: OptionTable = {
  dir: { kind: 'value', argument: 'DIR', help: 'the folder whose entries are seeded', isPath: true, parse: parsePath },
  http: {
    kind: 'value',
    argument: 'HOST:PORT',
    help: 'where the page and the tracker listen; HOST may be left out',
    fallback: '8080',
    parse: parseHttp,
  },
  port: {
    kind: 'value',
    argument: 'N',
    help: 'TCP port for peers (0: any free one)',
    fallback: '0',
    parse: parsePort,
  },
  udp: {
    kind: 'value',
    argument: 'PORT',
    help: 'the tracker answers over UDP too (0: any free port)',
    parse: parsePort,
  },
  bind: {
    kind: 'value',
    argument: 'ADDR',
    help: 'local IP address for peers and UDP (default: all)',
    parse: parseAddress,
  },
  publicUrl: {
    kind: 'value',
    argument: 'URL',
    help: 'the address others reach the page by; the torrents name its /announce',
    parse: parsePublicUrl,
  },
  tracker: {
    kind: 'list',
    argument: 'URL',
    help: 'announce to this tracker too, and name it in the torrents (again for more)',
    parse: parseTracker,
  },
  dht: { kind: 'switch', help: 'be found through the DHT, on the UDP port of the same number' },
  dhtBootstrap: {
    kind: 'list',
    argument: 'HOST:PORT',
    help: 'a DHT node to begin with, instead of the public ones (again for more)',
    parse: parseNode,
  },
  lsd: { kind: 'switch', help: 'be found in the local network' },
  stateDir: {
    kind: 'value',
    argument: 'DIR',
    help: 'where torrents and resume data are kept (default: a folder of your own, outside DIR)',
    isPath: true,
    parse: parsePath,
  },
  private: { kind: 'switch', help: 'make private torrents: peers come from their trackers alone' },
  settle: {
    kind: 'value',
    argument: 'SECONDS',
    help: 'how long an entry must stay as it is before it is hashed',
    fallback: '5',
    parse: parseSeconds,
  },
  rescan: {
    kind: 'value',
    argument: 'SECONDS',
    help: 'how often the whole folder is looked at, events or not',
    fallback: '60',
    parse: parseInterval,
  },
  limitUp: { kind: 'value', argument: 'RATE', help: 'send at most so many bytes a second: 500K, 2M', parse: parseRate },
  maxConnections: {
    kind: 'value',
    argument: 'N',
    help: 'peer connections of all torrents',
    fallback: '500',
    parse: parseCount,
  },
  maxPeers: { kind: 'value', argument: 'N', help: 'peers of one torrent', fallback: '200', parse: parseCount },
  slots: {
    kind: 'value',
    argument: 'N',
    help: 'peers of one torrent that are sent to at a time',
    fallback: '8',
    parse: parseCount,
  },
  token: {
    kind: 'value',
    argument: 'TOKEN',
    help: 'page, API and metrics ask for it; better in a file or SHOAL_SEEDER_TOKEN: flags show in ps',
    isSecret: true,
    parse: parseToken,
  },
  json: { kind: 'switch', help: 'print one JSON object per line' },
};

/** `limitUp` is `--limit-up`, `limit-up` in a file. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `SHOAL_SEEDER_LIMIT_UP`. */
export function variableOf(name: string): string {
  return `${VARIABLE_PREFIX}${keyOf(name).replaceAll('-', '_').toUpperCase()}`;
}

export const VARIABLE_PREFIX = 'SHOAL_SEEDER_';
