// A real Chromium for the page's tests. Where there is none, they are skipped with a reason, unless SHOAL_INTEROP=require.
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, launch } from 'puppeteer-core';
import { buildPage } from '../page.build.ts';
import type { PageAssets } from '../src/web/page-assets.ts';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Undefined where there is none, and none is required. */
export async function findBrowser(): Promise<string | undefined> {
  for (const path of [process.env.CHROMIUM ?? '', ...CANDIDATES]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  if (process.env.SHOAL_INTEROP === 'require') throw new Error('SHOAL_INTEROP=require, and there is no Chromium');
  return undefined;
}

export function startBrowser(executablePath: string): Promise<Browser> {
  // Containers have neither the namespaces of the sandbox nor much shared memory.
  return launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}

/** The script and style as they are built. */
export async function builtAssets(): Promise<PageAssets> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-page-'));
  try {
    await buildPage(folder);
    const [script, style] = await Promise.all(
      ['page.js', 'page.css'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    return { script: script as string, style: style as string };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
