// What a client is made with: every option with its default and its range, checked before anything is opened.
import { SESSION_DEFAULTS, type SessionOptions } from '@shoal/session';
import type { DhtOptions } from './dht-options.ts';

/** Besides what is said here, as in a session (`SessionOptions`). */
export interface ClientOptions
  extends Pick<
    SessionOptions,
    | 'memory'
    | 'maxConnections'
    | 'maxConnectionsPerAddress'
    | 'maxHalfOpen'
    | 'maxPeers'
    | 'uploadSlots'
    | 'seedStrategy'
    | 'downLimit'
    | 'upLimit'
    | 'maxDownloads'
    | 'maxSeeds'
    | 'shareLimits'
    | 'addressFilter'
  > {
  /** TCP port to listen on, IPv4 and IPv6 alike; 0 lets the system choose. Default: 0. */
  readonly port?: number;
  /** Local address of every socket: peers, trackers. Default: any. */
  readonly bind?: string;
  /** Folder for resume data; made when needed. Default: none, so that nothing is remembered. */
  readonly stateDir?: string;
  /** Files open at a time, of all torrents. Default: 128. */
  readonly maxOpenFiles?: number;
  /** Find peers through the DHT (BEP 5), on the UDP port of the TCP port's number. Default: false, since it talks to strangers. */
  readonly dht?: boolean | DhtOptions;
  /** Find peers in the local network (BEP 14), of these interfaces or all. Default: false. */
  readonly lsd?: boolean | { readonly interfaces: readonly string[] };
  /** Exchange peers with peers (BEP 11). Default: true. */
  readonly pex?: boolean;
  /** `sparse`: files grow with what arrives; `full`: they get all their room at first. Default: sparse. */
  readonly allocate?: 'sparse' | 'full';
}

/** What holds where an option is left out; the others have no figure: no limit, no folder, no filter. */
export const CLIENT_DEFAULTS: typeof SESSION_DEFAULTS &
  Required<Pick<ClientOptions, 'port' | 'maxOpenFiles' | 'dht' | 'lsd' | 'pex' | 'allocate'>> = {
  ...SESSION_DEFAULTS,
  port: 0,
  maxOpenFiles: 128,
  dht: false,
  lsd: false,
  pex: true,
  allocate: 'sparse',
};

/** [least, most, whole numbers alone]. */
type Range = readonly [least: number, most: number, whole: boolean];

const MANY = Number.MAX_SAFE_INTEGER;
const RANGES: Readonly<Record<string, Range>> = {
  port: [0, 65_535, true],
  memory: [1024 * 1024, MANY, true],
  maxOpenFiles: [1, 1_000_000, true],
  maxConnections: [1, 1_000_000, true],
  maxConnectionsPerAddress: [1, 1_000_000, true],
  maxHalfOpen: [1, 10_000, true],
  maxPeers: [1, 1_000_000, true],
  uploadSlots: [0, 1_000_000, true],
  downLimit: [1, MANY, false],
  upLimit: [1, MANY, false],
  maxDownloads: [0, MANY, true],
  maxSeeds: [0, MANY, true],
};

/** The options with their defaults. Throws RangeError that names the option, its value and its range. */
export function resolveOptions(options: ClientOptions): ClientOptions & typeof CLIENT_DEFAULTS {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [name, [least, most, whole]] of Object.entries(RANGES)) {
    const value = given[name];
    if (value === undefined) continue;
    const isRight = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (isRight) continue;
    const kind = whole ? 'a whole number' : 'a number';
    const upTo = most === MANY ? 'up' : `to ${most}`;
    throw new RangeError(`option ${name} is ${kind} from ${least} ${upTo}, not ${String(value)}`);
  }
  oneOf('allocate', given.allocate, ['sparse', 'full']);
  oneOf('seedStrategy', given.seedStrategy, ['round-robin', 'fastest-upload', 'anti-leech']);
  const { ratio, timeMs } = options.shareLimits ?? {};
  if (ratio !== undefined && !(ratio >= 0)) throw new RangeError(`option shareLimits.ratio is from 0 up, not ${ratio}`);
  if (timeMs !== undefined && !(timeMs >= 0)) {
    throw new RangeError(`option shareLimits.timeMs is from 0 up, not ${timeMs}`);
  }
  return { ...CLIENT_DEFAULTS, ...given };
}

function oneOf(name: string, value: unknown, values: readonly string[]): void {
  if (value === undefined || values.includes(String(value))) return;
  throw new RangeError(`option ${name} is one of ${values.join(', ')}, not ${String(value)}`);
}
