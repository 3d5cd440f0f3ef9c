// Events as lines: for people, or one JSON object a line.

import type { SeederEvent } from './events.ts';
import { formatCount, formatSize } from './format.ts';

export interface Lines {
  out(line: string): void;
  error(line: string): void;
}

/**
 * Writes each event: as JSON all to `out`, with its time and level; for people, what went wrong to `error`. `date`: milliseconds of
 * Unix time.
 */
export function createReport(json: boolean, lines: Lines, date: () => number): (event: SeederEvent) => void {
  if (json) {
    return (event) => {
      const level = event.event === 'error' || event.event === 'warning' ? event.event : 'info';
      lines.out(JSON.stringify({ time: new Date(date()).toISOString(), level, ...event }));
    };
  }
  return (event) => {
    switch (event.event) {
      case 'hashing':
        return lines.out(`hashing ${printable(event.name)}: ${share(event)} of ${formatSize(event.bytesTotal)}`);
      case 'torrent':
        return lines.out(
          `seeding ${printable(event.name)}  ${formatSize(event.size)}, ${formatCount(event.files, 'file')}  ${event.infoHash}`,
        );
      case 'waiting':
        return lines.out(`waiting for ${printable(event.name)}: it was changed a moment ago`);
      case 'removed':
        return lines.out(`no longer seeding ${printable(event.name)}  ${event.infoHash}`);
      case 'ready': {
        const size = formatSize(event.torrents.reduce((sum, torrent) => sum + torrent.size, 0));
        lines.out(`ready: ${formatCount(event.torrents.length, 'torrent')}, ${size}`);
        lines.out(`  page     ${event.http}`);
        lines.out(`  tracker  ${event.announce}`);
        if (event.udp !== null) lines.out(`           ${event.udp}`);
        lines.out(`  peers    TCP port ${event.port}`);
        if (event.dht !== null) lines.out(`  dht      UDP port ${event.dht}`);
        return undefined;
      }
      case 'warning':
      case 'error': {
        const about = event.name === null ? '' : `${printable(event.name)}: `;
        const kind = event.event === 'warning' ? 'warning: ' : '';
        return lines.error(`shoal-seeder: ${kind}${about}${printable(event.message)}`);
      }
      case 'stopped':
        return lines.out(`stopped after ${Math.round(event.seconds)} s, ${formatSize(event.uploaded)} uploaded`);
    }
  };
}

function share({ bytesDone, bytesTotal }: { bytesDone: number; bytesTotal: number }): string {
  return `${bytesTotal > 0 ? Math.floor((100 * bytesDone) / bytesTotal) : 100} %`;
}

/** A file's name must not steer the terminal: control characters and bidi marks are shown as escapes. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
