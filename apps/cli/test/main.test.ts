// The program as a process of its own: signals, pipes that close, exit statuses.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Capture, noise, OFFLINE, shoal, temporaryFolder } from './shoal.ts';

const root = join(import.meta.dirname, '..');
/** Below node_modules, so that the libraries are found. */
const built = join(root, 'node_modules', `.main-test-${process.pid}`);

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: built,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@shoal/source'],
    external: ['commander', 'string-width', 'cli-truncate', 'picocolors'],
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
}, 60_000);

afterAll(() => rm(built, { recursive: true, force: true }));

interface Program {
  readonly process: ChildProcess;
  readonly stdout: Capture;
  readonly stderr: Capture;
  /** The exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

function launch(argv: readonly string[], cwd: string): Program {
  const child = spawn(process.execPath, [join(built, 'main.mjs'), ...argv], {
    cwd,
    env: { PATH: process.env.PATH, SHOAL_STATE_DIR: join(cwd, '.state'), XDG_CONFIG_HOME: OFFLINE },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr] = [new Capture(), new Capture()];
  child.stdout.pipe(stdout);
  child.stderr.pipe(stderr);
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { process: child, stdout, stderr, ended };
}

/** A torrent without its data, whose tracker tells of each announce's event, and of being `dialled`. */
async function lonelyTorrent(
  options: { readonly answersGoodbye: boolean } = { answersGoodbye: true },
): Promise<{ readonly cwd: string; heard(event: string): Promise<void> }> {
  const cwd = await temporaryFolder(onTestFinished);
  const heard = new Capture();
  const server = createServer((request, response) => {
    const event = new URL(request.url ?? '', 'http://here').searchParams.get('event') ?? '';
    heard.write(`${event}\n`);
    if (event !== 'stopped' || options.answersGoodbye) response.end(answer());
  });
  // The one peer it knows is its own port: being dialled there shows that its answer was read.
  const answer = (): Buffer => {
    const { port } = server.address() as AddressInfo;
    const peer = Buffer.from([127, 0, 0, 1, port >> 8, port & 0xff]);
    return Buffer.concat([Buffer.from('d8:intervali1800e5:peers6:'), peer, Buffer.from('e')]);
  };
  server.on('clientError', (_, socket) => {
    heard.write('dialled\n');
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await writeFile(join(cwd, 'a.bin'), noise(100_000));
  const { port } = server.address() as AddressInfo;
  await shoal(['create', 'a.bin', '--tracker', `http://127.0.0.1:${port}/announce`], { cwd });
  await rm(join(cwd, 'a.bin'));
  return { cwd, heard: (event) => heard.until((text) => text.includes(`${event}\n`) || undefined).then(() => {}) };
}

test('a version, a wrong option, a failing job: their statuses, and never a stack trace', async () => {
  const cwd = await temporaryFolder(onTestFinished);
  const version = launch(['--version'], cwd);
  expect(await version.ended).toBe(0);
  expect(version.stdout.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  const wrong = launch(['get', '--frobnicate'], cwd);
  expect(await wrong.ended).toBe(2);
  expect(wrong.stderr.text).toBe("shoal: unknown option '--frobnicate' (see shoal get --help)\n");
  const failing = launch(['create', 'nothing'], cwd);
  expect(await failing.ended).toBe(1);
  expect(failing.stderr.lines).toHaveLength(1);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s saves and ends with 130', async (signal) => {
  const { cwd, heard } = await lonelyTorrent();
  const get = launch(['get', 'a.bin.torrent', '--json'], cwd);
  await heard('dialled');
  get.process.kill(signal);
  expect(await get.ended).toBe(130);
  expect(get.stderr.text).toBe('shoal: interrupted: what arrived is saved (the same command goes on from there)\n');
  expect((await readdir(join(cwd, '.state'))).filter((name) => name.endsWith('.state'))).toHaveLength(1);
});

test('a second SIGINT does not wait for the goodbyes', async () => {
  const { cwd, heard } = await lonelyTorrent({ answersGoodbye: false });
  const get = launch(['get', 'a.bin.torrent', '--json'], cwd);
  await heard('dialled');
  get.process.kill('SIGINT');
  await heard('stopped');
  get.process.kill('SIGINT');
  expect(await get.ended).toBe(130);
  expect(get.stderr.text).toBe('');
});

test('a reader that goes away ends the run in order', async () => {
  const { cwd } = await lonelyTorrent();
  const get = launch(['get', 'a.bin.torrent', '--json'], cwd);
  await get.stdout.event('added');
  get.process.stdout?.destroy();
  expect(await get.ended).toBe(130);
  expect(get.stderr.lines).toHaveLength(1);
  const info = launch(['info', 'a.bin.torrent'], cwd);
  info.process.stdout?.destroy();
  await info.ended;
  expect(info.stderr.text).not.toContain('    at ');
});
