import { expect, test } from 'vitest';
import { type Platform, safeName } from '../src/index.ts';
import { bytesOf, codeOf, fileOf, folderOf, parse, pathsOf, torrentOf } from './builder.ts';

test.each([
  ['..', '__'],
  ['.', '_'],
  ['', '_'],
  ['/etc/passwd', '_etc_passwd'],
  ['..\\..\\boot.ini', '.._.._boot.ini'],
  ['a\u0000b', 'a_b'],
  ['a\nb\u001bc\u007fd\u0085e', 'a_b_c_d_e'],
  ['a\u2028b', 'a_b'],
  ['evil\u202etxt.exe', 'eviltxt.exe'],
  ['\u200f\u2066a\u2069', 'a'],
  ['.\u200e.', '__'],
  ['\u200e', '_'],
  ['half\ud800', 'half_'],
])('%j becomes %j on every system', (name, safe) => {
  for (const platform of ['posix', 'macos', 'windows'] as const) {
    // Windows has more to say about what ends in dots.
    if (platform !== 'windows' || !/^\.+$/.test(name)) expect(safeName(name, platform)).toBe(safe);
    expect(safeName(safe, 'posix')).toBe(safe);
  }
  expect(safeName(name, 'windows')).not.toMatch(/^\.+$|^$/);
});

test.each([
  'plain.txt',
  '.hidden',
  '...',
  'a..b',
  ' leading space',
  'نمونه\u200cفارسی',
  'हिन्दी क्\u200dष',
  '👩\u200d👩\u200d👧.jpg',
  'ünïcödé',
  'a'.repeat(240),
])('%j stays', (name) => {
  expect(safeName(name, 'posix')).toBe(name);
});

test('what only Windows cannot hold is changed for Windows', () => {
  const changed: Record<string, string> = {
    NUL: '_NUL',
    'nul.txt': '_nul.txt',
    'Com1.tar.gz': '_Com1.tar.gz',
    'LPT³': '_LPT³',
    'con .txt': '_con .txt',
    'C:': 'C_',
    'a:b': 'a_b',
    'what?': 'what_',
    'a<b>c"d|e*f': 'a_b_c_d_e_f',
    'dot.': 'dot_',
    'space ': 'space_',
    '...': '___',
  };
  for (const [name, safe] of Object.entries(changed)) {
    expect(safeName(name, 'posix')).toBe(name);
    expect(safeName(name, 'windows')).toBe(safe);
    expect(safeName(safe, 'windows')).toBe(safe);
    expect(parse(folderOf([fileOf(name)])).warnings).toEqual([expect.stringContaining('Windows')]);
    expect(pathsOf(folderOf([fileOf(name)]), { platform: 'windows' })).toEqual([safe]);
  }
  for (const name of ['console', 'com', 'COM10', 'nullable.txt', 'a.b']) expect(safeName(name, 'windows')).toBe(name);
});

test('long names are cut to 240 bytes, between characters, and keep their extension', () => {
  const bytes = (name: string): number => Buffer.byteLength(name);
  expect(safeName(`${'a'.repeat(300)}.mkv`, 'posix')).toBe(`${'a'.repeat(236)}.mkv`);
  const cut = safeName(`${'日本語'.repeat(60)}.flac`, 'posix');
  expect(cut.endsWith('.flac')).toBe(true);
  expect(bytes(cut)).toBe(239);
  expect(cut).not.toContain('\ufffd');
  expect(bytes(safeName(`${'😀'.repeat(100)}`, 'posix'))).toBe(240);
  expect(bytes(safeName(`a.${'x'.repeat(500)}`, 'posix'))).toBe(240);
  expect(safeName(`${'. '.repeat(200)}x`, 'windows')).not.toMatch(/[. ]$/);
});

test('paths cannot leave the folder', () => {
  expect(pathsOf(folderOf([fileOf('../../etc/passwd'), fileOf('/etc/passwd'), fileOf('a//b'), fileOf('./c')]))).toEqual(
    ['__/__/etc/passwd', '_/etc/passwd', 'a/_/b', '_/c'],
  );
  expect(parse(torrentOf({ info: { name: '..' } })).name).toBe('__');
  expect(parse(torrentOf({ info: { name: '../x' } })).files[0]?.path).toEqual(['.._x']);
  expect(
    pathsOf(
      folderOf([
        { length: 1, path: [] },
        { length: 1, path: [''] },
      ]),
    ),
  ).toEqual(['_', '_ (2)']);
  expect(codeOf(() => parse(folderOf([{ length: 1, path: ['a', 1] }])))).toBe('ERR_METAINFO_FILES');
});

test('every changed name is told, escaped', () => {
  expect(parse(folderOf([fileOf('a\u202eb\n'), fileOf('fine')])).warnings).toEqual([
    'the file "a\\u202eb\\n" is named "ab_" here',
  ]);
});

test('names that mean something to JavaScript are names', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'length'];
  const paths = names.map((name) => [name, name]);
  expect(pathsOf(folderOf(names.map((name) => fileOf(`${name}/${name}`))))).toEqual(
    paths.map((path) => path.join('/')),
  );
  expect(pathsOf(folderOf([fileOf('__proto__'), fileOf('__proto__')]))).toEqual(['__proto__', '__proto__ (2)']);
});

test('two files with one path: the first keeps it', () => {
  expect(pathsOf(folderOf([fileOf('a.txt'), fileOf('a.txt'), fileOf('a.txt'), fileOf('a (2).txt')]))).toEqual([
    'a.txt',
    'a (3).txt',
    'a (4).txt',
    'a (2).txt',
  ]);
  expect(
    pathsOf(
      folderOf([
        { length: 1, path: [bytesOf('\u00e9')] },
        { length: 1, path: [bytesOf('\u00ea')] },
      ]),
    ),
  ).toEqual(['_', '_ (2)']);
});

test('a file where another needs a folder gives way, whichever comes first', () => {
  expect(pathsOf(folderOf([fileOf('a'), fileOf('a/b'), fileOf('a/b/c')]))).toEqual(['a (2)', 'a/b (2)', 'a/b/c']);
  expect(pathsOf(folderOf([fileOf('a/b/c'), fileOf('a/b'), fileOf('a')]))).toEqual(['a/b/c', 'a/b (2)', 'a (2)']);
});

test('twins by case: renamed where the system would take them for one file, told elsewhere', () => {
  const bytes = folderOf([fileOf('Read'), fileOf('read'), fileOf('sub/é'), fileOf('SUB/e\u0301'), fileOf('SUB/x')]);
  const posix = parse(bytes);
  expect(posix.files.map((file) => file.path.at(-1))).toEqual(['Read', 'read', 'é', 'e\u0301', 'x']);
  expect(posix.warnings).toEqual([expect.stringContaining('2 of the file names differ from another by case')]);
  for (const platform of ['macos', 'windows'] satisfies Platform[]) {
    expect(pathsOf(bytes, { platform })).toEqual(['Read', 'read (2)', 'sub/é', 'SUB/e\u0301 (2)', 'SUB/x']);
  }
});

test('too many levels and too long paths lose their last folders', () => {
  const deep = parse(folderOf([fileOf(`${'d/'.repeat(200)}file.txt`)])).files[0]?.path ?? [];
  expect([deep.length, deep.at(-1)]).toEqual([100, 'file.txt']);
  const long = parse(folderOf([fileOf(`${`${'l'.repeat(200)}/`.repeat(30)}file.txt`)])).files[0]?.path ?? [];
  expect(long.at(-1)).toBe('file.txt');
  expect(Buffer.byteLength(long.join('/'))).toBeLessThan(2_000);
});

test('symbolic links lead to files and folders of the torrent or are none', () => {
  const link = (path: string, target: string): ReturnType<typeof fileOf> =>
    fileOf(path, 0, { attr: 'l', 'symlink path': target.split('/') });
  const { files, warnings } = parse(
    folderOf([
      fileOf('real/file', 1),
      link('to-file', 'real/file'),
      link('to-folder', 'real'),
      link('out', '../../etc/passwd'),
      link('absolute', '/etc/passwd'),
      link('nowhere', 'real/none'),
      link('to-link', 'to-file'),
      link('through', 'to-folder/file'),
      link('real/beside', 'file'),
      link('round', 'round'),
      link('round-1', 'round-2'),
      link('round-2', 'round-1/x'),
      link('real/up', 'real'),
      link('real-up', 'real'),
      fileOf('no-target', 0, { attr: 'l' }),
      fileOf('with-data', 5, { attr: 'l', 'symlink path': ['real', 'file'] }),
    ]),
  );
  expect(Object.fromEntries(files.map((file) => [file.path.at(-1), file.symlink?.join('/')]))).toEqual({
    file: undefined,
    'to-file': 'folder/real/file',
    'to-folder': 'folder/real',
    out: undefined,
    absolute: undefined,
    nowhere: undefined,
    'to-link': 'folder/real/file',
    through: 'folder/real/file',
    beside: 'folder/real/file',
    round: undefined,
    'round-1': undefined,
    'round-2': undefined,
    up: undefined,
    'real-up': 'folder/real',
    'no-target': undefined,
    'with-data': 'folder/real/file',
  });
  expect(warnings.length).toBe(9);
  expect(warnings.join()).toContain('leads to "real", which is a folder it lies in');
});

test('a link to a file that had to be renamed still leads there', () => {
  const target = { attr: 'l', 'symlink path': ['sub\n', 'a?'] };
  const { files } = parse(folderOf([fileOf('sub\n/a?'), fileOf('link', 0, target)]), { platform: 'windows' });
  expect(files[1]?.symlink).toEqual(['folder', 'sub_', 'a_']);
});
