// A swarm to watch, on this machine alone: a seeder with its tracker, a download that finds it there, and a second
// download that is fed by the first while the seeder is gone. Everything is checked, timed and cleaned up; exits 0 when
// all was right, 1 when not, 130 when interrupted.

import { spawn } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pnpm, root } from './workspace.mjs';

const MIB = 1024 * 1024;
const BIG_FILE = 160 * MIB;
const TREE = 96 * MIB;
const TREE_FILES = 120;
const FOLDERS = ['日本語', 'Ελληνικά', 'Русский', 'العربية', 'हिन्दी', 'Türkçe', 'emoji 🐟', 'a b'];
/** Past this a step counts as failed: a busy machine may be slow, but not that slow. */
const STEP_MS = 120_000;
const BUILD_MS = 900_000;

const CLI = join(root, 'apps/cli/dist/main.js');
const SEEDER = join(root, 'apps/seeder/dist/main.js');
const children = new Set();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => interrupted.abort(new Error('interrupted')));
}

let folder;

async function main() {
  try {
    console.log('Shoal on one machine: a seeder, its tracker and two downloads, over loopback.\n');
    await build();
    folder = await mkdtemp(join(tmpdir(), 'shoal-demo-'));
    await demo();
  } catch (error) {
    endLine();
    console.error(`demo: ${error.message}`);
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  } finally {
    await Promise.all([...children].map((child) => child.stop()));
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function build() {
  const since = begin('build', 'the programs and what they are made of');
  const filters = ['--filter=@shoal/cli', '--filter=@shoal/seeder'];
  const command = pnpm('exec', 'turbo', 'run', 'build', ...filters, '--output-logs=errors-only');
  const child = new Child('the build', command, { env: { TURBO_TELEMETRY_DISABLED: '1' } });
  const status = await child.ended(BUILD_MS);
  if (status !== 0) throw new Error(`the build failed\n${child.words}`);
  end('build', `the programs, from these sources ${since()}`);
}

async function demo() {
  const data = join(folder, 'data');
  const sums = await makeData(data);
  const size = BIG_FILE + TREE;

  const seeder = await startSeeder(data);
  const torrents = await fetchTorrents(seeder.torrents);

  let since = begin('first', 'a download that knows nothing but the torrents');
  const first = await startDownload('first', [...seeder.torrents.map(({ torrent }) => torrent), '--seed']);
  const firstSeconds = secondsOf(await first.doneWith(torrents.length));
  const sent = await uploadedBy(seeder.http);
  end('first', `${megabytes(size)} in ${firstSeconds.toFixed(1)} s: ${rate(size, firstSeconds)} ${since()}`);
  note(`its tracker told it of the seeder, which sent ${megabytes(sent)}`);

  since = begin('goodbye', 'the seeder stops');
  const status = await seeder.child.stop();
  if (status !== 0) throw new Error(`the seeder ended with status ${status}, not 0`);
  end('goodbye', `the seeder and its tracker are gone; the first download seeds on ${since()}`);

  since = begin('second', 'a download that is told of the first one');
  const second = await startDownload('second', [...torrents, '--peer', `127.0.0.1:${first.port}`]);
  const secondSeconds = secondsOf(await second.doneWith(torrents.length));
  const secondStatus = await second.child.ended(STEP_MS);
  if (secondStatus !== 0) throw new Error(`the second download ended with status ${secondStatus}, not 0`);
  const handedOn = await first.uploaded(size);
  end('second', `${megabytes(size)} in ${secondSeconds.toFixed(1)} s: ${rate(size, secondSeconds)} ${since()}`);
  note(`there was nobody else to ask: the first download sent ${megabytes(handedOn)}`);
  await first.child.stop();

  since = begin('verify', 'every piece by its torrent, every file by its SHA-256');
  let pieces = 0;
  for (const download of [first, second]) {
    for (const torrent of torrents) pieces += await verify(torrent, download.dir);
    await compare(sums, download.dir);
  }
  end('verify', `${pieces} pieces, and ${2 * sums.size} files equal to the originals by SHA-256 ${since()}`);
}

/** The folder to seed. Answers the SHA-256 of each file by its path. */
async function makeData(data) {
  const since = begin('data', 'something to share');
  const sums = new Map();
  // A cipher's key stream: as good as random, the same in each run, and faster than the disk.
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'shoal'), Buffer.alloc(16));
  const zeros = Buffer.alloc(MIB);
  const make = async (path, length) => {
    interrupted.signal.throwIfAborted();
    const file = join(data, path);
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, 'wx');
    const hash = createHash('sha256');
    for (let left = length; left > 0; left -= MIB) {
      const bytes = stream.update(zeros.subarray(0, Math.min(left, MIB)));
      hash.update(bytes);
      await handle.write(bytes);
    }
    await handle.close();
    sums.set(path, hash.digest('hex'));
  };
  await make('big.bin', BIG_FILE);
  // Sizes from small to large, none of them a multiple of a piece, TREE in all.
  const step = TREE / ((TREE_FILES * (TREE_FILES + 1)) / 2);
  let made = 0;
  for (let index = 1; index <= TREE_FILES; index++) {
    const length = index === TREE_FILES ? TREE - made : Math.floor(step * index);
    await make(`tree/${FOLDERS[index % FOLDERS.length]}/naïve ${index}.dat`, length);
    made += length;
  }
  await make('tree/empty', 0);
  end('data', `${megabytes(BIG_FILE + TREE)}: one big file, and a tree of ${TREE_FILES + 1} files ${since()}`);
  return sums;
}

async function startSeeder(data) {
  const since = begin('seeder', 'makes torrents');
  const state = join(folder, 'seeder-state');
  const options = ['--http', '127.0.0.1:0', '--bind', '127.0.0.1', '--state-dir', state, '--json'];
  const child = new Child('the seeder', [process.execPath, SEEDER, data, ...options]);
  const ready = await child.next(({ event }) => event === 'ready');
  if (ready.torrents.length !== 2) throw new Error(`the seeder has ${ready.torrents.length} torrents, not 2`);
  end('seeder', `${ready.torrents.length} torrents on ${ready.http}, with a tracker beside it ${since()}`);
  return { child, http: ready.http, torrents: ready.torrents };
}

/** The second download cannot ask the seeder for them any more. */
async function fetchTorrents(torrents) {
  const paths = [];
  for (const { torrent, infoHash } of torrents) {
    const answer = await fetch(torrent, { signal: interrupted.signal });
    if (!answer.ok) throw new Error(`${torrent} answered ${answer.status}`);
    const path = join(folder, `${infoHash}.torrent`);
    await writeFile(path, new Uint8Array(await answer.arrayBuffer()));
    paths.push(path);
  }
  return paths;
}

async function startDownload(name, args) {
  const dir = join(folder, name);
  const port = await freePort();
  const options = ['-d', dir, '--port', String(port), '--bind', '127.0.0.1', '--no-dht', '--no-lsd', '--json'];
  const env = { SHOAL_STATE_DIR: join(folder, `${name}-state`) };
  const child = new Child(`the ${name} download`, [process.execPath, CLI, 'get', ...args, ...options], { env });
  return {
    child,
    dir,
    port,
    doneWith: (count) => child.collect(count, ({ event }) => event === 'done'),
    /** Waits until it says that it has sent so many bytes, and answers how many it says. */
    uploaded: async (bytes) => {
      const sent = new Map();
      const sum = () => [...sent.values()].reduce((total, value) => total + value, 0);
      await child.next((event) => {
        if (event.event === 'progress') sent.set(event.infoHash, event.uploaded ?? 0);
        return sum() >= bytes;
      });
      return sum();
    },
  };
}

async function uploadedBy(http) {
  const answer = await fetch(`${http}api/torrents`, { signal: interrupted.signal });
  const { torrents } = await answer.json();
  return torrents.reduce((total, { uploaded }) => total + uploaded, 0);
}

/** The number of the torrent's pieces, all of which must be whole below `dir`. */
async function verify(torrent, dir) {
  const child = new Child('the check', [process.execPath, CLI, 'verify', torrent, dir, '--json']);
  const report = await child.next((value) => 'complete' in value);
  const status = await child.ended(STEP_MS);
  if (status !== 0 || report.complete !== true || report.piecesOk !== report.pieces) {
    throw new Error(`${dir}: ${report.piecesOk} of ${report.pieces} pieces are whole`);
  }
  return report.pieces;
}

/** The files below `dir` must be those of `sums`, no fewer and no more. */
async function compare(sums, dir) {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(dir, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    );
  const extra = paths.filter((path) => !sums.has(path));
  if (extra.length > 0) throw new Error(`${dir} has files nobody sent: ${extra.slice(0, 3).join(', ')}`);
  for (const [path, sum] of sums) {
    interrupted.signal.throwIfAborted();
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(join(dir, path), { highWaterMark: MIB })) hash.update(bytes);
    if (hash.digest('hex') !== sum) throw new Error(`${join(dir, path)} is not what was sent`);
  }
}

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A process of ours: its JSON lines, its end, and what it said when it went wrong. */
class Child {
  /** The end of what it wrote, in case it has to be shown. */
  words = '';
  #name;
  #process;
  #events = [];
  #taken = 0;
  #status;
  #wake = () => {};

  constructor(name, command, { env = {} } = {}) {
    this.#name = name;
    this.#process = spawn(command[0], command.slice(1), {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: whatever it starts ends with it, and Ctrl-C reaches it through us, in order.
      detached: true,
    });
    children.add(this);
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: output }).on('line', (line) => this.#take(line));
    }
    this.#process.on('error', (error) => this.#take(error.message));
    // `close` comes after the last line, also when it could not be started.
    this.#process.on('close', (code, signal) => {
      this.#status = code ?? signal;
      children.delete(this);
      this.#wake();
    });
  }

  /** The next event that `isIt`; those before it are gone. */
  async next(isIt) {
    const until = Date.now() + STEP_MS;
    for (;;) {
      while (this.#taken < this.#events.length) {
        const event = this.#events[this.#taken++];
        if (isIt(event)) return event;
        if (event.event === 'error') throw new Error(`${this.#name}: ${event.message}`);
      }
      if (this.#status !== undefined) throw new Error(`${this.#name} ended with ${this.#status}\n${this.words}`);
      await this.#change(until);
    }
  }

  async collect(count, isIt) {
    const events = [];
    while (events.length < count) events.push(await this.next(isIt));
    return events;
  }

  /** Its exit status, or the signal that ended it. */
  async ended(limitMs) {
    const until = Date.now() + limitMs;
    while (this.#status === undefined) await this.#change(until);
    return this.#status;
  }

  /** Asks it to end, and after 10 s does not ask any more. Answers its status. */
  async stop() {
    this.#kill('SIGTERM');
    const killing = new AbortController();
    delay(10_000, undefined, { signal: killing.signal })
      .then(() => this.#kill('SIGKILL'))
      .catch(() => {});
    while (this.#status === undefined) await new Promise((resolve) => (this.#wake = resolve));
    killing.abort();
    return this.#status;
  }

  #kill(signal) {
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, signal);
    } catch {
      // It has ended already.
    }
  }

  #take(line) {
    this.words = `${this.words}${line}\n`.slice(-4_000);
    try {
      const value = JSON.parse(line);
      if (typeof value === 'object' && value !== null) this.#events.push(value);
    } catch {
      // Not every line of every program is JSON.
    }
    this.#wake();
  }

  /** Resolves with the next line or the end; rejects when time is up or the user wants to stop. */
  async #change(until) {
    const change = new Promise((resolve) => {
      this.#wake = resolve;
    });
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, interrupted.signal]);
    const late = delay(Math.max(0, until - Date.now()), 'late', { signal }).catch(() => 'stopped');
    const outcome = await Promise.race([change, late]);
    over.abort();
    interrupted.signal.throwIfAborted();
    if (outcome === 'late') throw new Error(`${this.#name} takes too long\n${this.words}`);
  }
}

/** Shows what goes on, where there is a terminal; answers how long it took so far, in words. */
function begin(label, words) {
  const startedAt = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`  ${label.padEnd(8)}  ${words} …`);
  return () => `(${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`;
}

function end(label, words) {
  endLine();
  console.log(`  ${label.padEnd(8)}  ${words}`);
}

function note(words) {
  console.log(`  ${''.padEnd(8)}  ${words}`);
}

function endLine() {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}

function secondsOf(events) {
  return Math.max(0.001, ...events.map(({ seconds }) => seconds));
}

function megabytes(bytes) {
  return `${Math.round(bytes / MIB)} MiB`;
}

function rate(bytes, seconds) {
  return `${Math.round(bytes / MIB / seconds)} MiB/s`;
}

await main();
