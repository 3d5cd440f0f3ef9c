import { expect, test } from 'vitest';
import { type AnnounceRequest, announceUrl, parseTrackerUrl, printableUrl, scrapeUrl } from '../src/index.ts';

const request: AnnounceRequest = {
  infoHash: Uint8Array.from({ length: 20 }, (_, index) => 0x12 + index * 13),
  peerId: new TextEncoder().encode('-SH0100-~_.!*()abc+/'),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
};

test('raw bytes are percent-encoded one by one, unreserved characters stay', () => {
  // The info-hash of BEP 3's usual example, as other clients print it.
  const infoHash = Uint8Array.from([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1, 0x23, 0x45], (byte) => byte);
  const whole = new Uint8Array([...infoHash, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x12, 0x34, 0x56, 0x78, 0x9a]);
  expect(announceUrl('http://t.example/announce', { ...request, infoHash: whole })).toBe(
    'http://t.example/announce?info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A' +
      '&peer_id=-SH0100-~_.%21%2A%28%29abc%2B%2F&port=6881&uploaded=1&downloaded=2&left=3&compact=1',
  );
});

test('event, numwant, key, tracker id and compact=0', () => {
  const url = announceUrl('http://t.example/announce', {
    ...request,
    event: 'started',
    numwant: 0,
    key: 0xbeef,
    trackerId: 'a b\xff',
    compact: false,
  });
  expect(url).toMatch(/&left=3&key=0000BEEF&event=started&numwant=0&compact=0&trackerid=a%20b%FF$/);
});

test.each([
  ['http://t.example/announce?passkey=a%2Fb', 'http://t.example/announce?passkey=a%2Fb&info_hash=%'],
  ['http://t.example/announce?', 'http://t.example/announce?info_hash=%'],
  ['http://t.example/announce?info_hash=xyz&a=1&INFO%5fHASH=q', 'http://t.example/announce?a=1&info_hash=%'],
  ['http://t.example/announce?a=1#part', 'http://t.example/announce?a=1&info_hash=%'],
  ['http://t.example/a/0123/announce.php?x&y=', 'http://t.example/a/0123/announce.php?x&y=&info_hash=%'],
  ['http://t.example:1234', 'http://t.example:1234?info_hash=%'],
])('the query of %s is kept, a baked-in info_hash is not', (url, start) => {
  const whole = announceUrl(url, request);
  expect(whole.startsWith(start), whole).toBe(true);
  expect(whole.match(/info_?%?(5f)?hash=/gi)).toHaveLength(1);
});

test.each(['http://t.example\0\0', 'http://t.example\u001f #fragment', 'http://t.example:80/announce\0'])(
  'control characters at the end of %j are left out: with a query behind them there is no host',
  (url) => {
    const whole = announceUrl(url, request);
    expect(whole).toMatch(/^[\x21-\x7e]+$/);
    expect(new URL(whole).hostname).toBe('t.example');
  },
);

test.each([
  'ftp://t.example/announce',
  'udp://t.example:1/',
  'http:///announce',
  'nonsense',
  `http://t/${'a'.repeat(5000)}`,
])('%s is no HTTP tracker', (url) => {
  expect(() => announceUrl(url, request)).toThrow(expect.objectContaining({ code: 'ERR_TRACKER_URL' }));
});

test.each([
  ['infoHash', new Uint8Array(32), /20 bytes expected, not 32/],
  ['peerId', new Uint8Array(0), /20 bytes expected, not 0/],
  ['port', 65_536, /from 0 to 65535/],
  ['left', -1, /left: a whole number/],
  ['uploaded', 1.5, /uploaded: a whole number/],
  ['key', 2 ** 32, /key: a whole number/],
])('a request with a wrong %s is the caller’s mistake', (field, value, message) => {
  const wrong = { ...request, [field]: value } as AnnounceRequest;
  expect(() => announceUrl('http://t.example/announce', wrong)).toThrow(RangeError);
  expect(() => announceUrl('http://t.example/announce', wrong)).toThrow(message);
});

test.each([
  ['http://t.example/announce', 'http://t.example/scrape?info_hash='],
  ['http://t.example/x/announce', 'http://t.example/x/scrape?info_hash='],
  ['http://t.example/announce.php?x=2%0644', 'http://t.example/scrape.php?x=2%0644&info_hash='],
])('scrape of %s', (url, start) => {
  expect(scrapeUrl(url, [request.infoHash]).startsWith(start)).toBe(true);
  expect(scrapeUrl(url, [request.infoHash, request.infoHash]).match(/info_hash=/g)).toHaveLength(2);
});

test.each([
  'http://t.example/a',
  'http://announce.example',
  'http://t.example/announce/x',
  'http://t.example/?announce',
])('%s cannot be scraped', (url) => {
  expect(() => scrapeUrl(url, [request.infoHash])).toThrow(expect.objectContaining({ code: 'ERR_TRACKER_NO_SCRAPE' }));
});

test.each([
  [
    'udp://Tracker.Example:1337/announce',
    { protocol: 'udp', host: 'tracker.example', port: 1337, urlData: '/announce' },
  ],
  ['udp://t.example:80', { protocol: 'udp', host: 't.example', port: 80, urlData: '' }],
  ['udp://t.example:443/dir?a=b&c=d', { protocol: 'udp', host: 't.example', port: 443, urlData: '/dir?a=b&c=d' }],
  ['UDP://[2001:DB8::1]:6969/', { protocol: 'udp', host: '2001:db8::1', port: 6969, urlData: '' }],
  ['udp://bücher.example:1', { protocol: 'udp', host: 'xn--bcher-kva.example', port: 1, urlData: '' }],
  [' https://t.example/announce ', { protocol: 'https', host: 't.example', href: 'https://t.example/announce' }],
])('reads %s', (url, expected) => {
  expect(parseTrackerUrl(url)).toEqual(expected);
});

test.each([
  'wss://t.example',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'udp://',
  'udp://:80',
  'http://t:99999/',
  '',
  'udp://h:0/',
])('%j is refused', (url) => {
  expect(() => parseTrackerUrl(url)).toThrow(expect.objectContaining({ code: 'ERR_TRACKER_URL' }));
});

test.each([
  ['http://t.example/announce?passkey=a%2Fb', 'http://t.example/announce?passkey=a%2Fb'],
  ['udp://аррle.example:1337/announce', 'udp://xn--le-6kc8da.example:1337/announce'],
  ['wss://t.example/\u202eecnuonna', 'wss://t.example/%E2%80%AEecnuonna'],
  ['no\u001b[2Jaddress', 'no?[2Jaddress'],
])('%j is shown as %s', (url, shown) => {
  expect(printableUrl(url)).toBe(shown);
});
