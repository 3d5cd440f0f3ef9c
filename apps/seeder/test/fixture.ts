// A seeder over a folder of its own, for one test; everything that was started is stopped after it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { SeederEvent } from '../src/events.ts';
import { type Seeder, type SeederOptions, startSeeder } from '../src/seeder.ts';

export const ASSETS = { script: '/* script */', style: '/* style */' };

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

export interface AskOptions {
  readonly host?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Fixture {
  root = '';
  dir = '';
  events: SeederEvent[] = [];
  running: { close(): Promise<void> }[] = [];
  readonly #listeners: Set<() => void> = new Set();

  constructor(
    makeHook: { before: typeof beforeEach; after: typeof afterEach } = { before: beforeEach, after: afterEach },
  ) {
    makeHook.before(async () => {
      this.root = await mkdtemp(join(tmpdir(), 'shoal-seeder-'));
      this.dir = join(this.root, 'data');
      await mkdir(this.dir);
      this.events = [];
      this.running = [];
    });
    makeHook.after(async () => {
      for (const one of this.running.splice(0).reverse()) await one.close();
      await rm(this.root, { recursive: true, force: true });
    });
  }

  /** Listens on loopback, waits for nothing to settle, and is ready. */
  async start(options: Partial<SeederOptions> = {}): Promise<Seeder> {
    const seeder = await this.open(options);
    await seeder.whenReady();
    return seeder;
  }

  /** The same, not ready yet. */
  async open(options: Partial<SeederOptions> = {}): Promise<Seeder> {
    const { onEvent, ...rest } = options;
    const seeder = await startSeeder({
      dir: this.dir,
      http: { host: '127.0.0.1', port: 0 },
      bind: '127.0.0.1',
      stateDir: join(this.root, 'state'),
      assets: ASSETS,
      settle: 0,
      onEvent: (event) => {
        this.events.push(event);
        onEvent?.(event);
        for (const listener of this.#listeners) listener();
      },
      ...rest,
    });
    this.running.push(seeder);
    return seeder;
  }

  of(kind: SeederEvent['event']): SeederEvent[] {
    return this.events.filter(({ event }) => event === kind);
  }

  /** Resolves with the first event, told already or to come, that is so. */
  seen(isIt: (event: SeederEvent) => boolean): Promise<SeederEvent> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.events.find(isIt);
        if (!found) return;
        this.#listeners.delete(look);
        resolve(found);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** A file of 300,000 bytes, and a folder of two with names that are not ASCII; and a hidden file. */
  async makeTree(): Promise<void> {
    await writeFile(join(this.dir, 'single.bin'), pattern(300_000));
    await mkdir(join(this.dir, 'tree', 'Ünïcode 世界'), { recursive: true });
    await writeFile(join(this.dir, 'tree', 'Ünïcode 世界', 'café ☕.bin'), pattern(70_000, 2));
    await writeFile(join(this.dir, 'tree', 'empty'), '');
    await writeFile(join(this.dir, '.hidden'), 'not for others');
  }
}

/** Bytes that differ from place to place, so that swapped pieces show. */
export function pattern(length: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[index] = state;
  }
  return new Uint8Array(words.buffer).subarray(0, length);
}

export const namesOf = (seeder: Seeder): string[] => seeder.torrents.map(({ entry }) => entry.name);
export const hashOf = (seeder: Seeder, index = 0): string => seeder.torrents[index]?.entry.metainfo.infoHash.hex ?? '';

/** With any Host header, which fetch does not allow. */
export function ask(seeder: Seeder, path: string, options: AskOptions = {}): Promise<Answer> {
  const { port } = new URL(seeder.url);
  const length: Record<string, string> =
    options.body === undefined ? {} : { 'content-length': `${options.body.length}` };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? 'GET',
        agent: false,
        headers: { host: options.host ?? `127.0.0.1:${port}`, ...length, ...options.headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

export async function askJson<T = Record<string, unknown>>(
  seeder: Seeder,
  path: string,
  options?: AskOptions,
): Promise<T> {
  return JSON.parse(String((await ask(seeder, path, options)).body)) as T;
}
