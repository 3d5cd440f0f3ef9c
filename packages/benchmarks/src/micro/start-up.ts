// Whole processes, from their start to their end: an empty program, and the shoal command as its users run it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alignColumns, median } from '../statistics.ts';
import { torrentOf } from './documents.ts';

const require = createRequire(import.meta.url);

export interface StartUp {
  readonly name: string;
  /** Milliseconds, of every round. */
  readonly times: readonly number[];
  readonly median: number;
}

/** Rejects where a program fails. */
export function measureStartUp(files: number, rounds: number, signal: AbortSignal): StartUp[] {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-start-'));
  try {
    const empty = join(folder, 'empty.mjs');
    const torrent = join(folder, 'many.torrent');
    writeFileSync(empty, '');
    writeFileSync(torrent, torrentOf(files));
    const cli = require.resolve('@shoal/cli/dist/main.js');
    const commands: readonly (readonly [string, readonly string[]])[] = [
      ['an empty program', [empty]],
      ['shoal --version', [cli, '--version']],
      [`shoal info, ${files} files`, [cli, 'info', torrent, '--no-config']],
    ];
    const times = commands.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [index, [name, args]] of commands.entries()) {
        signal.throwIfAborted();
        const start = performance.now();
        const { status, stderr } = spawnSync(process.execPath, args, { maxBuffer: 2 ** 28 });
        if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
        if (round > 0) times[index]?.push(performance.now() - start);
      }
    }
    return commands.map(([name], index) => {
      const own = times[index] as number[];
      return { name, times: own, median: median(own) };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatStartUp(results: readonly StartUp[]): string {
  const empty = results[0]?.median ?? 0;
  const rows = results.map((each) => [each.name, each.median.toFixed(0), (each.median / empty).toFixed(2)]);
  return alignColumns([['from start to end', 'ms', 'times empty'], ...rows]).join('\n');
}
