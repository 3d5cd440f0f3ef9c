import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { noise, shoal, start, temporaryFolder } from './shoal.ts';

const LOOPBACK = ['--bind', '127.0.0.1'];
const FILM = noise(2_000_000, 7);
const NOTES = noise(3_000, 8);

interface Streaming {
  readonly url: string;
  readonly files: readonly { readonly path: string; readonly url: string; readonly length: number }[];
}

async function streaming(...options: readonly string[]): Promise<Streaming> {
  const cwd = await temporaryFolder(onTestFinished);
  await mkdir(join(cwd, 'up', 'show', 'ünï #1'), { recursive: true });
  await writeFile(join(cwd, 'up', 'show', 'film.mkv'), FILM);
  await writeFile(join(cwd, 'up', 'show', 'ünï #1', 'notes & more.txt'), NOTES);
  await shoal(['create', 'up/show', '--piece-length', '64K'], { cwd });
  const seed = start(['seed', 'show.torrent', '--dir', 'up', '--json', ...LOOPBACK], { cwd });
  onTestFinished(async () => void (await seed.interrupt()));
  const { port } = await seed.stdout.event('seeding');
  const argv = ['stream', 'show.torrent', '--dir', 'down', '--json', '--peer', `127.0.0.1:${String(port)}`];
  const player = start([...argv, ...LOOPBACK, ...options], { cwd });
  onTestFinished(async () => void (await player.interrupt()));
  return (await player.stdout.event('streaming')) as unknown as Streaming;
}

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

test('serves each file whole, in ranges and by its name, with its type', async () => {
  const { url, files } = await streaming();
  expect(files.map(({ path }) => path)).toEqual(['show/film.mkv', 'show/ünï #1/notes & more.txt']);
  const [film, notes] = files as unknown as [{ url: string }, { url: string }];

  const end = await fetch(film.url, { headers: { range: 'bytes=-1000' } });
  expect(end.status).toBe(206);
  expect(end.headers.get('content-range')).toBe('bytes 1999000-1999999/2000000');
  expect(end.headers.get('content-type')).toBe('video/x-matroska');
  expect((await bytesOf(end)).equals(Buffer.from(FILM.subarray(-1000)))).toBe(true);

  const whole = await fetch(film.url);
  expect([whole.status, whole.headers.get('content-length')]).toEqual([200, '2000000']);
  expect((await bytesOf(whole)).equals(Buffer.from(FILM))).toBe(true);

  const text = await fetch(notes.url);
  expect(text.headers.get('content-type')).toMatch(/^text\/plain/);
  expect((await bytesOf(text)).equals(Buffer.from(NOTES))).toBe(true);

  const list = await (await fetch(url)).text();
  expect(list).toContain(
    '<a href="/show/%C3%BCn%C3%AF%20%231/notes%20%26%20more.txt">show/ünï #1/notes &amp; more.txt</a>',
  );
});

test('answers odd questions as HTTP wants it, and runs nothing of what files hold', async () => {
  const { files } = await streaming();
  const { url } = files[0] as { url: string };
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '2000000']);
  expect(head.headers.get('content-security-policy')).toContain('sandbox');
  const beyond = await fetch(url, { headers: { range: 'bytes=2000000-' } });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */2000000']);
  for (const range of ['lines=1-2', 'bytes=0-1,5-6']) {
    const answer = await fetch(url, { headers: { range } });
    expect(answer.status, range).toBe(200);
    await answer.body?.cancel();
  }
  const stale = await fetch(url, { headers: { range: 'bytes=0-9', 'if-range': '"another"' } });
  expect(stale.status).toBe(200);
  await stale.body?.cancel();
  for (const path of ['/show/missing.mp4', '/%ff', '/..%2f..%2fetc%2fpasswd', '/show']) {
    expect((await fetch(new URL(path, url))).status, path).toBe(404);
  }
  const { hostname, port } = new URL(url);
  const status = await new Promise((resolve) => {
    request({ host: hostname, port, headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  expect(status).toBe(403);
});

test('at a terminal the addresses take the place of what is drawn, which goes on below', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  await writeFile(join(cwd, 'film.mkv'), FILM);
  await shoal(['create', 'film.mkv'], { cwd });
  const player = start(['stream', 'film.mkv.torrent', ...LOOPBACK], {
    cwd,
    terminal: { columns: 80 },
    oneScreen: true,
  });
  onTestFinished(async () => void (await player.interrupt()));
  const before = await player.stdout.until((text) => {
    const at = text.indexOf('film.mkv: http:');
    return at === -1 ? undefined : text.slice(0, at);
  });
  expect(before).toContain('film.mkv');
  expect(before.endsWith('\r\u001b[J')).toBe(true);
});

test('of a selection only what is selected is served, and a single file from the top', async () => {
  const { url, files } = await streaming('--select', '*.txt');
  expect(files).toHaveLength(1);
  const answer = await fetch(url);
  expect(answer.url).toBe((files[0] as { url: string }).url);
  expect((await bytesOf(answer)).equals(Buffer.from(NOTES))).toBe(true);
});
