import { expect, test } from 'vitest';
import { bytesOf, parse, torrentOf } from './builder.ts';

test('announce-list wins over announce, and keeps its tiers (BEP 12)', () => {
  const tiers = [['http://a.example/announce', 'udp://b.example:6969'], ['wss://c.example']];
  expect(parse(torrentOf({ 'announce-list': tiers })).announce).toEqual(tiers);
});

test('announce stands in where announce-list holds no usable URL', () => {
  const announce = [['http://tracker.example/announce']];
  for (const list of [[], [[]], [['']], [['nonsense']], [[1]], 'text', 5]) {
    expect(parse(torrentOf({ 'announce-list': list })).announce).toEqual(announce);
  }
  expect(parse(torrentOf({ announce: undefined })).announce).toEqual([]);
  expect(parse(torrentOf({ announce: '' })).warnings).toEqual([]);
});

test('URLs without tiers around them are tiers of one', () => {
  const list = ['udp://a.example:1', 'udp://b.example:2'];
  expect(parse(torrentOf({ 'announce-list': list })).announce).toEqual([['udp://a.example:1'], ['udp://b.example:2']]);
});

test('what no tracker can be is dropped with a warning, doubles without', () => {
  const tier = [
    'ftp://a.example/',
    'javascript:alert(1)',
    'not a url',
    'http://',
    bytesOf('http://\u00ff'),
    ' http://ok.example/announce ',
    'http://ok.example/announce',
    `http://long.example/${'x'.repeat(5_000)}`,
  ];
  const { announce, warnings } = parse(torrentOf({ 'announce-list': [tier, ['http://ok.example/announce']] }));
  expect(announce).toEqual([['http://ok.example/announce']]);
  expect(warnings.length).toBe(6);
  expect(warnings[0]).toBe('the tracker "ftp://a.example/" is none of http: https: udp: ws: wss:: ignored');
});

test('look-alike hosts are spelled out', () => {
  expect(parse(torrentOf({ announce: 'http://exаmple.com/announce' })).announce).toEqual([
    ['http://xn--exmple-4nf.com/announce'],
  ]);
});

test('a flood of URLs is cut', () => {
  const flood = Array.from({ length: 3_000 }, (_, index) => [`udp://t${index}.example:1`]);
  expect(parse(torrentOf({ 'announce-list': flood })).announce.length).toBe(1_000);
});

test('web seeds are a string or a list (BEP 19)', () => {
  const seeds = (list: string | string[]): readonly string[] => parse(torrentOf({ 'url-list': list })).webSeeds;
  expect(seeds('https://a.example/file')).toEqual(['https://a.example/file']);
  expect(seeds(['https://a.example/file', 'http://b.example/'])).toEqual([
    'https://a.example/file',
    'http://b.example/',
  ]);
  expect(seeds('')).toEqual([]);
  expect(seeds(['udp://a.example:1'])).toEqual([]);
});

test('DHT nodes are hosts and ports (BEP 5)', () => {
  const { nodes, warnings } = parse(
    torrentOf({
      nodes: [
        ['10.0.0.1', 6881],
        ['2001:DB8::1', 1],
        ['router.example.com', 65_535],
        ['10.0.0.1', 0],
        ['a b', 5],
        ['x'],
        1,
      ],
    }),
  );
  expect(nodes).toEqual([
    { host: '10.0.0.1', port: 6881 },
    { host: '2001:db8::1', port: 1 },
    { host: 'router.example.com', port: 65_535 },
  ]);
  expect(warnings.length).toBe(4);
});
