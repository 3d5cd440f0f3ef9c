// Clients that are libraries, each driven by a small program of ours that says `listening PORT`, `first-byte`, `complete`.
import { Child, listeningPort } from '../child.ts';
import { sourceFile } from '../source-file.ts';
import type { Client } from './client.ts';

const LIBTORRENT = sourceFile('transfers/libtorrent_peer.py');
const WEBTORRENT = sourceFile('transfers/webtorrent_peer.mjs');

/** Its Python binding is Debian's, for Debian's Python. */
export const libtorrent: Client = driven('libtorrent', ['/usr/bin/python3', '-u', LIBTORRENT], {
  tellsFirstByte: true,
});
export const webtorrent: Client = driven('webtorrent', [process.execPath, WEBTORRENT], { tellsFirstByte: false });

function driven(
  name: string,
  [file, ...first]: readonly [string, ...string[]],
  { tellsFirstByte }: { readonly tellsFirstByte: boolean },
): Client {
  const start = (what: string, args: readonly string[], signal: AbortSignal): Child =>
    new Child(`${name} ${what}`, { file, args: [...first, ...args], endsBy: 'input' }, signal);
  return {
    name,

    async probe(signal) {
      const child = start('probe', ['--version'], signal);
      try {
        return { version: await child.until('its version', (line) => /^version (\S+)$/.exec(line)?.[1]) };
      } catch (error) {
        return { missing: (error as Error).message };
      } finally {
        await child.end();
      }
    },

    start({ role, torrent, dir, dial, signal }) {
      const child = start(role, [role, torrent, dir, ...(dial === undefined ? [] : [String(dial)])], signal);
      const said = (word: string): Promise<void> =>
        child.until(word, (line) => (line === word ? true : undefined)).then(() => {});
      return {
        child,
        listening: () => child.until('listening', listeningPort),
        ...(tellsFirstByte ? { firstByte: () => said('first-byte') } : {}),
        complete: () => said('complete'),
      };
    },
  };
}
