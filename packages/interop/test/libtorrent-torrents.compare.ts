// libtorrent's own test torrents, read by it and by us: docs/TORRENTS.md has the outcome and the reasons for what differs. They
// are not in this repository, so that this is no test of every run: SHOAL_LIBTORRENT names a checkout of libtorrent.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MetainfoError } from '@shoal/metainfo';
import { parseAnyTorrent } from '@shoal/metainfo/node';
import { expect, test } from 'vitest';
import { python } from '../src/facts.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';

interface Reading {
  readonly name: string;
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
  readonly pieceCount: number;
  readonly files: readonly { readonly path: string; readonly length: number; readonly link: string | null }[];
}

/** "Refused here, taken there" in docs/TORRENTS.md. */
const REFUSED_HERE = ['v2_invalid_piece_layer_root', 'v2_invalid_root_hash', 'v2_unknown_piece_layer_entry'];

/** "Named otherwise" there. */
const NAMED_OTHERWISE = [
  'absolute_filename',
  'backslash_path',
  'duplicate_files',
  'duplicate_files2',
  'empty_path_multi',
  'hidden_parent_path',
  'invalid_directory_name',
  'invalid_filename',
  'invalid_filename2',
  'invalid_name2',
  'long_name',
  'overlapping_symlinks',
  'parent_path',
  'slash_path',
  'slash_path2',
  'slash_path3',
  'symlink_filtered_path',
  'v2_invalid_filename',
  'v2_invalid_filename2',
];

const folder = join(process.env.SHOAL_LIBTORRENT ?? '', 'test/test_torrents');

test("libtorrent's test torrents are read as libtorrent reads them", async ({ onTestFinished }) => {
  expect(whyNot('libtorrent')).toBeUndefined();
  const scene = await Scene.enter();
  onTestFinished(() => scene.leave());
  const names = (await readdir(folder)).filter((name) => name.endsWith('.torrent')).toSorted();
  const paths = names.map((name) => join(folder, name));
  const theirs = (await python(scene, 'torrent_readings.py', ...paths)).map(
    (line) => JSON.parse(line) as Reading | { readonly error: string },
  );
  expect(theirs).toHaveLength(names.length);

  const found = { same: [] as string[], refused: [] as string[], refusedHere: [] as string[], named: [] as string[] };
  const wrong: string[] = [];
  for (const [index, file] of names.entries()) {
    const name = file.slice(0, -'.torrent'.length);
    const [their, our] = [theirs[index] as Reading | { readonly error: string }, await reading(paths[index] as string)];
    if ('error' in their || our === undefined) {
      if (!('error' in their)) found.refusedHere.push(name);
      else if (our === undefined) found.refused.push(name);
      else wrong.push(`${name}: taken here, but libtorrent says ${their.error}`);
    } else if (JSON.stringify(nameless(our)) !== JSON.stringify(nameless(their))) {
      wrong.push(`${name}: ${JSON.stringify(nameless(our))}, libtorrent ${JSON.stringify(nameless(their))}`);
    } else {
      found[JSON.stringify(our) === JSON.stringify(their) ? 'same' : 'named'].push(name);
    }
  }
  const { same, refused, refusedHere, named } = found;
  process.stdout.write(
    `${names.length} torrents: ${same.length} the same, ${refused.length} refused by both, ${named.length} named otherwise, ` +
      `${refusedHere.length} refused here alone, ${wrong.length} wrong\n`,
  );
  // No info-hash, length or number of pieces is ever another, and nothing is taken that libtorrent refuses.
  expect(wrong).toEqual([]);
  expect(refusedHere).toEqual(REFUSED_HERE);
  expect(named).toEqual(NAMED_OTHERWISE);
});

/** Undefined for a torrent that is refused. */
async function reading(path: string): Promise<Reading | undefined> {
  const bytes = await readFile(path);
  try {
    const torrent = parseAnyTorrent(bytes, { platform: 'posix' });
    return {
      name: torrent.name,
      infoHash: torrent.infoHash?.hex ?? null,
      infoHashV2: torrent.infoHashV2?.hex ?? null,
      pieceCount: torrent.version === 'v2' ? torrent.pieceCount : torrent.layout.pieceCount,
      files: torrent.files
        .filter(({ padding }) => !padding)
        .map(({ path, length, symlink }) => ({ path: path.join('/'), length, link: symlink?.join('/') ?? null })),
    };
  } catch (error) {
    if (error instanceof MetainfoError) return undefined;
    throw error;
  }
}

function nameless({ infoHash, infoHashV2, pieceCount, files }: Reading): unknown {
  return { infoHash, infoHashV2, pieceCount, lengths: files.map(({ length }) => length) };
}
