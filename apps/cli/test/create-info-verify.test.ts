import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { noise, shoal, temporaryFolder } from './shoal.ts';

const TRACKER = 'http://tracker.example:6969/announce';

/** A folder with `photos/` in it: three files, one of them empty, 300,007 bytes. */
async function photos(): Promise<string> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, 'photos', 'rome'), { recursive: true });
  await writeFile(join(cwd, 'photos', 'a.jpg'), noise(100_000, 1));
  await writeFile(join(cwd, 'photos', 'empty.txt'), '');
  await writeFile(join(cwd, 'photos', 'rome', 'b.jpg'), noise(200_007, 2));
  return cwd;
}

describe('create', () => {
  test('writes a torrent that info reads back', async () => {
    const cwd = await photos();
    const made = await shoal(
      [
        ...['create', 'photos', '--tracker', TRACKER, '--tracker', 'udp://two.example:80/announce'],
        ...['--web-seed', 'https://web.example/', '--piece-length', '32K', '--private', '--source', 'HERE'],
        ...['--comment', 'of the journey', '--no-date', '--json'],
      ],
      { cwd },
    );
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const facts = JSON.parse(made.stdout);
    expect(facts).toEqual({
      name: 'photos',
      infoHash: expect.stringMatching(/^[0-9a-f]{40}$/),
      infoHashV2: null,
      version: 'v1',
      private: true,
      pieceLength: 32_768,
      pieceCount: 10,
      totalLength: 300_007,
      files: [
        { path: 'photos/a.jpg', length: 100_000 },
        { path: 'photos/empty.txt', length: 0 },
        { path: 'photos/rome/b.jpg', length: 200_007 },
      ],
      announce: [[TRACKER], ['udp://two.example:80/announce']],
      webSeeds: ['https://web.example/'],
      comment: 'of the journey',
      createdBy: 'Shoal',
      creationDate: null,
      source: 'HERE',
      warnings: [],
      path: join(cwd, 'photos.torrent'),
    });
    const { path: _, ...rest } = facts;
    const shown = await shoal(['info', 'photos.torrent', '--json'], { cwd });
    expect(JSON.parse(shown.stdout)).toEqual(rest);
  });

  test('gives equal bytes for equal data without a date, and with SOURCE_DATE_EPOCH', async () => {
    const cwd = await photos();
    for (const output of ['1.torrent', '2.torrent']) {
      await shoal(['create', 'photos', '--no-date', '-o', output], { cwd });
    }
    expect(await readFile(join(cwd, '1.torrent'))).toEqual(await readFile(join(cwd, '2.torrent')));
    const dated = ['create', 'photos', '-o', '3.torrent', '--json'];
    const made = await shoal(dated, { cwd, env: { SOURCE_DATE_EPOCH: '1000000000' } });
    expect(JSON.parse(made.stdout).creationDate).toBe('2001-09-09T01:46:40.000Z');
    expect(await shoal(dated, { cwd, env: { SOURCE_DATE_EPOCH: 'yesterday' } })).toMatchObject({
      status: 2,
      stderr: 'shoal: SOURCE_DATE_EPOCH is not a number of seconds: yesterday\n',
    });
  });

  test('takes a single file, and says in words what it made', async () => {
    const cwd = await photos();
    const made = await shoal(['create', 'photos/a.jpg', '--no-date'], { cwd });
    expect(made.status).toBe(0);
    expect(made.stdout).toContain('size        97.7 KiB in 1 file\n');
    expect(made.stdout).toContain(`written to  ${join(cwd, 'a.jpg.torrent')}\n`);
  });

  test('never writes over the data or among them, nor leaves half a file', async () => {
    const cwd = await photos();
    for (const output of ['photos/a.jpg', 'photos/new.torrent', 'photos']) {
      const refused = await shoal(['create', 'photos', '-o', output], { cwd });
      expect(refused.status).toBe(2);
      expect(refused.stderr).toContain('the data themselves lie there');
    }
    const nowhere = await shoal(['create', 'photos', '-o', 'no/such/x.torrent'], { cwd });
    expect(nowhere).toMatchObject({ status: 1, stdout: '' });
    expect(nowhere.stderr).toBe(
      `shoal: cannot write ${join(cwd, 'no/such/x.torrent')}: no such file or folder (name another place with --output)\n`,
    );
    expect(await readdir(cwd)).toEqual(['photos']);
  });

  test('fails with status 1 where there is nothing to share', async () => {
    const cwd = await photos();
    expect(await shoal(['create', 'nothing'], { cwd })).toMatchObject({
      status: 1,
      stderr: 'shoal: cannot make a torrent of nothing: no such file or folder (check the path)\n',
    });
    const empty = await shoal(['create', 'photos/empty.txt'], { cwd });
    expect(empty.status).toBe(1);
    expect(empty.stderr).toContain('nothing to share');
  });
});

describe('info', () => {
  test('is readable, 80 columns or less for ordinary names, and keeps strangers from steering the terminal', async () => {
    const cwd = await photos();
    await shoal(['create', 'photos', '--comment', 'red\u001b[31m', '--no-date'], { cwd });
    const { stdout, status } = await shoal(['info', 'photos.torrent'], { cwd });
    expect(status).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('comment     red');
    expect(stdout).toContain('  97.7 KiB  photos/a.jpg\n');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('shows torrents of version 2 alone, which cannot be downloaded yet', async () => {
    const cwd = await temporaryFolder(onTestFinished);
    const file = `d0:d6:lengthi5e11:pieces root32:${'r'.repeat(32)}ee`;
    const info = `d9:file treed5:a.txt${file}5:b.txt${file}e12:meta versioni2e4:name3:top12:piece lengthi16384ee`;
    await writeFile(join(cwd, 'two.torrent'), `d4:info${info}12:piece layersdee`);
    const shown = await shoal(['info', 'two.torrent', '--json'], { cwd });
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      name: 'top',
      infoHash: null,
      infoHashV2: createHash('sha256').update(info).digest('hex'),
      version: 'v2',
      pieceLength: 16_384,
      pieceCount: 2,
      totalLength: 10,
      files: [
        { path: 'top/a.txt', length: 5 },
        { path: 'top/b.txt', length: 5 },
      ],
      warnings: [],
    });
    expect((await shoal(['info', 'two.torrent'], { cwd })).stdout).not.toContain('info-hash');
    const { status, stderr } = await shoal(['get', 'two.torrent', '--list'], { cwd });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'shoal: two.torrent is a torrent of version 2 alone, which is not supported yet ("shoal info" shows it; hybrids work)\n',
    });
  });

  test('tells in one line why a source is no torrent: status 2', async () => {
    const cwd = await photos();
    await shoal(['create', 'photos', '--no-date'], { cwd });
    await truncate(join(cwd, 'photos.torrent'), 100);
    await writeFile(join(cwd, 'text.torrent'), 'hello');
    for (const [source, reason] of [
      ['photos.torrent', /^shoal: cannot read photos\.torrent: not a torrent: .+\n$/],
      ['text.torrent', /^shoal: cannot read text\.torrent: not a torrent: .+\n$/],
      ['photos', /^shoal: cannot read photos: it is a folder \(give the \.torrent file; .+\)\n$/],
      ['none.torrent', /^shoal: cannot read none\.torrent: no such file or folder \(check the path\)\n$/],
      ['magnet:?xt=urn:btih:00', /^shoal: cannot read the magnet link: urn:btih is 40 .+\n$/],
      ['ftp://example.org/a', /^shoal: a ftp URL as a source is not supported yet \(.+\)\n$/],
    ] as const) {
      const { status, stdout, stderr } = await shoal(['info', source, '--json'], { cwd });
      expect(stderr).toMatch(reason);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    }
  });
});

describe('verify', () => {
  async function prepared(): Promise<string> {
    const cwd = await photos();
    await shoal(['create', 'photos', '--piece-length', '32K'], { cwd });
    return cwd;
  }

  test('whole data: status 0', async () => {
    const cwd = await prepared();
    const { status, stdout } = await shoal(['verify', 'photos.torrent', '.', '--json'], { cwd });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      pieces: 10,
      piecesOk: 10,
      bytes: 300_007,
      bytesOk: 300_007,
      complete: true,
      files: [
        { path: 'photos/a.jpg', length: 100_000, ok: true },
        { path: 'photos/empty.txt', length: 0, ok: true },
        { path: 'photos/rome/b.jpg', length: 200_007, ok: true },
      ],
    });
  });

  test('damaged, missing and short data: status 1, and which files they are', async () => {
    const cwd = await prepared();
    await rm(join(cwd, 'photos', 'empty.txt'));
    await truncate(join(cwd, 'photos', 'rome', 'b.jpg'), 150_000);
    const { status, stdout } = await shoal(['verify', 'photos.torrent', '.', '--json'], { cwd });
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    // Bytes 250,000 and on are missing: pieces 7, 8 and 9 (the last has 5,095 bytes).
    expect(report).toMatchObject({ pieces: 10, piecesOk: 7, bytesOk: 7 * 32_768, complete: false });
    expect(report.files.map(({ ok }: { ok: boolean }) => ok)).toEqual([true, false, false]);
    const words = await shoal(['verify', 'photos.torrent', '.'], { cwd });
    expect(words.stdout).toBe(
      'ok      photos/a.jpg\nnot ok  photos/empty.txt\nnot ok  photos/rome/b.jpg\n' +
        'incomplete: 7 of 10 pieces, 224 KiB of 293 KiB\n',
    );
  });

  test('tells what is missing where rounding would hide it', async () => {
    const cwd = await temporaryFolder(onTestFinished);
    const data = noise(4_194_304, 9);
    await writeFile(join(cwd, 'large.bin'), data);
    await shoal(['create', 'large.bin', '--piece-length', '16K'], { cwd });
    await writeFile(join(cwd, 'large.bin'), data.with(3_000_000, (data[3_000_000] ?? 0) ^ 1));
    const { status, stdout } = await shoal(['verify', 'large.bin.torrent', '.'], { cwd });
    expect(status).toBe(1);
    expect(stdout).toBe('not ok  large.bin\nincomplete: 255 of 256 pieces, 4 MiB of 4 MiB (16 KiB missing)\n');
  });

  test('changes nothing where there is nothing', async () => {
    const cwd = await prepared();
    await mkdir(join(cwd, 'elsewhere'));
    const { status, stdout } = await shoal(['verify', 'photos.torrent', 'elsewhere', '--json'], { cwd });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ piecesOk: 0, bytesOk: 0, complete: false });
    expect(await readdir(join(cwd, 'elsewhere'))).toEqual([]);
    await expect(stat(join(cwd, '.state'))).rejects.toThrow('ENOENT');
  });
});
