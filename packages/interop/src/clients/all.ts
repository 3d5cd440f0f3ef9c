// Every foreign client.
import { aria2 } from './aria2.ts';
import type { ForeignClient } from './foreign.ts';
import { libtorrent } from './libtorrent.ts';
import { rtorrent } from './rtorrent.ts';
import { transmission } from './transmission.ts';
import { webtorrent } from './webtorrent.ts';

export const CLIENTS: readonly ForeignClient[] = [libtorrent, transmission, aria2, rtorrent, webtorrent];
