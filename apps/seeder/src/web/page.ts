// The page as the server writes it: whole without a script, which only keeps it fresh. `html` escapes each value, and names
// stand in <bdi>, so that a name can change neither the page nor the order of what is around it.
import { html } from 'hono/html';
import { formatCount, formatSize } from '../format.ts';
import {
  fieldsOf,
  pendingText,
  summaryFields,
  type TorrentRow,
  type TorrentsAnswer,
  trackerText,
} from '../page/rows.ts';

const PER_PAGE = 100;
const FILES_SHOWN = 20;

type Html = ReturnType<typeof html>;
type Files = readonly { readonly path: string; readonly length: number }[];

export interface PageOptions {
  /** Everything there is. */
  readonly answer: TorrentsAnswer;
  readonly filesOf: (infoHash: string) => Files;
  /** From 1; anything else is taken for the nearest there is. */
  readonly page: number;
}

/** What the script fills in for each torrent that comes. */
const BLANK: TorrentRow = {
  name: '',
  infoHash: '',
  infoHashV2: null,
  size: 0,
  files: 0,
  pieceLength: 0,
  pieces: 0,
  private: false,
  state: 'seeding',
  error: null,
  peers: 0,
  upRate: 0,
  uploaded: 0,
  ratio: 0,
  seeders: 0,
  leechers: 0,
  completed: 0,
  trackers: [],
  torrent: '',
  magnet: '',
};

export function renderPage({ answer, filesOf, page }: PageOptions): Html {
  const { torrents, pending, ready, fault } = answer;
  const pages = Math.max(1, Math.ceil(torrents.length / PER_PAGE));
  const shown = Math.min(pages, Math.max(1, Math.floor(page) || 1));
  const part = torrents.slice((shown - 1) * PER_PAGE, shown * PER_PAGE);
  const rows = part.map((row) => rowOf(row, filesOf(row.infoHash)));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Shoal seeder</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header>
<h1>Shoal seeder</h1>
${summaryOf(answer)}
</header>
<main>
<p class="notice fault" id="away" role="status" hidden>The seeder does not answer; the figures are old.</p>
<p class="notice fault" id="fault"${fault === null ? html` hidden` : ''}>${fault ?? ''}</p>
<section class="notice" id="preparing"${pending.length === 0 ? html` hidden` : ''}>
<h2>Not seeded, or not yet</h2>
<ul class="lines" id="pending">${pending
    .slice(0, 50)
    .map(
      (row) => html`<li data-state="${row.state}"><bdi>${row.name}</bdi> <span>${pendingText(row)}</span></li>`,
    )}</ul>
</section>
<form id="choose" role="search" hidden>
<input id="words" type="search" placeholder="Filter by name or info-hash" aria-label="Filter by name or info-hash" autocomplete="off">
<select id="state" aria-label="Show"><option value="all">all torrents</option><option value="active">with peers</option><option value="error">with errors</option></select>
<select id="order" aria-label="Sort by"><option value="name">by name</option><option value="rate">by rate</option><option value="peers">by peers</option><option value="uploaded">by uploaded</option><option value="ratio">by ratio</option><option value="size">by size</option></select>
<span id="count" role="status"></span>
</form>
<p class="notice" id="empty"${ready && torrents.length === 0 ? '' : html` hidden`}>There is nothing in the folder to seed. Put files or folders into it: they are seen while this runs.</p>
<p class="notice" id="none" hidden>No torrent is like that.</p>
<ul id="torrents">${rows}</ul>
</main>
${pages > 1 ? pager(shown, pages) : ''}
<footer>The same as JSON: <a href="api/torrents">api/torrents</a></footer>
<template id="row">${rowOf(BLANK, [])}</template>
</body>
</html>
`;
}

function summaryOf({ summary }: TorrentsAnswer): Html {
  const fields = summaryFields(summary);
  const one = (field: string, label: string): Html =>
    html`<div><dt>${label}</dt><dd data-field="${field}">${fields[field]}</dd></div>`;
  return html`<dl class="summary">${one('torrents', 'Torrents')}${one('size', 'Size')}${one('peers', 'Peers')}${one('rate', 'Up')}${one('uploaded', 'Uploaded')}</dl>`;
}

function rowOf(row: TorrentRow, files: Files): Html {
  const fields = fieldsOf(row);
  const one = (field: string, label: string): Html =>
    html`<div><dt>${label}</dt><dd data-field="${field}">${fields[field]}</dd></div>`;
  return html`<li class="row" data-state="${row.state}">
<div><h2><bdi data-field="name">${row.name}</bdi></h2>
<span class="state" data-field="state">${fields.state}</span> <span class="private"${row.private ? '' : html` hidden`}>private</span></div>
<dl class="figures">${one('size', 'Size')}${one('peers', 'Peers')}${one('rate', 'Up')}${one('uploaded', 'Uploaded')}${one('ratio', 'Ratio')}</dl>
<div class="links"><a class="torrent" href="${row.torrent}" download aria-label=".torrent of ${row.name}">.torrent</a><a class="magnet" href="${row.magnet}" aria-label="magnet link of ${row.name}">magnet</a></div>
<p class="fault"${row.error === null ? html` hidden` : ''}>Not seeded now: <span data-field="error">${fields.error}</span></p>
<details><summary data-field="files">${fields.files}</summary>
<dl class="more">
<dt>Info-hash</dt><dd><code data-field="hash">${row.infoHash}</code></dd>
<dt>Pieces</dt><dd data-field="pieces">${fields.pieces}</dd>
<dt>Leechers</dt><dd data-field="leechers">${fields.leechers}</dd>
<dt>Completed</dt><dd data-field="completed">${fields.completed}</dd>
<dt>Trackers</dt><dd><ul class="trackers">${row.trackers.map((tracker) => html`<li><bdi>${trackerText(tracker)}</bdi></li>`)}</ul></dd>
<dt>Files</dt><dd><ul class="lines files">${fileItems(row, files)}</ul></dd>
</dl></details>
</li>
`;
}

function fileItems({ infoHash }: TorrentRow, files: Files): Html[] {
  const items = files
    .slice(0, FILES_SHOWN)
    .map(({ path, length }) => html`<li><bdi>${path}</bdi> <span>${formatSize(length)}</span></li>`);
  const rest = files.length - items.length;
  if (rest > 0) items.push(html`<li><a href="api/torrents/${infoHash}">and ${formatCount(rest, 'file')} more</a></li>`);
  return items;
}

function pager(shown: number, pages: number): Html {
  const link = (page: number, words: string): Html | '' =>
    page < 1 || page > pages ? '' : html`<a href="?page=${page}">${words}</a>`;
  return html`<nav>${link(shown - 1, 'Previous')} <span>Page ${shown} of ${pages}</span> ${link(shown + 1, 'Next')}</nav>`;
}
