import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FileList } from '../src/choose/file-list.ts';
import { noise, type Running, shoal, start, temporaryFolder } from './shoal.ts';

const FILES = ['a/one.flac', 'a/one.txt', 'b/two.flac', 'b/日本.txt', 'b/three.flac'].map((path, index) => ({
  path,
  length: 10 ** index,
}));

describe('a list of files', () => {
  const all = (): FileList => new FileList(FILES, () => true);
  const chosen = (list: FileList): number[] => [...FILES.keys()].filter((index) => list.isChosen(index));

  test('is filtered, and chosen from as it is shown', () => {
    const list = all();
    list.press({ type: 'toggleShown' });
    expect(list.chosenCount).toBe(0);
    list.press({ type: 'text', text: 'B/*' });
    list.press({ type: 'text', text: 'FLAC' });
    expect(list.shown).toEqual([2, 4]);
    list.press({ type: 'toggleShown' });
    list.press({ type: 'clearFilter' });
    expect(chosen(list)).toEqual([2, 4]);
    expect([list.chosenCount, list.chosenBytes]).toEqual([2, 10_100]);
    // All of those that are shown, where one is not chosen yet.
    list.press({ type: 'toggleShown' });
    expect(list.chosenCount).toBe(5);
  });

  test('the cursor stays on its file, and within the list', () => {
    const list = all();
    list.press({ type: 'move', by: 100 });
    expect(list.cursor).toBe(4);
    for (const character of 'flac') list.press({ type: 'text', text: character });
    expect(list.shown[list.cursor]).toBe(4);
    list.press({ type: 'move', by: -1 });
    list.press({ type: 'toggle' });
    expect(chosen(list)).toEqual([0, 1, 3, 4]);
    for (let time = 0; time < 10; time++) list.press({ type: 'backspace' });
    expect([list.filter, list.shown.length, list.shown[list.cursor]]).toEqual(['', 5, 2]);
    list.press({ type: 'top' });
    expect(list.cursor).toBe(0);
    list.press({ type: 'bottom' });
    expect(list.cursor).toBe(4);
  });

  test('nothing to choose where no file matches', () => {
    const list = all();
    list.press({ type: 'text', text: 'x'.repeat(1_000) });
    expect([list.shown.length, list.filter.length]).toEqual([0, 200]);
    list.press({ type: 'toggle' });
    list.press({ type: 'toggleShown' });
    list.press({ type: 'move', by: 1 });
    expect([list.chosenCount, list.cursor]).toEqual([5, 0]);
  });

  test('of a hundred thousand answers keys at once', () => {
    const files = Array.from({ length: 100_000 }, (_, at) => ({ path: `d${at % 100}/file ${at}.bin`, length: 1 }));
    const list = new FileList(files, () => false);
    const begin = performance.now();
    for (const character of 'd7/*1007.bin') list.press({ type: 'text', text: character });
    list.press({ type: 'toggleShown' });
    expect(list.chosenCount).toBe(10);
    expect((performance.now() - begin) / 13).toBeLessThan(200);
  });
});

describe('get --choose', () => {
  const terminal = { columns: 80 };

  /** `data.torrent` of five files, two of them by hostile and wide names, with a seed; its get, once it asks. */
  async function asking(...options: readonly string[]): Promise<{ cwd: string; get: Running }> {
    const cwd = await temporaryFolder(onTestFinished);
    await mkdir(join(cwd, 'up', 'data'), { recursive: true });
    for (const [index, name] of ['a.bin', 'b.txt', `${'日本語'.repeat(20)}.txt`, 'd.bin'].entries()) {
      await writeFile(join(cwd, 'up', 'data', name), noise(20_000, index + 1));
    }
    await shoal(['create', 'up/data', '--piece-length', '16K'], { cwd });
    const seed = start(['seed', 'data.torrent', '-d', 'up', '--json', '--bind', '127.0.0.1'], { cwd });
    onTestFinished(async () => void (await seed.interrupt()));
    const { port } = await seed.stdout.event('seeding');
    const peer = ['--peer', `127.0.0.1:${String(port)}`, '--bind', '127.0.0.1'];
    const get = start(['get', 'data.torrent', '-d', 'down', '--choose', ...peer, ...options], { cwd, terminal });
    onTestFinished(async () => void (await get.interrupt()));
    await get.stderr.until((text) => text.includes('Which files?') || undefined);
    return { cwd, get };
  }

  test('fetches what was chosen, and keeps stdout for the outcome', async () => {
    const { cwd, get } = await asking('--json');
    const screen = stripVTControlCharacters(get.stderr.text);
    expect(screen).toContain('Which files? 4 of 4 files, 78.1 KiB  data\n');
    expect(screen).toContain('> [x]  19.5 KiB  data/a.bin\n');
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    get.stdin.write('\u0001');
    get.stdin.write('\r');
    await get.stderr.until((text) => text.includes('nothing is chosen') || undefined);
    get.stdin.write('.bin');
    get.stdin.write('\u001b[B');
    get.stdin.write(' ');
    get.stdin.write('\r');
    expect(await get.ended).toBe(0);
    expect(stripVTControlCharacters(get.stderr.text)).toContain('data: 1 of 4 files chosen, 19.5 KiB\n');
    const files = get.stdout.events.filter(({ event }) => event === 'file').map(({ path }) => path);
    expect(files).toEqual(['data/d.bin']);
    const { stdout } = await shoal(['verify', 'data.torrent', 'down', '--json'], { cwd });
    expect(JSON.parse(stdout).files.map(({ ok }: { ok: boolean }) => ok)).toEqual([false, false, true, false]);
  });

  test('begins with what --select matches; Ctrl-C ends it with 130 before anything is begun', async () => {
    const { get } = await asking('--select', '*.txt');
    expect(stripVTControlCharacters(get.stderr.text)).toContain('Which files? 2 of 4 files');
    get.stdin.write('\u0003');
    expect(await get.ended).toBe(130);
    expect(get.stderr.text.endsWith('shoal: interrupted: nothing was begun\n')).toBe(true);
    expect(get.stdout.text).toBe('');
  });

  test('a signal ends it too, and so does a terminal that goes away', async () => {
    const one = await asking();
    expect(await one.get.interrupt()).toBe(130);
    const two = await asking();
    two.get.stdin.end();
    expect(await two.get.ended).toBe(130);
  });

  test('is refused where there is no terminal', async () => {
    const { status, stderr } = await shoal(['get', 'data.torrent', '--choose'], { cwd: '/' });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'shoal: --choose asks at a terminal, and there is none here (name the files with --select GLOB; --list shows them)\n',
    });
    const dumb = start(['stream', 'x.torrent', '--choose'], { cwd: '/', terminal, env: { TERM: 'dumb' } });
    expect(await dumb.ended).toBe(2);
  });
});
