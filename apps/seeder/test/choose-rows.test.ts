import { expect, test } from 'vitest';
import { type Choice, chooseRows } from '../src/page/choose-rows.ts';
import type { TorrentRow } from '../src/page/rows.ts';

const row = (name: string, facts: Partial<TorrentRow> = {}): TorrentRow => ({
  name,
  infoHash: name.charCodeAt(0).toString(16).padEnd(40, '0'),
  infoHashV2: null,
  size: 0,
  files: 1,
  pieceLength: 16_384,
  pieces: 1,
  private: false,
  state: 'seeding',
  error: null,
  peers: 0,
  upRate: 0,
  uploaded: 0,
  ratio: 0,
  seeders: 0,
  leechers: 0,
  completed: 0,
  trackers: [],
  torrent: '',
  magnet: '',
  ...facts,
});
const rows = [
  row('disk 10', { size: 1, upRate: 5, state: 'error' }),
  row('Disk 9', { size: 2, peers: 3 }),
  row('alpha beta', { size: 3, uploaded: 9, ratio: 2 }),
];
const chosen = (choice: Partial<Choice>): string[] =>
  chooseRows(rows, { words: '', state: 'all', order: 'name', ...choice }).map(({ name }) => name);

test('names are sorted as people count, figures from the largest, equals by name', () => {
  expect(chosen({})).toEqual(['alpha beta', 'Disk 9', 'disk 10']);
  expect(chosen({ order: 'size' })).toEqual(['alpha beta', 'Disk 9', 'disk 10']);
  expect(chosen({ order: 'rate' })).toEqual(['disk 10', 'alpha beta', 'Disk 9']);
  expect(chosen({ order: 'peers' })).toEqual(['Disk 9', 'alpha beta', 'disk 10']);
  expect(chosen({ order: 'uploaded' })[0]).toBe('alpha beta');
  expect(chosen({ order: 'ratio' })[0]).toBe('alpha beta');
});

test('every word must be in the name, or begin the info-hash', () => {
  expect(chosen({ words: 'DISK' })).toEqual(['Disk 9', 'disk 10']);
  expect(chosen({ words: ' beta  alpha ' })).toEqual(['alpha beta']);
  expect(chosen({ words: '6100' })).toEqual(['alpha beta']);
  expect(chosen({ words: 'disk beta' })).toEqual([]);
});

test('those with peers, or with errors, alone', () => {
  expect(chosen({ state: 'active' })).toEqual(['Disk 9']);
  expect(chosen({ state: 'error' })).toEqual(['disk 10']);
});
