// One program that was started: what it says, line by line, and its end, by its id and no other way.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const END_MS = 5_000;
/** Shoal tells of each file, of which there may be thousands, before it tells that all is there. */
const KEPT_LINES = 50_000;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How it is asked to end: by the end of its input, or SIGTERM. */
  readonly endsBy: 'input' | 'signal';
}

export class Child {
  readonly name: string;
  /** 0 where it could not be started. */
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #endsBy: Command['endsBy'];
  readonly #signal: AbortSignal;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #closed: Promise<void>;
  #end: string | undefined;

  constructor(name: string, command: Command, signal: AbortSignal) {
    this.name = name;
    this.#endsBy = command.endsBy;
    this.#signal = signal;
    this.#process = spawn(command.file, command.args, {
      env: { ...process.env, ...command.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = this.#process.pid ?? 0;
    this.#process.stdin?.on('error', () => {});
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#heard(line));
    }
    this.#closed = new Promise((resolve) => {
      const closed = (how: string): void => {
        this.#end = how;
        this.#wake();
        resolve();
      };
      this.#process.once('error', (error) => closed(`could not be started: ${error.message}`));
      this.#process.once('close', (status, by) => closed(`ended with ${status === null ? by : `status ${status}`}`));
    });
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** The first line, said already or yet to come, of which `find` makes something. Rejects when it ends or time is up. */
  until<T>(what: string, find: (line: string) => T | undefined): Promise<T> {
    let next = 0;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        while (next < this.#lines.length) {
          const found = find(this.#lines[next++] as string);
          if (found === undefined) continue;
          this.#waiting.delete(look);
          resolve(found);
          return;
        }
        if (this.#end === undefined && !this.#signal.aborted) return;
        this.#waiting.delete(look);
        const why = this.#end ?? reasonOf(this.#signal);
        reject(new Error([`${this.name} never said ${what}: it ${why}`, ...this.#lines.slice(-5)].join('\n  ')));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Rejects when it ends or time is up. */
  untilEnd(): Promise<never> {
    return this.until('that all is well to the end', () => undefined as never);
  }

  /** Asks it to end, waits, and kills it where that does not help. */
  async end(): Promise<void> {
    if (this.#end !== undefined) return;
    if (this.#endsBy === 'input') this.#process.stdin?.end();
    if (this.#endsBy === 'signal' || this.#signal.aborted) this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    await this.#closed;
    clearTimeout(timer);
  }

  #heard(line: string): void {
    if (this.#lines.length >= KEPT_LINES) return;
    this.#lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** Of the line `listening PORT`, in which all our small programs say it. */
export function listeningPort(line: string): number | undefined {
  const [, port] = /^listening (\d+)$/.exec(line) ?? [];
  return port === undefined ? undefined : Number(port);
}

function reasonOf({ reason }: AbortSignal): string {
  return `was stopped (${reason instanceof Error ? reason.message : String(reason)})`;
}
