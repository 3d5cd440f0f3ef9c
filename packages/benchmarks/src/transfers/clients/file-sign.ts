// How a client that can run a command tells something: by a file that the command makes.
import { existsSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Child } from '../../child.ts';

/** Resolves when the file is there. Rejects when the program ends before, or time is up. */
export async function untilFile(child: Child, path: string): Promise<void> {
  const watcher = watch(dirname(path));
  try {
    const made = new Promise<void>((resolve, reject) => {
      watcher.once('error', reject);
      watcher.on('change', (_event, name) => {
        if (name === basename(path)) resolve();
      });
    });
    if (!existsSync(path)) await Promise.race([made, child.untilEnd()]);
  } finally {
    watcher.close();
  }
}
