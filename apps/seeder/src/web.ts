// The routes: the page, the .torrents, the facts as JSON, the tracker. Everything is answered to GET alone and changes
// nothing, so that a stranger's page gains nothing by sending a browser here.
import type { HttpBindings } from '@hono/node-server';
import { createHostCheck } from '@shoal/http-service';
import type { HttpAnswer } from '@shoal/tracker';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { Catalog } from './catalog.ts';
import { withAnnounce } from './library.ts';
import type { OwnTracker } from './own-tracker.ts';
import { renderPage } from './page.ts';
import { SCRIPT, STYLE } from './page-assets.ts';
import { liveFactsOf } from './torrent-facts.ts';

export interface WebOptions {
  readonly catalog: Catalog;
  readonly tracker: OwnTracker;
  readonly publicUrl: string | undefined;
}

type Environment = { Bindings: HttpBindings };
export type Web = Hono<Environment>;

/** Cached by the browser for a minute: they change with a new version only. */
const ASSET_HEADERS = { 'cache-control': 'max-age=60' };

export function createWeb({ catalog, tracker, publicUrl }: WebOptions): Web {
  const web = new Hono<Environment>();
  const isOurs = createHostCheck(publicUrl);

  web.use(async (context, next) => {
    const { host } = context.env.incoming.headers;
    if (isOurs(host)) return next();
    const words = `this seeder answers to its IP addresses, to localhost, and to the host of its --public-url, not to ${host}`;
    return context.text(`${words}\n`, 403);
  });

  web.get('/announce', async ({ env }) => {
    const { remoteAddress, localAddress } = env.incoming.socket;
    const asker = { address: remoteAddress ?? '', reachedAt: localAddress };
    return bencoded(await tracker.announce(queryOf(env), asker));
  });
  web.get('/scrape', async ({ env }) => bencoded(await tracker.scrape(queryOf(env))));

  web.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // The page's icon is an empty one, so that browsers do not ask for it.
        imgSrc: ['data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      // Served over plain HTTP as a rule: what stands before it decides on this.
      strictTransportSecurity: false,
      xFrameOptions: 'DENY',
    }),
  );
  web.get('/healthz', ({ json }) =>
    json({ status: 'ok', ready: catalog.isReady, torrents: catalog.torrents.length }, 200, {
      'cache-control': 'no-store',
    }),
  );
  web.get('/style.css', ({ body }) =>
    body(STYLE, 200, { ...ASSET_HEADERS, 'content-type': 'text/css; charset=utf-8' }),
  );
  web.get('/page.js', ({ body }) =>
    body(SCRIPT, 200, { ...ASSET_HEADERS, 'content-type': 'text/javascript; charset=utf-8' }),
  );
  web.get('/', async ({ req, html, header }) => {
    header('cache-control', 'no-store');
    return html(await renderPage({ catalog, tracker, page: Number(req.query('page') ?? 1) }));
  });
  web.get('/api/torrents', async ({ json }) =>
    json(
      {
        ready: catalog.isReady,
        hashing: catalog.hashing,
        torrents: await Promise.all(catalog.torrents.map((seeded) => liveFactsOf(seeded, tracker))),
      },
      200,
      { 'cache-control': 'no-store' },
    ),
  );
  web.get('/api/torrents/:hash{[0-9a-fA-F]{40}}', async (context) => {
    const seeded = catalog.find(context.req.param('hash').toLowerCase());
    if (!seeded) return context.json({ error: 'there is no such torrent here' }, 404);
    const facts = await liveFactsOf(seeded, tracker);
    return context.json({ ...facts, files: seeded.files }, 200, { 'cache-control': 'no-store' });
  });
  web.get('/torrents/:file{[0-9a-fA-F]{40}\\.torrent}', (context) => {
    const seeded = catalog.find(context.req.param('file').slice(0, 40).toLowerCase());
    if (!seeded) return context.text('there is no such torrent here\n', 404);
    const bytes = withAnnounce(seeded.entry.bytes, catalog.announceUrl(context.env.incoming.headers.host));
    return context.body(Uint8Array.from(bytes), 200, {
      'content-type': 'application/x-bittorrent',
      'content-disposition': attachment(`${seeded.entry.name}.torrent`),
      'cache-control': 'no-store',
    });
  });
  web.notFound(({ text }) => text('there is nothing here\n', 404));
  web.onError((_error, { text }) => text('this cannot be answered now\n', 500));
  return web;
}

/** The raw bytes of a query: a parsed URL has been through rules that know nothing of info-hashes. */
function queryOf({ incoming }: HttpBindings): string {
  const url = incoming.url ?? '';
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

function bencoded({ status, body }: HttpAnswer): Response {
  return new Response(Uint8Array.from(body), { status, headers: { 'content-type': 'text/plain' } });
}

/** RFC 6266: the plain form for old readers, the exact name for all others. */
function attachment(name: string): string {
  const plain = name.replace(/[^\w .()+,-]/g, '_');
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
