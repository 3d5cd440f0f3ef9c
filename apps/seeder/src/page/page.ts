// The page in the browser: asks for what changed every two seconds, keeps the rows fresh, filters and sorts them. Everything
// that comes from a file's name goes through textContent. The server's markup is the only one: rows are copies of its template.
import { formatSize } from '../format.ts';
import { type Choice, chooseRows } from './choose-rows.ts';
import {
  fieldsOf,
  type PendingRow,
  pendingText,
  type Summary,
  summaryFields,
  type TorrentRow,
  type TorrentsAnswer,
  trackerText,
} from './rows.ts';

const EVERY_MS = 2_000;
const FILES_SHOWN = 200;

const rows = new Map<string, TorrentRow>();
const shown = new Map<string, HTMLElement>();
const list = find('#torrents');
const template = find<HTMLTemplateElement>('#row');
let revision: string | undefined;
let order = '';

function find<T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T {
  return within.querySelector(selector) as T;
}

function put(within: ParentNode, fields: Readonly<Record<string, string>>): void {
  for (const [field, text] of Object.entries(fields)) {
    for (const place of within.querySelectorAll(`[data-field=${field}]`)) {
      if (place.textContent !== text) place.textContent = text;
    }
  }
}

function listItem(text: string, aside?: string): HTMLLIElement {
  const item = document.createElement('li');
  const words = item.appendChild(document.createElement('bdi'));
  words.textContent = text;
  if (aside !== undefined) item.appendChild(document.createElement('span')).textContent = aside;
  return item;
}

function rowElement(row: TorrentRow): HTMLElement {
  const element = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
  find<HTMLAnchorElement>('a.torrent', element).href = row.torrent;
  find('a.torrent', element).setAttribute('aria-label', `.torrent of ${row.name}`);
  find('a.magnet', element).setAttribute('aria-label', `magnet link of ${row.name}`);
  find('.private', element).hidden = !row.private;
  const details = find<HTMLDetailsElement>('details', element);
  details.addEventListener('toggle', () => {
    if (details.open) void showFiles(element, row.infoHash).catch(() => undefined);
  });
  return element;
}

async function showFiles(element: HTMLElement, infoHash: string): Promise<void> {
  const files = find('.files', element);
  if (files.childElementCount > 0) return;
  const answer = await fetch(`api/torrents/${infoHash}`);
  if (!answer.ok) return;
  const { files: all } = (await answer.json()) as { files: { path: string; length: number }[] };
  const items = all.slice(0, FILES_SHOWN).map(({ path, length }) => listItem(path, formatSize(length)));
  if (all.length > items.length) items.push(listItem(`and ${(all.length - items.length).toLocaleString('en')} more`));
  files.replaceChildren(...items);
}

function refreshRow(row: TorrentRow): void {
  let element = shown.get(row.infoHash);
  if (!element) {
    element = rowElement(row);
    shown.set(row.infoHash, element);
  }
  put(element, fieldsOf(row));
  element.dataset.state = row.state;
  find<HTMLAnchorElement>('a.magnet', element).href = row.magnet;
  find('.fault', element).hidden = row.error === null;
  find('.trackers', element).replaceChildren(...row.trackers.map((tracker) => listItem(trackerText(tracker))));
}

function choice(): Choice {
  return {
    words: find<HTMLInputElement>('#words').value,
    state: find<HTMLSelectElement>('#state').value as Choice['state'],
    order: find<HTMLSelectElement>('#order').value as Choice['order'],
  };
}

/** Touches the document only where the order of what is shown has changed. */
function arrange(): void {
  const chosen = chooseRows(rows.values(), choice());
  const next = chosen.map(({ infoHash }) => infoHash).join();
  if (next !== order) {
    order = next;
    const focused = document.activeElement;
    list.replaceChildren(...chosen.map(({ infoHash }) => shown.get(infoHash) as HTMLElement));
    if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true });
  }
  const isAll = chosen.length === rows.size;
  find('#count').textContent = isAll
    ? ''
    : `${chosen.length.toLocaleString('en')} of ${rows.size.toLocaleString('en')}`;
  find('#none').hidden = rows.size === 0 || chosen.length > 0;
}

function showPending(pending: readonly PendingRow[]): void {
  const items = pending.slice(0, 50).map((row) => {
    const item = listItem(row.name, pendingText(row));
    item.dataset.state = row.state;
    if (row.bytesTotal > 0) {
      const bar = item.appendChild(document.createElement('progress'));
      bar.max = row.bytesTotal;
      bar.value = row.bytesDone;
    }
    return item;
  });
  if (pending.length > items.length) items.push(listItem(`and ${pending.length - items.length} more`));
  find('#pending').replaceChildren(...items);
  find('#preparing').hidden = items.length === 0;
}

function showHead(summary: Summary, { ready, fault }: TorrentsAnswer): void {
  put(find('header'), summaryFields(summary));
  find('#fault').hidden = fault === null;
  find('#fault').textContent = fault;
  find('#empty').hidden = !ready || summary.torrents > 0;
}

async function refresh(): Promise<void> {
  if (document.hidden && revision !== undefined) return;
  const answer = await fetch(`api/torrents${revision === undefined ? '' : `?since=${revision}`}`);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const news = (await answer.json()) as TorrentsAnswer;
  if (news.full) {
    rows.clear();
    const here = new Set(news.torrents.map(({ infoHash }) => infoHash));
    for (const infoHash of shown.keys()) if (!here.has(infoHash)) shown.delete(infoHash);
  }
  for (const infoHash of news.removed) {
    rows.delete(infoHash);
    shown.delete(infoHash);
  }
  for (const row of news.torrents) {
    rows.set(row.infoHash, row);
    refreshRow(row);
  }
  revision = news.revision;
  showHead(news.summary, news);
  showPending(news.pending);
  arrange();
}

async function keepFresh(): Promise<void> {
  try {
    await refresh();
    find('#away').hidden = true;
  } catch {
    // Said only of a server that was there: the first page may still be read.
    find('#away').hidden = false;
  }
  setTimeout(() => void keepFresh(), EVERY_MS);
}

for (const id of ['#words', '#state', '#order']) find(id).addEventListener('input', arrange);
document.addEventListener('visibilitychange', () => void refresh().catch(() => undefined));
find('#choose').hidden = false;
find('nav')?.remove();
void keepFresh();
