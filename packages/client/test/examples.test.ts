import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatEndpoint } from '@shoal/primitives';
import { TrackerServer } from '@shoal/tracker/node';
import { expect, test } from 'vitest';
import { run as download } from '../examples/download.ts';
import { run as seed } from '../examples/seed.ts';

test('what one example seeds the other downloads, and the README shows both', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-example-'));
  const tracker = new TrackerServer({ http: { host: '127.0.0.1' } });
  try {
    const announce = `http://${formatEndpoint(await tracker.listen())}/announce`;
    const content = randomBytes(500_000);
    await writeFile(join(dir, 'song.flac'), content);
    const torrentFile = join(dir, 'song.torrent');
    await using _seed = await seed(join(dir, 'song.flac'), announce, torrentFile, { bind: '127.0.0.1' });
    const target = join(dir, 'downloads');
    expect(await download(torrentFile, target, { bind: '127.0.0.1' })).toBe(500_000);
    expect(Buffer.compare(await readFile(join(target, 'song.flac')), content)).toBe(0);
  } finally {
    await tracker.close();
    await rm(dir, { recursive: true });
  }
  const here = import.meta.dirname;
  const readme = await readFile(join(here, '../README.md'), 'utf8');
  for (const name of ['download', 'seed']) {
    expect(readme, name).toContain(await readFile(join(here, `../examples/${name}.ts`), 'utf8'));
  }
});
