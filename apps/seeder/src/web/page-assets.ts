// What the page loads beside itself: files of their own, so that it may forbid all inline code. The build writes them.
import { readFile } from 'node:fs/promises';

export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** From the folder of the built program. Rejects with the system's error. */
export async function loadPageAssets(folder: URL): Promise<PageAssets> {
  const [script, style] = await Promise.all(
    ['page.js', 'page.css'].map((name) => readFile(new URL(name, folder), 'utf8')),
  );
  return { script: script as string, style: style as string };
}
