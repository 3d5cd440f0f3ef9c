// Torrents that are expensive by intention. The runner's time-out is the assertion: read in linear time they are
// quick, in quadratic time they hang.
import { encode } from '@shoal/bencode';
import { expect, test } from 'vitest';
import { codeOf, fileOf, folderOf, parse } from './builder.ts';

const LOCAL = { limits: { size: 64 * 1024 * 1024 } };

test('thousands of files with one path', () => {
  const metainfo = parse(folderOf(Array.from({ length: 20_000 }, () => fileOf('same.txt'))), LOCAL);
  expect(metainfo.files.at(-1)?.path).toEqual(['folder', 'same (20000).txt']);
  expect(metainfo.warnings.length).toBe(1_001);
  expect(metainfo.warnings.at(-1)).toBe('and 18999 more of the like');
});

test('names that lie in wait for the numbered ones', () => {
  const count = 4_000;
  const files = [];
  for (let number = 1; number <= count; number++) files.push(fileOf('a'), fileOf(`a (${number + 1})`));
  const { files: read } = parse(folderOf(files), LOCAL);
  expect(new Set(read.map((file) => file.path.join('/'))).size).toBe(2 * count);
});

test('folders in one another, each with its own name', () => {
  const files = Array.from({ length: 1_000 }, (_, file) => fileOf(`${file}/${'d/'.repeat(97)}f`));
  expect(parse(folderOf(files), LOCAL).files.length).toBe(1_000);
});

test('one path with 100,000 components', () => {
  const path = parse(folderOf([{ length: 1, path: new Array<string>(100_000).fill('d') }]), LOCAL).files[0]?.path;
  expect(path?.length).toBe(100);
});

test('one name without end', () => {
  const name = `${'\u202e'.repeat(300_000)}${'x'.repeat(300_000)}.txt`;
  const [file] = parse(folderOf([fileOf(name)], { name })).files;
  expect(file?.path).toEqual([`${'x'.repeat(236)}.txt`, `${'x'.repeat(236)}.txt`]);
  expect(parse(folderOf([fileOf('😀'.repeat(200_000))])).files[0]?.path[1]?.length).toBe(120);
  expect(parse(folderOf([fileOf('. '.repeat(200_000))]), { platform: 'windows' }).files.length).toBe(1);
});

test('symbolic links without end', () => {
  const long = new Array<string>(97).fill('d');
  const files = Array.from({ length: 500 }, (_, file) => ({
    length: 0,
    path: [String(file), ...long],
    attr: 'l',
    'symlink path': long,
  }));
  expect(parse(folderOf([fileOf('real'), ...files]), LOCAL).files.some((file) => file.symlink)).toBe(false);
});

test('thousands of links that all lead through one another', () => {
  const files = Array.from({ length: 20_000 }, (_, file) => ({
    length: 0,
    path: [String(file)],
    attr: 'l',
    'symlink path': [String((file + 1) % 20_000), ...new Array<string>(20).fill('d')],
  }));
  expect(parse(folderOf([fileOf('real'), ...files]), LOCAL).files.some((file) => file.symlink)).toBe(false);
});

test('more tokens than a torrent may have', () => {
  expect(codeOf(() => parse(encode({ info: { files: new Array<number>(2_000_001).fill(0) } })))).toBe(
    'ERR_METAINFO_BENCODE',
  );
});
