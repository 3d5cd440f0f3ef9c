// A node for the length of one command: bound, let into the net, and gone again, all of it within a time. It is read-only
// (BEP 43): nobody should keep a node in mind that is gone in a moment.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { DHT_ROUTERS } from '@shoal/client';
import { type BoundDht, bindDht } from '@shoal/dht/node';
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import { CliError, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatDuration } from '../output/format.ts';
import { endpointsOf } from '../resolve-peers.ts';
import { savedNodes } from './node-state.ts';

export interface DhtLinkOptions {
  /** An IP address. */
  readonly bind?: string;
  /** UDP; 0: chosen by the system. */
  readonly port?: number;
  /** Seconds. */
  readonly timeout?: number;
}

export interface DhtNetOptions extends DhtLinkOptions {
  /** `HOST:PORT`s. Default: `DHT_ROUTERS`, and those that a node here knew. */
  readonly dhtBootstrap?: readonly string[];
}

export type DhtBody<T> = (dht: BoundDht, signal: AbortSignal, nodes: readonly Endpoint[]) => Promise<T>;

const DEFAULT_TIMEOUT_S = 20;
/** Of those that were known when a node ran here last. */
const SAVED_NODES = 16;
const ENTRY_TRIES = 3;

/** Runs `body` with a node that somebody of the net has answered. Rejects with CliError where nobody does. */
export function withNet<T>(options: DhtNetOptions, io: Io, body: DhtBody<T>): Promise<T> {
  return withNodes(
    options,
    io,
    async (signal) => {
      const saved = options.dhtBootstrap ? [] : await savedNodes(io);
      const { found, failures } = await resolved(options.dhtBootstrap ?? DHT_ROUTERS, signal);
      if (found.length + saved.length > 0) return [...found, ...saved.slice(0, SAVED_NODES)];
      throw failures[0];
    },
    async (dht, signal, nodes) => {
      await enter(dht, nodes, signal);
      return body(dht, signal, nodes);
    },
  );
}

/** Runs `body` with a node that can reach some of the addresses of `HOST:PORT`, which are handed in. */
export function withNode<T>(node: string, options: DhtLinkOptions, io: Io, body: DhtBody<T>): Promise<T> {
  const addresses = async (signal: AbortSignal): Promise<Endpoint[]> => {
    const { found, failures } = await resolved([node], signal);
    if (failures[0]) throw failures[0];
    return found;
  };
  return withNodes(options, io, addresses, body);
}

/** Where a node cannot be bound, in words. */
export function cannotListen({ bind, port = 0 }: DhtLinkOptions, error: unknown): CliError {
  const where = [port === 0 ? '' : ` on UDP port ${port}`, bind === undefined ? '' : ` of ${bind}`].join('');
  return new CliError('ERR_LISTEN', `the DHT node cannot listen${where}: ${reasonOf(error)}`, {
    hint: 'choose another with --port or --bind',
    cause: error,
  });
}

async function withNodes<T>(
  options: DhtLinkOptions,
  io: Io,
  nodesOf: (signal: AbortSignal) => Promise<readonly Endpoint[]>,
  body: DhtBody<T>,
): Promise<T> {
  const seconds = options.timeout ?? DEFAULT_TIMEOUT_S;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), 1_000 * seconds);
  const signal = AbortSignal.any([io.signal, timeout.signal]);
  let dht: BoundDht | undefined;
  try {
    const nodes = await reachable(await nodesOf(signal), options.bind);
    dht = await bound(nodes, options);
    return await body(dht, signal, nodes);
  } catch (error) {
    if (io.signal.aborted || !timeout.signal.aborted) throw error;
    const why = dht && isAlone(dht) ? 'no node of the DHT answered' : 'the DHT took too long';
    throw new CliError('ERR_TIMEOUT', `timed out after ${formatDuration(seconds)}: ${why}`, { cause: error });
  } finally {
    clearTimeout(timer);
    await dht?.close();
  }
}

/** Binds in the families of those that are to be asked: a lookup waits long for a family in which it knows nobody. */
async function bound(nodes: readonly Endpoint[], options: DhtLinkOptions): Promise<BoundDht> {
  const families = new Set(nodes.map(({ host }) => isIPv6(host)));
  const only = families.has(true) ? '::' : '0.0.0.0';
  const host = options.bind ?? (families.size > 1 ? undefined : only);
  return bindDht({ host, port: options.port, settings: { readOnly: true } }).catch((error: unknown) => {
    throw cannotListen(options, error);
  });
}

/** Who answers a ping stands in the table, where lookups begin; those that do not answer hold none of them up. */
async function enter(dht: BoundDht, nodes: readonly Endpoint[], signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await Promise.any(nodes.map((node) => dht.ping(node, { signal })));
      const alone = dht.status().filter(({ nodes }) => nodes === 0);
      // A lookup asks in both families, and would wait for somebody to ask in the other one.
      for (const node of nodes) {
        if (alone.some(({ family }) => family === (isIPv6(node.host) ? 6 : 4))) await dht.addNode(node);
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (attempt < ENTRY_TRIES) continue;
      const [first] = nodes;
      const others = nodes.length > 1 ? ` nor any of ${nodes.length - 1} others` : '';
      throw new CliError('ERR_TIMEOUT', `no node of the DHT answered: not ${first && formatEndpoint(first)}${others}`, {
        hint: 'name others with --dht-bootstrap HOST:PORT',
        cause: error,
      });
    }
  }
}

function isAlone(dht: BoundDht): boolean {
  return dht.status().every(({ nodes }) => nodes === 0);
}

/** The addresses of `HOST:PORT`s, each once, and why some have none. */
async function resolved(
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly found: Endpoint[]; readonly failures: readonly CliError[] }> {
  const found = new Map<string, Endpoint>();
  const failures: CliError[] = [];
  for (const outcome of await Promise.allSettled(
    names.map((name) => unlessAborted(endpointsOf(name, 'node'), signal)),
  )) {
    if (outcome.status === 'rejected') failures.push(outcome.reason as CliError);
    else for (const address of outcome.value) found.set(formatEndpoint(address), address);
  }
  signal.throwIfAborted();
  return { found: [...found.values()], failures };
}

/** Those that datagrams can be sent to from here. Rejects with CliError where there are none. */
async function reachable(nodes: readonly Endpoint[], bind: string | undefined): Promise<Endpoint[]> {
  const whyNot = await Promise.all(nodes.map((node) => routeFault(node, bind)));
  const rest = nodes.filter((_, index) => whyNot[index] === undefined);
  if (rest.length > 0) return rest;
  const [first] = nodes;
  throw new CliError('ERR_PEER', `${first && formatEndpoint(first)} cannot be reached: ${whyNot[0]}`);
}

/** Why a datagram cannot be sent there; undefined where it can. Sends none. */
function routeFault({ host, port }: Endpoint, bind: string | undefined): Promise<string | undefined> {
  if (bind !== undefined && isIPv6(bind) !== isIPv6(host)) {
    return Promise.resolve(`${bind} is of another address family`);
  }
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const end = (error?: unknown): void => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      socket.close();
      resolve(error === undefined ? undefined : reasonOf(error));
    };
    socket.once('error', end);
    socket.connect(port, host, () => end());
  });
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
