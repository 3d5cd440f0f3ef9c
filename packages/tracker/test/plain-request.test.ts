import { expect, test } from 'vitest';
import { MAX_PLAIN_BYTES, readPlainRequest } from '../src/plain-request.ts';

const LINE = 'GET /announce?info_hash=%01a HTTP/1.1\r\n';

test.for([
  ['Host: x\r\n', { target: '/announce?info_hash=%01a', isLast: false }],
  ['hOST:\r\nUser-Agent: a/1 (b)\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n', { isLast: false }],
  ['Host: x\r\nConnection: Keep-Alive\r\n', { isLast: false }],
  ['Connection:close\r\nHost: x\r\n', { isLast: true }],
] as const)('a plain request: %j', ([headers, expected]) => {
  expect(readPlainRequest(`${LINE}${headers}\r\n`)).toMatchObject(expected);
});

test.for([
  ['nothing', ''],
  ['half of it', `${LINE}Host: x\r\n`],
  ['no host', `${LINE}\r\n`],
  ['two hosts', `${LINE}Host: x\r\nHost: x\r\n\r\n`],
  ['two of them', `${LINE}Host: x\r\n\r\n${LINE}Host: x\r\n\r\n`],
  ['one and a beginning', `${LINE}Host: x\r\n\r\nGET`],
  ['an empty line first', `\r\n${LINE}Host: x\r\n\r\n`],
  ['a body', `${LINE}Host: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n`],
  ['a body of length 0', `${LINE}Host: x\r\nContent-Length: 0\r\n\r\n`],
  ['chunks', `${LINE}Host: x\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['an upgrade', `${LINE}Host: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`],
  ['two connections', `${LINE}Host: x\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n`],
  ['a list of options', `${LINE}Host: x\r\nConnection: close, keep-alive\r\n\r\n`],
  ['a foreign page', `${LINE}Host: x\r\nOrigin: http://evil.example\r\n\r\n`],
  ['a proxy’s word', `${LINE}Host: x\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n`],
  ['a space before the colon', `${LINE}Host: x\r\nAccept : y\r\n\r\n`],
  ['a folded header', `${LINE}Host: x\r\n Accept: y\r\n\r\n`],
  ['no name', `${LINE}Host: x\r\n: y\r\n\r\n`],
  ['no colon', `${LINE}Host: x\r\nAccept\r\n\r\n`],
  ['a line feed alone', `${LINE}Host: x\nAccept: y\r\n\r\n`],
  ['a carriage return alone', `${LINE}Host: x\rAccept: y\r\n\r\n`],
  ['a NUL', `${LINE}Host: x\u0000\r\n\r\n`],
  ['a tab', `${LINE}Host:\tx\r\n\r\n`],
  ['a byte beyond ASCII', `${LINE}Host: \u00e9\r\n\r\n`],
  ['HTTP/1.0', 'GET /announce HTTP/1.0\r\nHost: x\r\n\r\n'],
  ['no version', 'GET /announce\r\nHost: x\r\n\r\n'],
  ['another method', 'HEAD /announce HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a method in small letters', 'get /announce HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a whole URL', 'GET http://x/announce HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a space in the target', 'GET /announce?a b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['two spaces', 'GET /announce  HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a fragment', 'GET /announce#a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a long one', `GET /announce?${'a'.repeat(MAX_PLAIN_BYTES)} HTTP/1.1\r\nHost: x\r\n\r\n`],
] as const)('not plain: %s', ([, text]) => {
  expect(readPlainRequest(text)).toBeUndefined();
});
