// A shared secret before an HTTP face, as `Authorization: Bearer TOKEN` (RFC 6750) from programs, or as the password of Basic
// authentication (RFC 7617) from browsers, which ask their user for it. There is no user name: any will do.
import { createHash, timingSafeEqual } from 'node:crypto';

/** What a refusal answers under `WWW-Authenticate`: browsers show a dialogue for the Basic one. */
export const TOKEN_CHALLENGE = 'Basic realm="Shoal", charset="UTF-8", Bearer realm="Shoal"';

/** Whether an `Authorization` header holds the token. Takes as long for every wrong one. Throws RangeError for an empty token. */
export function createTokenCheck(token: string): (authorization: string | undefined) => boolean {
  if (token === '') throw new RangeError('a token has one character at least');
  const expected = digestOf(token);
  return (authorization) => {
    const given = tokenIn(authorization ?? '');
    return given !== undefined && timingSafeEqual(digestOf(given), expected);
  };
}

function tokenIn(authorization: string): string | undefined {
  const match = /^(bearer|basic) +([^ ]+) *$/i.exec(authorization);
  if (!match) return undefined;
  const [, scheme = '', credentials = ''] = match;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  const pair = Buffer.from(credentials, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

/** Digests are of one length, which the comparison wants, and tell nothing of the token's. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
