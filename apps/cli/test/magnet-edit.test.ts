import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { noise, shoal, temporaryFolder } from './shoal.ts';

const ONE = 'http://one.example:6969/announce';
const TWO = 'udp://two.example:80';
const V1 = 'b34069cbaada29dbf01e5a2140effe1b012e504a';
const V2 = V1.repeat(2).slice(0, 64);

/** `a.torrent` of a file with an awkward name. */
async function prepared(): Promise<string> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, 'up'));
  await writeFile(join(cwd, 'up', 'träume & more.bin'), noise(50_000));
  const options = ['--tracker', ONE, '--web-seed', 'https://web.example/x', '--comment', 'old', '--no-date'];
  await shoal(['create', 'up/träume & more.bin', '-o', 'a.torrent', ...options], { cwd });
  return cwd;
}

async function facts(cwd: string, source: string): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await shoal(['info', source, '--json'], { cwd });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('magnet', () => {
  test('prints the link, which info reads back', async () => {
    const cwd = await prepared();
    const { infoHash, name } = await facts(cwd, 'a.torrent');
    const { status, stdout } = await shoal(['magnet', 'a.torrent'], { cwd });
    expect(status).toBe(0);
    expect(stdout).toBe(
      `magnet:?xt=urn:btih:${infoHash}&dn=tr%C3%A4ume%20%26%20more.bin&tr=${encodeURIComponent(ONE)}` +
        '&ws=https%3A%2F%2Fweb.example%2Fx\n',
    );
    expect(await facts(cwd, stdout.trim())).toMatchObject({ infoHash, name, announce: [[ONE]] });
    const json = await shoal(['magnet', 'a.torrent', '--json'], { cwd });
    expect(JSON.parse(json.stdout)).toEqual({
      magnet: stdout.trim(),
      name: 'träume & more.bin',
      infoHash,
      infoHashV2: null,
      announce: [[ONE]],
      webSeeds: ['https://web.example/x'],
    });
  });

  test('of what is no torrent: status 2', async () => {
    const cwd = await prepared();
    expect((await shoal(['magnet', 'up'], { cwd })).status).toBe(2);
  });
});

describe('info of links', () => {
  test('what a magnet link does not say is null', async () => {
    const link = `magnet:?xt=urn:btih:${V1}&dn=A+name&tr=${encodeURIComponent(TWO)}&x.pe=1.2.3.4:5&so=0,2-4`;
    expect(await facts('/', link)).toEqual({
      name: 'A name',
      infoHash: V1,
      infoHashV2: null,
      version: null,
      private: null,
      pieceLength: null,
      pieceCount: null,
      totalLength: null,
      files: null,
      announce: [[TWO]],
      webSeeds: [],
      comment: null,
      createdBy: null,
      creationDate: null,
      source: null,
      warnings: [],
      sources: [],
      peers: ['1.2.3.4:5'],
      select: '0,2-4',
    });
    const { stdout } = await shoal(['info', link], { cwd: '/' });
    expect(stdout).toBe(
      `name        A name\ninfo-hash   ${V1}\ntracker     ${TWO}\npeer        1.2.3.4:5\nfiles       0,2-4\n`,
    );
  });

  test('with both hashes it is a hybrid; a bare info-hash is what it is', async () => {
    expect(await facts('/', `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}`)).toMatchObject({ version: 'hybrid' });
    expect(await facts('/', V1.toUpperCase())).toMatchObject({ infoHash: V1, infoHashV2: null, name: null });
    expect(await facts('/', V2)).toMatchObject({ infoHash: null, infoHashV2: V2, announce: [] });
    expect(await facts('/', 'A'.repeat(32))).toMatchObject({ infoHash: '0'.repeat(40) });
  });

  test('a name cannot steer the terminal, as words or as JSON', async () => {
    const link = `magnet:?xt=urn:btih:${V1}&dn=${encodeURIComponent('a\u009b31m\u202eb')}&tr=${encodeURIComponent('http://x/\u001b')}`;
    for (const option of [[], ['--json']]) {
      const { stdout } = await shoal(['info', link, ...option], { cwd: '/' });
      expect(stdout).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
    }
  });
});

describe('edit', () => {
  test('changes what stands beside the info dictionary, in place', async () => {
    const cwd = await prepared();
    const before = await facts(cwd, 'a.torrent');
    const edited = await shoal(
      ['edit', 'a.torrent', '--add-tracker', TWO, '--add-tracker', ONE, '--no-web-seed', '--comment', 'new', '--json'],
      { cwd },
    );
    expect(edited).toMatchObject({ status: 0, stderr: '' });
    const after = { ...before, announce: [[ONE], [TWO]], webSeeds: [], comment: 'new' };
    expect(await facts(cwd, 'a.torrent')).toEqual(after);
    expect(JSON.parse(edited.stdout)).toEqual({ ...after, path: join(cwd, 'a.torrent') });
  });

  test('writes another file with --output, and leaves the first as it is', async () => {
    const cwd = await prepared();
    const bytes = await readFile(join(cwd, 'a.torrent'));
    const options = ['--tracker', TWO, '--comment', '', '--add-web-seed', 'https://web.example/y', '-o', 'b.torrent'];
    const { status, stdout } = await shoal(['edit', 'a.torrent', ...options], { cwd });
    expect(status).toBe(0);
    expect(stdout).toContain(`written to  ${join(cwd, 'b.torrent')}\n`);
    expect(await readFile(join(cwd, 'a.torrent'))).toEqual(bytes);
    expect(await facts(cwd, 'b.torrent')).toMatchObject({
      announce: [[TWO]],
      webSeeds: ['https://web.example/x', 'https://web.example/y'],
      comment: null,
    });
    await shoal(['edit', 'b.torrent', '--no-tracker', '--no-comment'], { cwd });
    expect(await facts(cwd, 'b.torrent')).toMatchObject({ announce: [] });
  });

  test('changes what a link leads to, not the link', async () => {
    const cwd = await prepared();
    await symlink('a.torrent', join(cwd, 'link.torrent'));
    expect((await shoal(['edit', 'link.torrent', '--no-tracker'], { cwd })).status).toBe(0);
    expect((await lstat(join(cwd, 'link.torrent'))).isSymbolicLink()).toBe(true);
    expect(await facts(cwd, 'a.torrent')).toMatchObject({ announce: [] });
  });

  test('tells what is wrong: status 2', async () => {
    const cwd = await prepared();
    for (const [argv, message] of [
      [['edit', 'a.torrent'], /^shoal: nothing to change \(give --tracker, .+\)\n$/],
      [['edit', 'a.torrent', '--tracker', 'nowhere'], /A tracker is a URL/],
      [['edit', 'none.torrent', '--no-tracker'], /no such file or folder/],
      [['edit', V1, '--no-tracker'], /info-hash/],
    ] as const) {
      const { status, stdout, stderr } = await shoal(argv, { cwd });
      expect(stderr).toMatch(message);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    }
  });
});
