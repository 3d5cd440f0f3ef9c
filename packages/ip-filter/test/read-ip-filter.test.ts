import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { readIpFilter } from '../src/node/index.ts';

const LIST = 'Some Org:1.2.3.4-1.2.3.9\n2001:db8::/32\nnonsense\n';
const RANGES = [
  { first: '1.2.3.4', last: '1.2.3.9' },
  { first: '2001:db8::', last: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff' },
];

async function fileOf(bytes: Uint8Array | string, name = 'list.txt'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ip-filter-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

test.each([
  ['plain', 'list.gz', Buffer.from(LIST)],
  ['gzip', 'list.txt', gzipSync(LIST)],
  ['several gzip members', 'list', Buffer.concat([gzipSync(LIST.slice(0, 30)), gzipSync(LIST.slice(30))])],
  ['with a byte order mark', 'list.dat', Buffer.from(`\ufeff${LIST}`)],
  ['in Latin-1', 'list.p2p', Buffer.from(`Gr\xfc\xdfe ${LIST}`, 'latin1')],
])('%s, whatever its name', async (_, name, bytes) => {
  const path = await fileOf(bytes, name);
  for (const which of [path, pathToFileURL(path)]) {
    const { filter, ranges, skipped } = await readIpFilter(which);
    expect([...filter.ranges()]).toEqual(RANGES);
    expect(ranges).toBe(2);
    expect(skipped).toEqual([{ line: 3, text: 'nonsense', reason: 'no addresses' }]);
  }
});

test('a list of many pieces, each cut somewhere', async () => {
  const lines = Array.from(
    { length: 60_000 },
    (_, index) => `Ünï ${index}:${index >> 8}.${index & 255}.0.0-${index >> 8}.${index & 255}.0.9\n`,
  );
  const bytes = Buffer.from(lines.join(''));
  expect(bytes.length).toBeGreaterThan(1_500_000);
  for (const file of [await fileOf(bytes), await fileOf(gzipSync(bytes))]) {
    const { filter, ranges, skippedCount } = await readIpFilter(file);
    expect([filter.size, ranges, skippedCount]).toEqual([60_000, 60_000, 0]);
  }
});

test.each([
  ['a ZIP archive', Buffer.from('PK\x03\x04....'), 'ERR_IP_FILTER_FORMAT', /ZIP archive: unpack it first/],
  ['a binary list', Buffer.from([255, 255, 255, 255, 0x50, 0x32, 0x42]), 'ERR_IP_FILTER_FORMAT', /P2B/],
  ['UTF-16', Buffer.from('\ufeff1.2.3.4', 'utf16le'), 'ERR_IP_FILTER_FORMAT', /UTF-16/],
  ['broken gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3]), 'ERR_IP_FILTER_FORMAT', /cannot be inflated/],
  ['cut gzip', gzipSync(LIST).subarray(0, 40), 'ERR_IP_FILTER_FORMAT', /cannot be inflated/],
  ['an empty file', Buffer.alloc(0), 'ERR_IP_FILTER_EMPTY', /it is empty/],
  ['three bytes', Buffer.from('abc'), 'ERR_IP_FILTER_EMPTY', /line 1 is "abc"/],
  [
    'noise',
    Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7_919) & 255)),
    'ERR_IP_FILTER_EMPTY',
    /line 1 is/,
  ],
])('%s is an error in words', async (_, bytes, code, message) => {
  const failing = readIpFilter(await fileOf(bytes));
  await expect(failing).rejects.toMatchObject({ name: 'IpFilterError', code, message: expect.stringMatching(message) });
});

test('what cannot be opened', async () => {
  const path = await fileOf('1.2.3.4');
  await expect(readIpFilter(`${path}.missing`)).rejects.toMatchObject({
    code: 'ERR_IP_FILTER_READ',
    cause: { code: 'ENOENT' },
  });
  await expect(readIpFilter(tmpdir())).rejects.toMatchObject({ code: 'ERR_IP_FILTER_READ', cause: { code: 'EISDIR' } });
});

test('limits: the file, the text in it, the ranges', async () => {
  const plain = await fileOf('1.2.3.4\n'.repeat(1_000));
  await expect(readIpFilter(plain, { maxFileBytes: 4_000 })).rejects.toMatchObject({
    code: 'ERR_IP_FILTER_SIZE',
    message: 'the file is larger than 4000 bytes',
  });
  await expect(readIpFilter(plain, { maxRanges: 999 })).rejects.toMatchObject({ code: 'ERR_IP_FILTER_SIZE' });
  // 64 MiB of blank lines in 64 KiB.
  const bomb = await fileOf(gzipSync(Buffer.alloc(64 * 1024 * 1024, '\n')));
  await expect(readIpFilter(bomb, { maxTextBytes: 1024 * 1024 })).rejects.toMatchObject({
    code: 'ERR_IP_FILTER_SIZE',
    message: 'the list in it is larger than 1048576 bytes',
  });
});

test('the signal ends it with its reason', async () => {
  const path = await fileOf(gzipSync('1.2.3.4\n'.repeat(200_000)));
  await expect(readIpFilter(path, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  const abort = new AbortController();
  const reading = readIpFilter(path, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});
