import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Seeder, SeederOptions } from '../src/seeder.ts';
import type { PageAssets } from '../src/web/page-assets.ts';
import { builtAssets, findBrowser, startBrowser } from './browser.ts';
import { ask, Fixture, pattern } from './fixture.ts';

const path = await findBrowser();

describe.skipIf(path === undefined)('the page in Chromium (skipped where there is none)', () => {
  const at = new Fixture();
  let browser: Browser;
  let assets: PageAssets;

  beforeAll(async () => {
    [browser, assets] = await Promise.all([startBrowser(path ?? ''), builtAssets()]);
  });
  afterAll(() => browser?.close());

  interface Opened {
    readonly page: Page;
    readonly seeder: Seeder;
    /** What the browser complained about. */
    readonly complaints: string[];
  }

  async function open(
    options: Partial<SeederOptions> = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Opened> {
    const seeder = await at.start({ assets, ...options });
    const context = await browser.createBrowserContext();
    at.running.push(context);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => void complaints.push(message.text()));
    page.on('pageerror', (error) => void complaints.push(String(error)));
    page.on('requestfailed', (request) => void complaints.push(request.url()));
    await prepare?.(page);
    await page.goto(seeder.url);
    return { page, seeder, complaints };
  }

  const names = async (page: Page): Promise<unknown> =>
    page.evaluate(`[...document.querySelectorAll('#torrents h2')].map((h) => h.textContent)`);
  const waitFor = (page: Page, expression: string): Promise<unknown> =>
    page.waitForFunction(expression, { timeout: 15_000 });

  test('it shows what is seeded, and keeps to its content security policy', async () => {
    await at.makeTree();
    await writeFile(join(at.dir, '<img src=x onerror=alert(1)>'), 'x');
    const { page, complaints, seeder } = await open();
    await waitFor(page, `!document.querySelector('#choose').hidden && document.querySelector('.trackers li')`);
    expect(await names(page)).toEqual(['<img src=x onerror=alert(1)>', 'single.bin', 'tree']);
    expect(await page.evaluate(`document.images.length`)).toBe(0);
    expect(await page.$eval('[data-field=uploaded]', (place) => place.textContent)).toBe('0 B');
    const magnet = await page.$eval('#torrents li:nth-child(2) a.magnet', (link) => link.getAttribute('href'));
    expect(magnet).toContain(`magnet:?xt=urn:btih:${seeder.torrents[1]?.entry.metainfo.infoHash.hex}`);
    expect(complaints).toEqual([]);
  });

  test('what comes and goes is seen without a reload', async () => {
    await at.makeTree();
    const { page } = await open();
    await writeFile(join(at.dir, 'alpha'), 'new');
    await waitFor(page, `document.querySelector('#torrents h2')?.textContent === 'alpha'`);
    await rm(join(at.dir, 'single.bin'));
    await waitFor(page, `document.querySelectorAll('#torrents h2').length === 2`);
    expect(await names(page)).toEqual(['alpha', 'tree']);
  });

  test('rows are filtered and sorted, and what stands open stays open', async () => {
    await at.makeTree();
    await writeFile(join(at.dir, 'tiny 10'), 'x');
    await writeFile(join(at.dir, 'tiny 9'), 'xx');
    const { page } = await open();
    await waitFor(page, `!document.querySelector('#choose').hidden && document.querySelector('.trackers li')`);
    expect(await names(page)).toEqual(['single.bin', 'tiny 9', 'tiny 10', 'tree']);
    await page.click('#torrents li:nth-child(4) summary');
    await waitFor(page, `document.querySelectorAll('#torrents li:nth-child(4) .files li').length === 2`);
    await page.select('#order', 'size');
    expect(await names(page)).toEqual(['single.bin', 'tree', 'tiny 9', 'tiny 10']);
    expect(await page.$eval('#torrents li:nth-child(2) details', (one) => one.hasAttribute('open'))).toBe(true);
    await page.type('#words', 'TINY 1');
    expect(await names(page)).toEqual(['tiny 10']);
    expect(await page.$eval('#count', (count) => count.textContent)).toBe('1 of 4');
    await page.select('#state', 'active');
    expect(await page.$eval('#none', (notice) => notice.hasAttribute('hidden'))).toBe(false);
  });

  test('a thousand torrents are a list that answers at once', async () => {
    const { page } = await open({}, async (one) => {
      await one.setRequestInterception(true);
      one.on('request', (request) => {
        if (!request.url().includes('api/torrents')) return void request.continue();
        const body = JSON.stringify(manyTorrents(1_000));
        return void request.respond({ contentType: 'application/json', body });
      });
    });
    await waitFor(page, `document.querySelectorAll('#torrents > li').length === 1000`);
    const ms = await page.evaluate(`(() => {
      const began = performance.now();
      const words = document.querySelector('#words');
      words.value = 'image 77';
      words.dispatchEvent(new Event('input'));
      document.body.getBoundingClientRect();
      return performance.now() - began;
    })()`);
    expect(await names(page)).toHaveLength(19);
    expect(ms).toBeLessThan(1_000);
  });

  test.each(['light', 'dark'])(
    'on a phone, in %s, nothing is wider than the screen and all is readable',
    async (scheme) => {
      await at.makeTree();
      await writeFile(join(at.dir, `${'a-long-name-without-a-place-to-break'.repeat(5)}.iso`), pattern(100));
      const { page } = await open({}, async (one) => {
        await one.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
        await one.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      });
      await waitFor(page, `!document.querySelector('#choose').hidden && document.querySelector('.trackers li')`);
      await page.click('#torrents summary');
      expect(await page.evaluate(`document.scrollingElement.scrollWidth`)).toBe(390);
      expect(await page.evaluate(`getComputedStyle(document.body).fontSize`)).toBe('16px');
      // WCAG AA for text wherever there is some.
      expect(await page.evaluate(LOWEST_CONTRAST)).toBeGreaterThanOrEqual(4.5);
      const isDark = await page.evaluate(`getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] < 60`);
      expect(isDark).toBe(scheme === 'dark');
    },
  );

  test('without a script it is still a list with links', async () => {
    await at.makeTree();
    const { page, seeder } = await open({}, (one) => one.setJavaScriptEnabled(false));
    const hrefs = await page.$$eval('#torrents a', (links) => links.map((link) => link.getAttribute('href')));
    expect(hrefs).toHaveLength(4);
    expect((await ask(seeder, `/${hrefs[0]}`)).headers['content-type']).toBe('application/x-bittorrent');
    expect(await page.$eval('#choose', (form) => form.hasAttribute('hidden'))).toBe(true);
    expect(await page.$eval('.files', (files) => files.textContent)).toContain('single.bin');
  });

  test('a browser is asked for the token once, and the page lives behind it', async () => {
    await at.makeTree();
    const token = 'correct-horse-battery';
    const { page } = await open({ token }, (one) => one.authenticate({ username: 'me', password: token }));
    await waitFor(page, `!document.querySelector('#choose').hidden && document.querySelector('.trackers li')`);
    expect(await names(page)).toEqual(['single.bin', 'tree']);
  });

  test('a seeder that is gone is said to be gone, and the folder that cannot be read as well', async () => {
    await at.makeTree();
    const { page, seeder } = await open();
    await rename(at.dir, join(at.root, 'away'));
    seeder.rescan();
    await waitFor(page, `document.querySelector('#fault').textContent.includes('cannot be read')`);
    await seeder.close();
    await waitFor(page, `!document.querySelector('#away').hidden`);
    await rename(join(at.root, 'away'), at.dir);
  });
});

function manyTorrents(count: number): unknown {
  const torrents = Array.from({ length: count }, (_, index) => ({
    name: `image ${index}.iso`,
    infoHash: index.toString(16).padStart(40, '0'),
    infoHashV2: null,
    size: index * 1e6,
    files: 1,
    pieceLength: 1_048_576,
    pieces: 100,
    private: false,
    state: 'seeding',
    error: null,
    peers: index % 7,
    upRate: index,
    uploaded: index,
    ratio: 1,
    seeders: 1,
    leechers: 1,
    completed: 1,
    trackers: [{ name: 'own tracker', state: 'ok', message: null, seeders: 1, leechers: 1, nextAt: null }],
    torrent: 'torrents/x.torrent',
    magnet: 'magnet:?xt=urn:btih:x',
  }));
  const summary = { torrents: count, size: 1, peers: 1, upRate: 1, uploaded: 1 };
  return { revision: 'x-1', full: true, ready: true, fault: null, summary, pending: [], torrents, removed: [] };
}

/** The least contrast of any text that shows with what is behind it (WCAG 2.2, 1.4.3). */
const LOWEST_CONTRAST = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  let lowest = 21;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
    lowest = Math.min(lowest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return lowest;
})()`;
