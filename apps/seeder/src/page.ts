// The page: every torrent with its figures, its link and the first of its files. `html` escapes each value, and names
// stand in <bdi>, so that a name can change neither the page nor the order of what is around it.
import { html } from 'hono/html';
import type { Catalog, SeededTorrent } from './catalog.ts';
import { formatCount, formatRate, formatSize } from './format.ts';
import type { OwnTracker } from './own-tracker.ts';
import { type LiveFacts, liveFactsOf } from './torrent-facts.ts';

const PER_PAGE = 100;
const FILES_SHOWN = 20;

type Html = ReturnType<typeof html>;

export interface PageOptions {
  readonly catalog: Catalog;
  readonly tracker: OwnTracker;
  /** From 1; anything else is taken for the nearest there is. */
  readonly page: number;
}

export async function renderPage({ catalog, tracker, page }: PageOptions): Promise<Html> {
  const { torrents } = catalog;
  const pages = Math.max(1, Math.ceil(torrents.length / PER_PAGE));
  const shown = Math.min(pages, Math.max(1, Math.floor(page) || 1));
  const part = torrents.slice((shown - 1) * PER_PAGE, shown * PER_PAGE);
  const cards = await Promise.all(part.map(async (seeded) => card(await liveFactsOf(seeded, tracker), seeded.files)));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Shoal seeder</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header>
<h1>Shoal seeder</h1>
${summary(torrents)}
</header>
<main>
${hashing(catalog)}
${cards.length > 0 ? cards : empty(catalog)}
</main>
${pages > 1 ? pager(shown, pages) : ''}
<footer>The same as JSON: <a href="api/torrents">api/torrents</a></footer>
</body>
</html>
`;
}

function summary(torrents: readonly SeededTorrent[]): Html {
  const snapshots = torrents.map(({ torrent }) => torrent.snapshot());
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const size = formatSize(sum(torrents.map((seeded) => seeded.size)));
  const peers = formatCount(sum(snapshots.map((snapshot) => snapshot.peers)), 'peer');
  const rate = formatRate(sum(snapshots.map((snapshot) => snapshot.upRate)));
  const uploaded = formatSize(sum(snapshots.map((snapshot) => snapshot.uploadedEver)));
  return html`<p class="summary">${formatCount(torrents.length, 'torrent')}, ${size}
<span class="dot">·</span> <span id="peers" data-live>${peers}</span>
<span class="dot">·</span> <span id="rate" data-live>${rate}</span> up
<span class="dot">·</span> <span id="uploaded" data-live>${uploaded}</span> uploaded</p>`;
}

function hashing({ hashing: current, isReady }: Catalog): Html | '' {
  if (isReady) return '';
  if (!current) return html`<p class="notice" id="hashing" data-live>Looking through the folder …</p>`;
  const share = current.bytesTotal > 0 ? Math.floor((100 * current.bytesDone) / current.bytesTotal) : 100;
  return html`<p class="notice" id="hashing" data-live>Hashing <bdi>${current.name}</bdi>: ${share} %
of ${formatSize(current.bytesTotal)}</p>`;
}

function empty({ isReady }: Catalog): Html | '' {
  if (!isReady) return '';
  return html`<p class="notice">There is nothing in the folder to seed. Put files or folders into it and start again.</p>`;
}

function card(facts: LiveFacts, files: SeededTorrent['files']): Html {
  const { infoHash, name } = facts;
  const live = (label: string, key: string, value: string): Html =>
    html`<div><dt>${label}</dt><dd id="${key}-${infoHash}" data-live>${value}</dd></div>`;
  return html`<article>
<div class="title">
<h2><bdi>${name}</bdi></h2>
<a class="get" href="${facts.torrent}" download aria-label="Get the torrent of ${name}">.torrent</a>
</div>
${facts.error === null ? '' : html`<p class="fault">Not seeded any more: ${facts.error}</p>`}
<dl>
<div><dt>Size</dt><dd>${formatSize(facts.size)}</dd></div>
<div><dt>Pieces</dt><dd>${facts.pieces} × ${formatSize(facts.pieceLength)}</dd></div>
${live('Peers', 'peers', String(facts.peers))}
${live('Leechers', 'leechers', String(facts.leechers))}
${live('Up', 'rate', formatRate(facts.upRate))}
${live('Uploaded', 'uploaded', formatSize(facts.uploaded))}
</dl>
<p class="hash"><span>info-hash</span> <code>${infoHash}</code>${facts.private ? html` <span class="tag">private</span>` : ''}</p>
${fileList(facts, files)}
</article>
`;
}

function fileList(facts: LiveFacts, files: SeededTorrent['files']): Html {
  const rows = files
    .slice(0, FILES_SHOWN)
    .map(({ path, length }) => html`<li><bdi>${path}</bdi> <span>${formatSize(length)}</span></li>\n`);
  const rest = files.length - rows.length;
  const more = html`<li><a href="api/torrents/${facts.infoHash}">and ${formatCount(rest, 'file')} more</a></li>`;
  return html`<details><summary>${formatCount(files.length, 'file')}</summary>
<ul>
${rows}${rest > 0 ? more : ''}
</ul>
</details>`;
}

function pager(shown: number, pages: number): Html {
  const link = (page: number, words: string): Html | '' =>
    page < 1 || page > pages ? '' : html`<a href="?page=${page}">${words}</a>`;
  return html`<nav>${link(shown - 1, 'Previous')} <span>Page ${shown} of ${pages}</span> ${link(shown + 1, 'Next')}</nav>`;
}
