// Asks every tracker of a torrent, tiers or not, and shows what each said.
import type { Metainfo } from '@shoal/metainfo';
import { parseUrl } from '@shoal/primitives';
import { createTrackerClient, type TrackerClient } from '@shoal/tracker/node';
import { CliError, EXIT, type ExitStatus, failureOf } from './exit.ts';
import type { Io } from './io.ts';
import { printable } from './output/printable.ts';
import { writeJson, writeLines } from './output/write.ts';

/** How one tracker was asked. Times in seconds. */
export interface Asked {
  readonly url: string;
  /** From 0. */
  readonly tier: number;
  readonly ok: boolean;
  readonly seconds: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

type Nothing<Answer> = { readonly [Key in keyof Answer]: Answer[Key] | null };

export interface Question<Answer extends object> {
  /** Rejects where the tracker does not answer, or refuses. */
  readonly ask: (client: TrackerClient, url: string, signal: AbortSignal) => Promise<Answer>;
  /** What there is where it does not. */
  readonly nothing: Nothing<Answer>;
  /** In words, what it said. */
  readonly describe: (answer: Answer) => string;
}

export async function askTrackers<Answer extends object>(
  metainfo: Metainfo,
  { ask, nothing, describe }: Question<Answer>,
  options: { readonly json?: boolean },
  io: Io,
): Promise<ExitStatus> {
  if (metainfo.announce.length === 0) throw new CliError('ERR_TRACKER', `${metainfo.name} names no tracker`);
  const client = createTrackerClient({ udpRetransmitMs: 3_000, udpTimeoutMs: 15_000 });
  const askOne = async (url: string, tier: number): Promise<{ fact: Asked & Nothing<Answer>; line: string }> => {
    const startedAt = performance.now();
    const of = (answer: Nothing<Answer>, error: Asked['error']): Asked & Nothing<Answer> => {
      const seconds = Math.round(performance.now() - startedAt) / 1_000;
      return { url, tier, ok: error === null, seconds, ...answer, error };
    };
    try {
      const answer = await ask(client, url, io.signal);
      return { fact: of(answer, null), line: `${printable(url)}: ${describe(answer)}` };
    } catch (error) {
      const { code, message } = failureOf(error);
      // What happened to the connection names the host, which stands in the URL already.
      const host = parseUrl(url)?.host ?? '';
      return { fact: of(nothing, { code, message }), line: `${printable(url)}: ${message.replace(`${host}: `, '')}` };
    }
  };
  try {
    const asked = await Promise.all(metainfo.announce.flatMap((tier, index) => tier.map((url) => askOne(url, index))));
    io.signal.throwIfAborted();
    const trackers = asked.map(({ fact }) => fact);
    if (options.json) writeJson(io.stdout, { infoHash: metainfo.infoHash.hex, name: metainfo.name, trackers });
    else
      writeLines(
        io.stdout,
        asked.map(({ line }) => line),
      );
    if (trackers.some(({ ok }) => ok)) return EXIT.done;
    throw new CliError('ERR_TRACKER', `no tracker of ${metainfo.name} answered`);
  } finally {
    await client.close();
  }
}
