// The one form of HTTP request that nearly every announce has: a GET in HTTP/1.1, no body, no header that could change what
// it means, and all of it there at once. It is a small part of what HTTP allows, on purpose: whatever is not known to be
// harmless is for a whole HTTP parser to judge, so that nothing is taken here that such a parser would refuse or read otherwise.

/** What a plain request says. */
export interface PlainRequest {
  /** Path and query, as they stand there. */
  readonly target: string;
  /** The asker wants the connection closed. */
  readonly isLast: boolean;
}

/** Longer ones are not plain. An announce has some 400 bytes. */
export const MAX_PLAIN_BYTES = 4_096;
const BEGIN = 'GET /';
const END = ' HTTP/1.1';
/** Headers that make no difference to a tracker. `Host` and `Connection` are read. */
const HARMLESS: ReadonlySet<string> = new Set(['user-agent', 'accept', 'accept-encoding', 'accept-language']);
/** Nothing but these: no control, no tab, no byte beyond ASCII. */
const PRINTABLE = /^[ -~]*$/;
const TARGET = /^[!-"$-~]+$/;

/**
 * Reads `text` (one character a byte) where it is one plain request from its first byte to its last. Undefined: it is not,
 * or not whole yet.
 */
export function readPlainRequest(text: string): PlainRequest | undefined {
  if (text.length > MAX_PLAIN_BYTES || !text.startsWith(BEGIN) || !text.endsWith('\r\n\r\n')) return undefined;
  const lines = text.split('\r\n');
  const first = lines[0] as string;
  if (!first.endsWith(END)) return undefined;
  const target = first.slice(BEGIN.length - 1, -END.length);
  if (!TARGET.test(target)) return undefined;
  let hasHost = false;
  let connection: string | undefined;
  // The last two are empty: what the blank line is between, and what is behind it.
  for (let at = 1; at < lines.length - 2; at++) {
    const line = lines[at] as string;
    const colon = line.indexOf(':');
    // An empty line is not the end of this request alone.
    if (colon < 1 || !PRINTABLE.test(line)) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    if (name === 'host') {
      if (hasHost) return undefined;
      hasHost = true;
    } else if (name === 'connection') {
      if (connection !== undefined) return undefined;
      connection = line
        .slice(colon + 1)
        .trim()
        .toLowerCase();
    } else if (!HARMLESS.has(name)) {
      return undefined;
    }
  }
  if (!hasHost) return undefined;
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close') return undefined;
  return { target, isLast: connection === 'close' };
}
