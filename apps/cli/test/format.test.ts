import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { cutEnd, cutMiddle, joinFitting } from '../src/output/cut.ts';
import { etaOf, formatBytes, formatCount, formatDuration, formatPercent, formatRate } from '../src/output/format.ts';
import { printable } from '../src/output/printable.ts';
import { whyNothing } from '../src/output/why-nothing.ts';

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [102_400, '100 KiB'],
    [1_048_575, '1 MiB'],
    [64 * 2 ** 20, '64 MiB'],
    [2.6 * 2 ** 30, '2.6 GiB'],
    [2 ** 50 * 5000, '5000 PiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [0.44, '0.4 s'],
    [9, '9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1m 00s'],
    [185, '3m 05s'],
    [7_800, '2h 10m'],
    [443_000, '5d 3h'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  test('100% is said only when nothing is missing', () => {
    expect(formatPercent(999_999, 1_000_000)).toBe('99.9%');
    expect(formatPercent(1_000_000, 1_000_000)).toBe('100%');
    expect(formatPercent(0, 0)).toBe('100%');
  });

  test('rates, counts and times to go', () => {
    expect(formatRate(1_572_864.4)).toBe('1.5 MiB/s');
    expect(formatCount(1, 'peer')).toBe('1 peer');
    expect(formatCount(0, 'address', 'addresses')).toBe('0 addresses');
    expect(etaOf(1000, 300)).toBe(4);
    expect(etaOf(1000, 0.5)).toBeNull();
    expect(etaOf(0, 0)).toBe(0);
  });
});

test('wide characters take two columns, and no text comes out wider than asked for', () => {
  const wide = '日本語の長い名前🎉まつり写真いろいろ';
  for (let columns = 1; columns < 45; columns++) {
    expect(stringWidth(cutMiddle(wide, columns))).toBeLessThanOrEqual(columns);
    expect(stringWidth(cutEnd(wide, columns))).toBeLessThanOrEqual(columns);
  }
  expect(cutMiddle('photos/of/the/journey.jpg', 15)).toBe('photos/…ney.jpg');
  expect(joinFitting(['12.5%', '1 MiB of 8 MiB', '3 peers'], 25)).toBe('12.5%  1 MiB of 8 MiB');
  expect(joinFitting(['12.5%', '1 MiB of 8 MiB'], 3)).toBe('12…');
});

test('strangers cannot steer the terminal', () => {
  expect(printable('a\u001b[31m\nb\u202ec\u009b')).toBe('a\\u{1b}[31m\\u{a}b\\u{202e}c\\u{9b}');
  expect(printable('نام\u200cها – 👩\u200d👧')).toBe('نام\u200cها – 👩\u200d👧');
});

describe('why nothing arrives', () => {
  const nobody = { known: 0, tried: 0, failed: 0, barred: 0, lastError: null };
  const source = { name: 'http://t.example:80/KEY/announce', peers: 0, seeders: null, leechers: null, nextAt: null };
  const alone = { state: 'downloading' as const, peers: 0, seeds: 0, addresses: nobody, sources: [] };

  test('nobody to ask', () => {
    expect(whyNothing(alone)).toBe('no peers yet: the torrent names no tracker, and no --peer was given');
  });

  test('what the tracker said, without the key in its URL, and what became of the addresses', () => {
    const addresses = { known: 3, tried: 3, failed: 3, barred: 0, lastError: '127.0.0.1:9: refused' };
    const sources = [{ ...source, state: 'failed', message: 'unregistered torrent' } as const];
    expect(whyNothing({ ...alone, addresses, sources })).toBe(
      'no peers yet: tracker t.example says: unregistered torrent; 3 addresses tried, all refused',
    );
  });

  test('a tracker that knows nobody, one that is silent, and addresses not tried yet', () => {
    const sources = [
      { ...source, state: 'ok', message: null } as const,
      { ...source, name: 'udp://u.example:6969', state: 'working', message: null } as const,
    ];
    expect(whyNothing({ ...alone, addresses: { ...nobody, known: 2 }, sources })).toBe(
      'no peers yet: tracker t.example knows nobody else; tracker u.example:6969 has not answered yet; 2 addresses to try',
    );
  });

  test('peers that send nothing', () => {
    expect(whyNothing({ ...alone, peers: 2, seeds: 1 })).toBe(
      '2 peers connected, 1 seed among them, but none sends what is missing',
    );
    expect(whyNothing({ ...alone, state: 'metadata', peers: 1 })).toBe('1 peer connected, but none sends the metadata');
  });

  test('what has no URL is no tracker', () => {
    const finder = { ...source, name: 'DHT', state: 'ok' as const, message: null };
    const local = { ...source, name: 'lsd', state: 'failed' as const, message: 'no multicast' };
    expect(whyNothing({ ...alone, sources: [finder, local] })).toBe(
      'no peers yet: the DHT knows nobody; the local network fails: no multicast',
    );
  });
});
