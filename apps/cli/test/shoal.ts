// Runs the command line inside the test's process, with streams, a folder and an interrupt of its own.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Input, Io } from '../src/io.ts';
import { run } from '../src/program.ts';

/** A configuration with which nobody beyond this machine is asked for peers. */
export const OFFLINE = fileURLToPath(new URL('offline', import.meta.url));

export class Capture extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly #waiting = new Set<() => void>();

  constructor(terminal?: { readonly columns: number }) {
    super({ decodeStrings: false });
    this.isTTY = terminal !== undefined;
    this.columns = terminal?.columns ?? 80;
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    this.text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    for (const check of [...this.#waiting]) check();
    done();
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }

  get events(): Event[] {
    return this.lines.map((line) => JSON.parse(line) as Event);
  }

  /** The first answer that is not undefined, now or after some later write. */
  until<T>(find: (text: string) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = (): boolean => {
        const found = find(this.text);
        if (found === undefined) return false;
        this.#waiting.delete(check);
        resolve(found);
        return true;
      };
      if (!check()) this.#waiting.add(check);
    });
  }

  /** The first event of a kind. */
  event(name: string, matches: (event: Event) => boolean = () => true): Promise<Event> {
    return this.until((text) => {
      const whole = text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean);
      return whole.map((line) => JSON.parse(line) as Event).find((event) => event.event === name && matches(event));
    });
  }
}

export interface Event {
  readonly event: string;
  readonly infoHash: string | null;
  readonly [field: string]: unknown;
}

export interface Running {
  /** What the user types. */
  readonly stdin: PassThrough;
  readonly stdout: Capture;
  readonly stderr: Capture;
  readonly ended: Promise<number>;
  /** Ctrl-C; answers the exit status. */
  interrupt(): Promise<number>;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  readonly terminal?: { readonly columns: number };
  /** Both outputs are one, as on a screen. */
  readonly oneScreen?: boolean;
}

export function start(argv: readonly string[], { cwd, env, terminal, oneScreen }: Surroundings): Running {
  const abort = new AbortController();
  const stdout = new Capture(terminal);
  const stderr = oneScreen ? stdout : new Capture(terminal);
  const stdin: Input & PassThrough = Object.assign(new PassThrough(), { isTTY: terminal !== undefined });
  const ownConfig = join(cwd, '.config');
  const own = {
    SHOAL_STATE_DIR: join(cwd, '.state'),
    XDG_CONFIG_HOME: existsSync(ownConfig) ? ownConfig : OFFLINE,
  };
  const io: Io = { stdin, stdout, stderr, cwd, signal: abort.signal, env: { ...own, ...env } };
  const ended = run(argv, io);
  return {
    stdin,
    stdout,
    stderr,
    ended,
    interrupt() {
      abort.abort();
      return ended;
    },
  };
}

export async function shoal(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<{ status: number; stdout: string; stderr: string }> {
  const { ended, stdout, stderr } = start(argv, surroundings);
  const status = await ended;
  return { status, stdout: stdout.text, stderr: stderr.text };
}

/** A folder that goes when the test ends. */
export async function temporaryFolder(onEnd: (clean: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-cli-'));
  onEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes that look random and are the same each time. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state & 0xff;
  }
  return bytes;
}
