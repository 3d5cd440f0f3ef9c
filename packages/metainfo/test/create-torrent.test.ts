import { chmod, mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { displayFiles, MetainfoError } from '../src/index.ts';
import { createTorrent, parseTorrent, readMetainfo } from '../src/node/index.ts';
import { sha1 } from './builder.ts';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'shoal-metainfo-')));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Bytes that differ everywhere. */
function dataOf(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  const whole = join(root, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, bytes);
}

/** The pieces' hashes of bytes in memory. */
function hashesOf(bytes: Uint8Array, pieceLength: number): string[] {
  const hashes: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) hashes.push(sha1(bytes.subarray(at, at + pieceLength)));
  return hashes;
}

function pieceHashesOf({ metainfo }: Awaited<ReturnType<typeof createTorrent>>): string[] {
  return Array.from({ length: metainfo.layout.pieceCount }, (_, piece) =>
    Buffer.from(metainfo.pieceHash(piece)).toString('hex'),
  );
}

test('a single file', async () => {
  const bytes = dataOf(100_000, 1);
  await put('file.bin', bytes);
  const created = await createTorrent(join(root, 'file.bin'), { pieceLength: 32_768 });
  expect(pieceHashesOf(created)).toEqual(hashesOf(bytes, 32_768));
  expect(created.metainfo).toMatchObject({ name: 'file.bin', multiFile: false, createdBy: 'Shoal' });
  expect(created.metainfo.creationDate).toBeInstanceOf(Date);
  expect(created.folder).toBe(root);
});

test('a folder: sorted by bytes, component by component, empty files and folders alike', async () => {
  const contents: [string, Buffer][] = [
    ['top/B', dataOf(5_000, 2)],
    ['top/a/z', dataOf(70_000, 3)],
    ['top/a-b', dataOf(1, 4)],
    ['top/empty', dataOf(0, 5)],
    ['top/é', dataOf(20_000, 6)],
    ['top/\uffee', dataOf(10, 7)],
    ['top/😀', dataOf(3, 8)],
  ];
  for (const [path, bytes] of contents.toReversed()) await put(path, bytes);
  await mkdir(join(root, 'top/nothing in here'));
  const progress: [number, number][] = [];
  const created = await createTorrent(`${join(root, 'top')}/`, {
    pieceLength: 16_384,
    onProgress: (done, total) => progress.push([done, total]),
  });
  expect(displayFiles(created.metainfo)).toEqual(contents.map(([path, { length }]) => ({ path, length })));
  const whole = Buffer.concat(contents.map(([, bytes]) => bytes));
  expect(pieceHashesOf(created)).toEqual(hashesOf(whole, 16_384));
  expect(progress.at(-1)).toEqual([whole.length, whole.length]);
  expect(created.metainfo.warnings).toEqual([]);
});

test.each([1_000, 1_048_576, 1_048_577, 3_000_000])('pieces of %i bytes across reads of 1 MiB', async (pieceLength) => {
  const first = dataOf(2_500_000, 9);
  const second = dataOf(1_048_576, 10);
  await put('top/1', first);
  await put('top/2', second);
  const created = await createTorrent(join(root, 'top'), { pieceLength });
  expect(pieceHashesOf(created)).toEqual(hashesOf(Buffer.concat([first, second]), pieceLength));
});

test('the same data and options give the same bytes', async () => {
  await put('top/1', dataOf(1_000, 11));
  const options = { creationDate: null, announce: [['http://t.example/announce']], private: true, comment: 'c' };
  const { bytes } = await createTorrent(join(root, 'top'), options);
  expect((await createTorrent(join(root, 'top'), options)).bytes).toEqual(bytes);
  expect(parseTorrent(bytes)).toMatchObject({ private: true, comment: 'c', creationDate: null });
});

test('links: files inside count as files, what leads away is left out with a warning', async () => {
  await put('outside', dataOf(10, 12));
  await put('top/sub/file', dataOf(10, 13));
  await symlink('sub/file', join(root, 'top/inside'));
  await symlink('../outside', join(root, 'top/away'));
  await symlink('/', join(root, 'top/root'));
  await symlink('.', join(root, 'top/loop'));
  await symlink('none', join(root, 'top/dangling'));
  const { metainfo, warnings } = await createTorrent(join(root, 'top'));
  expect(displayFiles(metainfo).map((file) => file.path)).toEqual(['top/inside', 'top/sub/file']);
  expect(warnings.length).toBe(4);
  expect(warnings.join()).toMatch(/away.*leads out.*dangling.*nowhere/);
});

test('executable files are marked (BEP 47), in folders and alone', async (context) => {
  if (process.platform === 'win32') return context.skip('no executable bit here');
  await put('top/tool', dataOf(10, 16));
  await put('top/text', dataOf(10, 17));
  await chmod(join(root, 'top/tool'), 0o755);
  const marks = async (path: string): Promise<(string | boolean | undefined)[][]> => {
    const { metainfo } = await createTorrent(join(root, path));
    return metainfo.files.map((file) => [file.path.at(-1), file.executable]);
  };
  expect(await marks('top')).toEqual([
    ['text', false],
    ['tool', true],
  ]);
  expect(await marks('top/tool')).toEqual([['tool', true]]);
});

test('sockets and the like are left out', async () => {
  await put('top/file', dataOf(10, 14));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, 'top/socket'), resolve));
  try {
    const { metainfo, warnings } = await createTorrent(join(root, 'top'));
    expect([metainfo.files.length, warnings.length]).toEqual([1, 1]);
    await expect(createTorrent(join(root, 'top/socket'))).rejects.toThrow(/neither a file nor a folder/);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('names that readers would change are refused before anything is hashed', async () => {
  await put('top/a\\b', dataOf(10, 15));
  const seen: number[] = [];
  const creating = createTorrent(join(root, 'top'), { onProgress: (done) => seen.push(done) });
  await expect(creating).rejects.toMatchObject({ code: 'ERR_METAINFO_FILE_NAME' });
  expect(seen).toEqual([]);
  await rm(join(root, 'top/a\\b'));
  await writeFile(Buffer.concat([Buffer.from(join(root, 'top/')), Buffer.from([0x66, 0xff])]), 'x');
  await expect(createTorrent(join(root, 'top'))).rejects.toThrow(/not UTF-8/);
});

test('nothing to share is told', async () => {
  await mkdir(join(root, 'empty'));
  await expect(createTorrent(join(root, 'empty'))).rejects.toMatchObject({ code: 'ERR_METAINFO_FILES' });
  await put('zero', dataOf(0, 16));
  await expect(createTorrent(join(root, 'zero'))).rejects.toMatchObject({ code: 'ERR_METAINFO_NO_DATA' });
  await expect(createTorrent(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['shrinks', 'grows'])('a file that %s meanwhile is an error', async (change) => {
  await put('top/1', dataOf(3_000_000, 17));
  await put('top/2', dataOf(10, 18));
  let isFirst = true;
  const creating = createTorrent(join(root, 'top'), {
    onProgress: () => {
      if (isFirst) changing = truncate(join(root, 'top/2'), change === 'grows' ? 1_000 : 5);
      isFirst = false;
    },
  });
  let changing: Promise<void> | undefined;
  await expect(creating).rejects.toMatchObject({ code: 'ERR_METAINFO_FILE_CHANGED' });
  await changing;
});

test('a signal stops it', async () => {
  await put('file', dataOf(3_000_000, 19));
  const controller = new AbortController();
  const creating = createTorrent(join(root, 'file'), {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  });
  await expect(creating).rejects.toThrow('enough');
  await expect(createTorrent(root, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
});

test('a torrent is read back from disk', async () => {
  await put('file', dataOf(30_000, 20));
  const { bytes, metainfo } = await createTorrent(join(root, 'file'));
  await put('file.torrent', bytes);
  const read = await readMetainfo(join(root, 'file.torrent'));
  expect(read.infoHash.hex).toBe(metainfo.infoHash.hex);
  expect(read.infoHash.hex).toBe(sha1(read.infoBytes));
});

test('reading has a limit, whatever size a file claims', async () => {
  await put('big', new Uint8Array(1_000));
  await expect(readMetainfo(join(root, 'big'), { limits: { size: 999 } })).rejects.toMatchObject({
    code: 'ERR_METAINFO_SIZE',
  });
  await expect(readMetainfo(join(root, 'big'), { limits: { size: 1_000 } })).rejects.toMatchObject({
    code: 'ERR_METAINFO_BENCODE',
  });
  await expect(readMetainfo('/dev/zero', { limits: { size: 100_000 } })).rejects.toBeInstanceOf(MetainfoError);
});

test("the system's errors keep their codes", async () => {
  await expect(readMetainfo(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(readMetainfo(root)).rejects.toMatchObject({ code: 'EISDIR' });
  if (process.getuid?.() === 0) return;
  await put('secret', new Uint8Array(1));
  await chmod(join(root, 'secret'), 0);
  await expect(readMetainfo(join(root, 'secret'))).rejects.toMatchObject({ code: 'EACCES' });
});
