import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { displayFiles } from '@shoal/metainfo';
import { createTorrent, readMetainfo } from '@shoal/metainfo/node';

export async function run(): Promise<{ infoHash: string; files: { path: string; length: number }[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-example-'));
  try {
    await writeFile(join(folder, 'song.flac'), 'not really music');

    const { bytes } = await createTorrent(join(folder, 'song.flac'), {
      announce: [['http://tracker.example/announce']],
      creationDate: null,
    });
    await writeFile(join(folder, 'song.torrent'), bytes);

    const metainfo = await readMetainfo(join(folder, 'song.torrent'));
    return { infoHash: metainfo.infoHash.hex, files: displayFiles(metainfo) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
