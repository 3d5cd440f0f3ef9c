// What `shoal info` says of a torrent is what libtorrent says of it; what is none gets one line and status 2.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createTorrent } from '@shoal/metainfo/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAgreement, python } from '../src/facts.ts';
import { madeBytes, makeTree } from '../src/payload.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { runShoal } from '../src/shoal.ts';

const reason = whyNot('libtorrent');

describe(reason ? `info beside libtorrent (skipped: ${reason})` : 'info beside libtorrent', { skip: !!reason }, () => {
  let scene: Scene;
  let tree: string;
  beforeAll(async () => {
    scene = await Scene.enter();
    tree = await makeTree(scene.path('tree'));
  });
  afterAll(() => scene.leave());

  test('torrents that shoal created', async () => {
    const single = scene.path('one file.bin');
    await writeFile(single, madeBytes('info', 300_001));
    const made: string[] = [];
    const create = async (path: string, ...options: readonly string[]): Promise<void> => {
      const torrent = scene.path(`made-${made.length}.torrent`);
      const { status, output } = await runShoal(scene, 'create', path, '--output', torrent, ...options);
      expect(status, output).toBe(0);
      made.push(torrent);
    };
    await create(single);
    await create(single, '--piece-length', '16K', '--no-date', '--comment', 'a “comment”');
    await create(tree, '--private', '--source', 'here', '--tracker', 'http://127.0.0.1:1/announce?passkey=x');
    await create(tree, '--tracker', 'http://127.0.0.1:1/announce', '--tracker', 'udp://127.0.0.1:2/announce');
    await expectAgreement(scene, made);
  });

  test('torrents that libtorrent created: v1, with padding, hybrid', async () => {
    await mkdir(scene.path('theirs'));
    const made = await python(scene, 'make_torrents.py', tree, scene.path('theirs'));
    expect(made).toHaveLength(3);
    await expectAgreement(scene, made);
  });
});

describe('info of what is no torrent', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.enter();
  });
  afterAll(() => scene.leave());

  async function torrentBytes(): Promise<Uint8Array> {
    const path = scene.path('small.bin');
    await writeFile(path, madeBytes('small', 50_000));
    return (await createTorrent(path, { creationDate: null })).bytes;
  }

  test.each([
    ['text', async () => Buffer.from('this is no torrent\n')],
    ['nothing', async () => Buffer.alloc(0)],
    ['a truncated torrent', async () => (await torrentBytes()).subarray(0, -30)],
    ['a bencoded list', async () => Buffer.from('l4:infoe')],
  ])('%s: one line and status 2', async (_, bytes) => {
    const path = scene.path('bad.torrent');
    await writeFile(path, await bytes());
    for (const command of ['info', 'get', 'announce']) {
      const { status, output } = await runShoal(scene, command, path);
      expect(status, output).toBe(2);
      expect(output.trimEnd()).toMatch(/^shoal: [^\n]+$/);
    }
  });

  test('a name that climbs out becomes a safe path and a warning', async () => {
    const path = scene.path('climber.torrent');
    const bytes = Buffer.from(
      `d4:infod5:filesld6:lengthi1e4:pathl2:..2:..6:passwdeee4:name2:..12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}ee`,
    );
    await writeFile(path, bytes);
    const { status, output } = await runShoal(scene, 'info', path, '--json');
    expect(status, output).toBe(0);
    const info = JSON.parse(output) as { files: { path: string }[]; warnings: string[] };
    expect(info.warnings.length).toBeGreaterThan(0);
    const components = info.files.flatMap((file) => file.path.split('/'));
    expect(components.every((component) => component !== '..' && component !== '.' && component !== '')).toBe(true);
    expect(await readFile(path)).toEqual(bytes);
  });
});
