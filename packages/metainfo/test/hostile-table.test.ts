// What a .torrent may do wrong, by accident or on purpose, and which test tries it. The table is held to the names of tests and of
// their rows. A link on the disk that leads out of the download folder is the storage's to refuse, and is tried there.
import { type TestTable, untriedOf } from '@shoal/testkit';
import { expect, test } from 'vitest';

const TABLE: TestTable = {
  'what is no torrent': {
    'parse-metainfo': ['HTML', 'half a torrent', 'a list', 'info that is a list', '%s: %s'],
  },
  'depth, tokens and size: 10 MiB from the net, 64 MiB from a disk': {
    'parse-metainfo': ['too deep a torrent', 'too much', 'two million pieces are read within the size a user may name'],
    hostile: ['more tokens than a torrent may have'],
    'create-torrent': ['reading has a limit, whatever size a file claims'],
  },
  'the info-hash is of the raw bytes': {
    'parse-metainfo': [
      'the info-hash is of the raw bytes, whatever order and spelling they have',
      'of two info dictionaries the first is parsed and hashed',
      'an info dictionary inside another value is not the info dictionary',
      'bytes behind the torrent are tolerated, and told',
    ],
    v2: ['an info dictionary of version 2 that is out of order is refused, one of version 1 is not'],
    'edit-torrent': ['every member is put in, changed and taken away, and the info dictionary stays byte for byte'],
  },
  'piece lengths of 0, below and 2^63': {
    'parse-metainfo': ['piece length 0', 'piece length -16', 'piece length 2^63', 'piece length 1 GiB'],
    v2: ['a piece length of 24 KiB', 'a piece length of 8 KiB'],
  },
  'file lengths below 0 and 2^63, sums that overflow': {
    'parse-metainfo': ['length -1', 'length 2^63', 'a file of negative length', 'a sum that overflows'],
    v2: ['a negative length', 'a length of 2^63', 'a sum that overflows', 'more pieces than can be'],
  },
  'pieces that are no hashes, too few or too many': {
    'parse-metainfo': ['pieces no multiple of 20', 'too few pieces', 'too many pieces', 'the error says both figures'],
  },
  'no files, no data, files of no bytes': {
    'parse-metainfo': [
      'no files',
      'length 0',
      'empty files alone',
      'a folder with padding, attributes and an empty file (BEP 47)',
    ],
    v2: ['an empty tree', 'folders alone'],
  },
  'trees that recurse, nodes that are none': {
    v2: ['a tree deeper than bencode may be', 'a tree that is a file', 'a node that is a number', 'an empty component'],
  },
  'piece layers that lead to no root': {
    v2: [
      '%s are refused, in either kind of torrent',
      'of equal files are checked once: thousands of them cost no more',
    ],
  },
  'halves of a hybrid that disagree': {
    v2: [
      'with %s in one half is refused',
      'the halves are compared before the pieces are counted, and these are counted too',
    ],
  },
  'names that mean something to JavaScript': { 'safe-paths': ['names that mean something to JavaScript are names'] },
  'names that lead elsewhere, control, mark, or are no text': {
    'safe-paths': [
      '%j becomes %j on every system',
      'paths cannot leave the folder',
      'every changed name is told, escaped',
    ],
    'parse-metainfo': ['names: utf-8 twins are preferred where they are valid', 'text is fit for a terminal'],
    v2: ['names that are not UTF-8 or unsafe are changed, as in version 1'],
  },
  'joiners that scripts and emoji need stay': { 'safe-paths': ['%j stays'] },
  'components over 240 bytes, more than 100 levels': {
    'safe-paths': [
      'long names are cut to 240 bytes, between characters, and keep their extension',
      'too many levels and too long paths lose their last folders',
    ],
    hostile: [
      'one path with 100,000 components',
      'one name without end',
      'folders in one another, each with its own name',
    ],
  },
  'two files with one path, a file where another needs a folder': {
    'safe-paths': [
      'two files with one path: the first keeps it',
      'a file where another needs a folder gives way, whichever comes first',
    ],
    hostile: ['thousands of files with one path', 'names that lie in wait for the numbered ones'],
  },
  'names that are unsafe on some systems only': {
    'safe-paths': [
      'what only Windows cannot hold is changed for Windows',
      'twins by case: renamed where the system would take them for one file, told elsewhere',
    ],
  },
  'links that lead out of the torrent, through one another, nowhere': {
    'safe-paths': [
      'symbolic links lead to files and folders of the torrent or are none',
      'a link to a file that had to be renamed still leads there',
    ],
    hostile: ['symbolic links without end', 'thousands of links that all lead through one another'],
  },
  'what create accepts is found again': {
    'metainfo.property': ['what create accepts is read back under the same paths'],
    'create-torrent': ['names that readers would change are refused before anything is hashed'],
  },
  'floods of trackers, web seeds and nodes; URLs that are none; look-alikes': {
    sources: [
      'a flood of URLs is cut',
      'what no tracker can be is dropped with a warning, doubles without',
      'look-alike hosts are spelled out',
    ],
  },
  'magnet links': {
    magnet: ['%#: %.60s is refused with %s', 'a name cannot steer a terminal or read backwards, and ends'],
  },
  'any bytes at all': {
    'metainfo.property': [
      'no mutated torrent does anything but parse or throw MetainfoError',
      'no member of any shape does anything but parse or throw MetainfoError',
      'paths: whatever stands in the torrent, what comes out is safe, unique and warned about',
    ],
  },
};

test.each(Object.entries(TABLE))('%s', async (_, line) => {
  expect(await untriedOf(line, import.meta.url)).toEqual([]);
});
