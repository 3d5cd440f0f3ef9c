// The threads that check, the same for all storages of this process: as many as there are cores at most, started with the first check
// that wants them and ended with the last. Invariants: a thread has two jobs at most, so that it need not wait for the next one; each
// job is answered once, in whatever way its thread ends.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type CheckAnswer, type CheckJob, checkThread } from './check-thread.ts';

/** Past this the disk is the bound. */
const MOST_THREADS = 8;
const JOBS_A_THREAD = 2;

interface Waiting {
  readonly job: CheckJob;
  readonly answer: (answer: CheckAnswer | undefined) => void;
}

interface Thread {
  readonly worker: Worker;
  /** In the order they are answered. */
  readonly jobs: Waiting[];
}

export class CheckThreads {
  readonly #threads = new Set<Thread>();
  readonly #waiting: Waiting[] = [];

  constructor(count: number) {
    this.grow(count);
  }

  get count(): number {
    return this.#threads.size;
  }

  grow(count: number): void {
    while (this.#threads.size < count && this.#start());
  }

  /** Undefined: there is no thread any more that could do it. */
  run(job: CheckJob): Promise<CheckAnswer | undefined> {
    return new Promise((answer) => {
      this.#waiting.push({ job, answer });
      this.#deal();
    });
  }

  async end(): Promise<void> {
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  /** False where the system has no more threads. */
  #start(): boolean {
    let worker: Worker;
    try {
      worker = new Worker(`(${checkThread.toString()})()`, {
        eval: true,
        resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
      });
    } catch {
      return false;
    }
    const thread: Thread = { worker, jobs: [] };
    this.#threads.add(thread);
    worker.on('message', (answer: CheckAnswer) => {
      thread.jobs.shift()?.answer(answer);
      this.#deal();
    });
    // What went wrong in a thread shows in its jobs, which others do.
    worker.on('error', () => {});
    worker.on('exit', () => {
      this.#threads.delete(thread);
      for (const { answer } of thread.jobs.splice(0)) answer(undefined);
      this.#deal();
    });
    return true;
  }

  #deal(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (this.#threads.size === 0) {
        for (const { answer } of this.#waiting.splice(0)) answer(undefined);
        return;
      }
      const idlest = [...this.#threads].reduce((a, b) => (b.jobs.length < a.jobs.length ? b : a));
      if (idlest.jobs.length >= JOBS_A_THREAD) return;
      this.#waiting.shift();
      idlest.jobs.push(next);
      idlest.worker.postMessage(next.job);
    }
  }
}

let shared: CheckThreads | undefined;
let users = 0;

/** Does `work` with so many threads at least; those that others have are theirs too. */
export async function withCheckThreads<T>(count: number, work: (threads: CheckThreads) => Promise<T>): Promise<T> {
  shared ??= new CheckThreads(count);
  const threads = shared;
  threads.grow(count);
  users++;
  try {
    return await work(threads);
  } finally {
    users--;
    if (users === 0) {
      shared = undefined;
      await threads.end();
    }
  }
}

/** As many as it pays to have. */
export function mostThreads(): number {
  return Math.min(availableParallelism(), MOST_THREADS);
}
