import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { TrackerServer } from '@shoal/tracker/node';
import { CliError, EXIT, type ExitStatus, reasonOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeJson, writeLines } from '../output/write.ts';
import { whenAborted } from '../transfer-run.ts';

export interface TrackerOptions {
  /** 0: chosen by the system. */
  readonly http: number;
  /** Default: every address. */
  readonly host?: string;
  readonly json?: boolean;
}

/** Runs a tracker until it is interrupted. */
export async function tracker(options: TrackerOptions, io: Io): Promise<ExitStatus> {
  const { http: port, host } = options;
  const server = new TrackerServer({ http: { port, ...(host === undefined ? {} : { host }) } });
  try {
    const bound = await server.listen().catch((error: unknown) => {
      throw new CliError('ERR_TRACKER', `the tracker cannot listen on port ${port}: ${reasonOf(error)}`, {
        hint: 'choose another with --http or --host',
        cause: error,
      });
    });
    const hosts = bound.host === '::' || bound.host === '0.0.0.0' ? addressesHere(bound.host) : [bound.host];
    const urls = hosts.map((address) => server.urlFor(address));
    if (options.json) writeJson(io.stdout, { event: 'listening', infoHash: null, port: bound.port, urls });
    else
      writeLines(
        io.stdout,
        urls.map((url) => `tracker at ${url}`),
      );
    await whenAborted(io.signal);
    return EXIT.interrupted;
  } finally {
    await server.close();
  }
}

/** Under which addresses this machine is reached: those others can use first, loopback last. */
function addressesHere(bound: string): string[] {
  const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = here.filter(({ address, internal }) => {
    if (isIPv6(address)) return bound === '::' && !internal && !address.startsWith('fe80:');
    return true;
  });
  return usable.sort((a, b) => Number(a.internal) - Number(b.internal)).map(({ address }) => address);
}
