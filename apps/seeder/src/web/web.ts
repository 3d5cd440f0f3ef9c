// The routes: the page, the .torrents, the API, the metrics; the tracker before them. Everything is answered to GET alone, and
// nothing but an announce changes anything: those no browser can send from anybody's page.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { createHostCheck, createOriginCheck, createTokenCheck, TOKEN_CHALLENGE } from '@shoal/http-service';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { Clock } from '../clock.ts';
import type { Shelf } from '../folder/shelf.ts';
import type { OwnTracker } from '../own-tracker.ts';
import type { Trackers } from '../trackers.ts';
import { Feed } from './feed.ts';
import { seederMetrics } from './metrics.ts';
import { renderPage } from './page.ts';
import type { PageAssets } from './page-assets.ts';

export interface WebOptions {
  readonly shelf: Shelf;
  readonly tracker: OwnTracker;
  readonly trackers: Trackers;
  readonly clock: Clock;
  readonly publicUrl: string | undefined;
  readonly token: string | undefined;
  readonly assets: PageAssets;
  /** Payload bytes of this run. */
  readonly uploaded: () => number;
}

type Environment = { Bindings: HttpBindings };

export interface Web {
  readonly web: Hono<Environment>;
  /** The tracker's share of the requests, which wants their bytes as they came. */
  readonly first: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Cached by the browser for a minute: they change with a new version only. */
const ASSET_HEADERS = { 'cache-control': 'max-age=60' };
const FRESH = { 'cache-control': 'no-store' };
/** What needs no token: clients announce without one, and whoever has an info-hash has been given it. */
const OPEN_PATHS = /^\/(?:healthz|torrents\/[0-9a-fA-F]{40}\.torrent)$/;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function createWeb(options: WebOptions): Web {
  const { shelf, tracker, trackers, publicUrl, token, assets, uploaded } = options;
  const feed = new Feed(options);
  const web = new Hono<Environment>();
  const isOurs = createHostCheck(publicUrl);
  const isNoStranger = createOriginCheck(publicUrl);
  const holdsToken = token === undefined ? undefined : createTokenCheck(token);

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
  web.use(async (context, next) => {
    const { headers } = context.env.incoming;
    if (!isOurs(headers.host)) return context.text(notOurs(headers.host), 403);
    if (!isNoStranger(headers)) return context.text("not from another site's page\n", 403);
    if (holdsToken && !OPEN_PATHS.test(context.req.path) && !holdsToken(headers.authorization)) {
      return context.text('a token is wanted, as Bearer or as a password\n', 401, {
        'www-authenticate': TOKEN_CHALLENGE,
        ...FRESH,
      });
    }
    return next();
  });

  web.get('/healthz', ({ json }) => {
    const { fault, isReady: ready } = shelf;
    const health = { status: fault === null ? 'ok' : 'degraded', ready, torrents: shelf.seeded().length, fault };
    return json(health, 200, FRESH);
  });
  web.get('/page.css', ({ body }) =>
    body(assets.style, 200, { ...ASSET_HEADERS, 'content-type': 'text/css; charset=utf-8' }),
  );
  web.get('/page.js', ({ body }) =>
    body(assets.script, 200, { ...ASSET_HEADERS, 'content-type': 'text/javascript; charset=utf-8' }),
  );
  web.get('/', ({ req, html, env }) => {
    const answer = feed.answer(undefined, env.incoming.headers.host);
    const filesOf = (infoHash: string): ReturnType<Parameters<typeof renderPage>[0]['filesOf']> =>
      feed.find(infoHash)?.files ?? [];
    return html(renderPage({ answer, filesOf, page: Number(req.query('page') ?? 1) }), 200, FRESH);
  });
  web.get('/metrics', async ({ body }) =>
    body(await tracker.metrics(seederMetrics({ feed, shelf, uploaded: uploaded() })), 200, {
      'content-type': METRICS_TYPE,
      ...FRESH,
    }),
  );
  web.get('/api/torrents', ({ req, json, env }) =>
    json(feed.answer(req.query('since'), env.incoming.headers.host), 200, FRESH),
  );
  web.get('/api/torrents/:hash{[0-9a-fA-F]{40}}', (context) => {
    const seeded = feed.find(context.req.param('hash').toLowerCase());
    if (!seeded) return context.json({ error: 'there is no such torrent here' }, 404);
    const row = feed.row(seeded, context.env.incoming.headers.host);
    return context.json({ ...row, files: seeded.files }, 200, FRESH);
  });
  web.get('/torrents/:file{[0-9a-fA-F]{40}\\.torrent}', (context) => {
    const seeded = feed.find(context.req.param('file').slice(0, 40).toLowerCase());
    if (!seeded) return context.text('there is no such torrent here\n', 404);
    const bytes = trackers.torrentOf(seeded.entry, context.env.incoming.headers.host);
    return context.body(Uint8Array.from(bytes), 200, {
      'content-type': 'application/x-bittorrent',
      'content-disposition': attachment(`${seeded.entry.name}.torrent`),
      ...FRESH,
    });
  });
  web.notFound(({ text }) => text('there is nothing here\n', 404));
  web.onError((_error, { text }) => text('this cannot be answered now\n', 500));

  const first: Web['first'] = (request, response) => {
    if (!/^\/(?:announce|scrape)(?:\?|$)/.test(request.url ?? '')) return false;
    if (isOurs(request.headers.host)) return tracker.handle(request, response);
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(notOurs(request.headers.host));
    return true;
  };
  return { web, first };
}

function notOurs(host: string | undefined): string {
  const shown = (host ?? '').slice(0, 100);
  return `this seeder answers to its IP addresses, to localhost, and to the host of its --public-url, not to ${shown}\n`;
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
