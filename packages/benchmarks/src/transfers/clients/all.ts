// Every client that can be measured, ours first.
import type { Client } from '../client.ts';
import { aria2 } from './aria2.ts';
import { bare, libtorrent, webtorrent } from './driven.ts';
import { qbittorrent } from './qbittorrent.ts';
import { rtorrent } from './rtorrent.ts';
import { shoal } from './shoal.ts';

export const CLIENTS: readonly Client[] = [shoal, aria2, rtorrent, libtorrent, qbittorrent, webtorrent, bare];
