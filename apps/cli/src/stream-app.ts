// The web application behind `shoal stream`: the files of a torrent, whole or in ranges (RFC 9110, section 14), while they
// download. Answers to our own names alone, and whatever a file holds runs nowhere.
import { createReadStream, type Metainfo, type Torrent } from '@shoal/client';
import { createHostCheck, type HttpApp } from '@shoal/http-service';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { contentType } from 'mime-types';
import parseRange from 'range-parser';
import { formatBytes } from './output/format.ts';

export interface StreamedFile {
  /** Index in `metainfo.files`. */
  readonly index: number;
  /** In the torrent, with slashes. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /** Where it is served, below the origin. */
  readonly url: string;
}

/** The files to serve: those that are wanted, padding and links left out. */
export function streamedFiles({ files }: Metainfo, priorities: readonly number[] | undefined): StreamedFile[] {
  return files.flatMap(({ path, length, padding, symlink }, index) => {
    if (padding || symlink || priorities?.[index] === 0) return [];
    return [{ index, path: path.join('/'), length, url: `/${path.map(encodeURIComponent).join('/')}` }];
  });
}

export function createStreamApp(torrent: Torrent, files: readonly StreamedFile[]): HttpApp {
  const app: HttpApp = new Hono();
  const isOurs = createHostCheck(undefined);
  const byPath = new Map(files.map((file) => [`/${file.path}`, file]));
  app.use(async (context, next) => {
    if (!isOurs(context.req.header('host')))
      return context.text('only its addresses and localhost are answered\n', 403);
    await next();
    context.header('x-content-type-options', 'nosniff');
    context.header('content-security-policy', "default-src 'none'; media-src 'self'; img-src 'self' data:; sandbox");
    return undefined;
  });
  app.get('/', (context) => {
    const [only] = files;
    if (files.length === 1 && only) return context.redirect(only.url);
    return context.html(listOf(torrent.name, files));
  });
  app.get('/*', (context) => {
    const file = byPath.get(decoded(context.req.path) ?? '');
    return file ? answer(torrent, file, context.req.raw) : context.text('there is no such file in this torrent\n', 404);
  });
  app.onError((_error, { text }) => text('this cannot be answered now\n', 500));
  return app;
}

function answer(torrent: Torrent, { index, path, length }: StreamedFile, request: Request): Response {
  const etag = `"${torrent.infoHash.hex}-${index}"`;
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': contentType(path.slice(path.lastIndexOf('/') + 1)) || 'application/octet-stream',
    etag,
  };
  const condition = request.headers.get('if-range');
  const asked = condition === null || condition === etag ? request.headers.get('range') : null;
  const ranges = asked === null ? -2 : parseRange(length, asked);
  if (ranges === -1) {
    return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${length}` } });
  }
  // Several ranges in one answer are nobody's need: RFC 9110 lets a server send everything instead.
  const range = typeof ranges === 'object' && ranges.type === 'bytes' && ranges.length === 1 ? ranges[0] : undefined;
  const { start = 0, end = length - 1 } = range ?? {};
  headers['content-length'] = String(end + 1 - start);
  if (range) headers['content-range'] = `bytes ${start}-${end}/${length}`;
  const isHead = request.method === 'HEAD';
  const body = isHead ? null : createReadStream(torrent, index, { start, end: end + 1, signal: request.signal });
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** Undefined where the escapes are no UTF-8. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function listOf(name: string, files: readonly StreamedFile[]): ReturnType<typeof html> {
  const rows = files.map(
    ({ path, url, length }) => html`<li><a href="${url}">${path}</a> <small>${formatBytes(length)}</small></li>`,
  );
  return html`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${name}</title>
<h1>${name}</h1>
<ul>${rows}</ul>
</html>`;
}
