// One test's world: a folder, the programs it started, the ports it took. `leave` ends every program by its id.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program under way, with all it has said. */
export interface Running {
  readonly name: string;
  readonly process: ChildProcess;
  output(): string;
  /** Resolves with the exit status; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

const END_MS = 5_000;
/** Characters of a program's output that are kept: what is said of thousands of files is whole. */
const MOST_OUTPUT = 8_000_000;

export class Scene {
  readonly dir: string;
  readonly #running: Running[] = [];
  readonly #cleanups: (() => Promise<void>)[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async enter(): Promise<Scene> {
    return new Scene(await mkdtemp(join(tmpdir(), 'shoal-interop-')));
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  onLeave(cleanup: () => Promise<void>): void {
    this.#cleanups.push(cleanup);
  }

  /** `stdin` is a pipe for programs that are told more while they run. */
  start(
    name: string,
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
  ): Running {
    const child = spawn(command, args, {
      cwd: this.dir,
      env: { ...process.env, ...env },
      stdio: [stdin, 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: string): void => {
      output = (output + chunk).slice(-MOST_OUTPUT);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    // Who has ended is told nothing more.
    child.stdin?.on('error', () => {});
    const ended = new Promise<number | null>((resolve) => {
      child.once('error', (error) => {
        output += `\n${error.message}`;
        resolve(127);
      });
      // Not `exit`: what it said may still be in the pipe then, on a machine that is busy.
      child.once('close', (status) => resolve(status));
    });
    const running: Running = { name, process: child, output: () => output, ended };
    this.#running.push(running);
    return running;
  }

  /** Asks until the answer is true; fails with what every program said. */
  async until(what: string, limitMs: number, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms\n${this.report()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The end of what every program said. */
  report(): string {
    return this.#running.map(({ name, output }) => `--- ${name}\n${output().slice(-3_000)}`).join('\n');
  }

  /** Asks a program to end in its own time, as Ctrl+C does, and waits for it. */
  async interrupt({ process: child, ended, name }: Running): Promise<void> {
    child.kill('SIGINT');
    await this.until(`${name} ends`, 15_000, () => child.exitCode !== null || child.signalCode !== null);
    await ended;
  }

  /** Ends what was started, by its id, and removes the folder. */
  async leave(): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    await Promise.all(this.#running.map((running) => end(running)));
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function end({ process: child, ended }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(timer);
}

/**
 * A loopback address for one program: a port that is free there stays free, for nobody else listens there or dials from
 * there. On 127.0.0.1 the next connection may take it.
 */
export function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
}

/** A TCP port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** As URLs and `--peer` write it: an IPv6 address stands in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
