// Which rows are shown, and in which order.
import type { TorrentRow } from './rows.ts';

export interface Choice {
  /** Words that the name or the info-hash must hold. */
  readonly words: string;
  readonly state: 'all' | 'active' | 'error';
  readonly order: Order;
}

export type Order = 'name' | 'size' | 'peers' | 'rate' | 'uploaded' | 'ratio';

/** Large first, but for names. */
const BY: Readonly<Record<Exclude<Order, 'name'>, (row: TorrentRow) => number>> = {
  size: (row) => row.size,
  peers: (row) => row.peers,
  rate: (row) => row.upRate,
  uploaded: (row) => row.uploaded,
  ratio: (row) => row.ratio,
};
const NAMES = new Intl.Collator('en', { numeric: true });

export function chooseRows(rows: Iterable<TorrentRow>, { words, state, order }: Choice): TorrentRow[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const chosen = [...rows].filter((row) => {
    if (state === 'error' && row.state !== 'error') return false;
    if (state === 'active' && row.peers === 0) return false;
    const name = row.name.toLowerCase();
    return wanted.every((word) => name.includes(word) || row.infoHash.startsWith(word));
  });
  const byName = (a: TorrentRow, b: TorrentRow): number => NAMES.compare(a.name, b.name);
  if (order === 'name') return chosen.sort(byName);
  const figure = BY[order];
  return chosen.sort((a, b) => figure(b) - figure(a) || byName(a, b));
}
