import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { noise, shoal, start, temporaryFolder } from './shoal.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a torrent behind redirects', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  await writeFile(join(cwd, 'a.bin'), noise(50_000));
  await shoal(['create', 'a.bin'], { cwd });
  const torrent = await readFile(join(cwd, 'a.bin.torrent'));
  const origin = await serve((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
    else response.end(torrent);
  });
  const { status, stdout } = await shoal(['info', `${origin}/5`, '--json'], { cwd });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'a.bin', totalLength: 50_000 });
  expect(await shoal(['info', `${origin}/6`], { cwd })).toEqual({
    status: 1,
    stdout: '',
    stderr: `shoal: cannot fetch ${origin}/6: more than 5 redirects\n`,
  });
});

test('what is no torrent, too large, elsewhere or not there', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  const mebibyte = noise(2 ** 20);
  const origin = await serve((request, response) => {
    if (request.url === '/text') response.end('Hello');
    else if (request.url === '/page') response.end('\n<!DOCTYPE html>');
    else if (request.url === '/file') response.writeHead(301, { location: 'file:///etc/passwd' }).end();
    else if (request.url === '/endless') {
      const more = (): void => {
        while (response.write(mebibyte));
      };
      response.on('drain', more);
      more();
    } else response.writeHead(404).end();
  });
  for (const [path, status, reason] of [
    ['/text', 2, `cannot read ${origin}/text: not a torrent: `],
    ['/page', 2, `${origin}/page is a web page, not a torrent (give the address of a .torrent, or a magnet link)`],
    ['/file', 1, `cannot fetch ${origin}/file: redirected to file:///etc/passwd, which is no web address`],
    ['/endless', 1, `cannot fetch ${origin}/endless: more than 10485760 bytes, too large for a torrent`],
    ['/none', 1, `cannot fetch ${origin}/none: the server answers 404 Not Found`],
  ] as const) {
    const outcome = await shoal(['info', origin + path], { cwd });
    expect(outcome.stderr).toContain(`shoal: ${reason}`);
    expect(outcome.status).toBe(status);
  }
});

test('a server that never answers can be interrupted, and is given up after --timeout', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const origin = await serve(() => asked());
  const waiting = start(['info', origin], { cwd });
  await isAsked;
  expect(await waiting.interrupt()).toBe(130);
  expect(waiting.stderr.text).toBe('shoal: interrupted\n');
  const given = await shoal(['get', origin, '--timeout', '0.2'], { cwd });
  expect(given).toMatchObject({ status: 1, stderr: 'shoal: timed out after 0.2 s: a source has not answered yet\n' });
});
