// The lookups under way: fed with nodes, asked on, brought to their end.
// Invariants: no more than the limit at once; one that knows nobody to ask waits a while for somebody; each ends once.
import type { Endpoint } from '@shoal/primitives';
import type { Family } from './addresses.ts';
import type { Contact } from './contacts.ts';
import type { LookupReport, Refusal } from './events.ts';
import type { KrpcCall, KrpcResponse } from './krpc.ts';
import type { Candidate } from './lookup.ts';
import type { DhtMeans, DhtSettings } from './node-options.ts';
import { type Findings, type Goal, Task, type TaskStores } from './task.ts';

/** Lookups of the caller's at once. */
export const MAX_TASKS = 200;
/** A lookup that knows nobody to ask waits so long for somebody. */
const PATIENCE_MS = 10_000;

/** Why a question is asked for a lookup. */
export type TaskPurpose =
  | { readonly kind: 'lookup'; readonly task: Task; readonly candidate: Candidate }
  | { readonly kind: 'probe'; readonly task: Task; readonly candidate: Candidate }
  | { readonly kind: 'store'; readonly task: Task };

/** What lookups ask of their node. */
export interface TaskHost {
  readonly settings: DhtSettings;
  readonly means: DhtMeans;
  readonly stores: TaskStores;
  /** Families whose nodes are wanted. */
  families(): readonly Family[];
  /** Nodes to begin with. */
  known(target: Uint8Array): readonly (Endpoint & { readonly id?: Uint8Array })[];
  /** False where no further question can be asked. */
  ask(to: Endpoint, call: KrpcCall, purpose: TaskPurpose, now: number): boolean;
  found(operation: number, findings: Findings): void;
  /** A caller's lookup has ended. */
  done(operation: number, report: LookupReport): void;
  /** One of the node's own has. */
  ownDone(task: Task, now: number): void;
}

export class Tasks {
  readonly #host: TaskHost;
  readonly #running: Set<Task> = new Set();
  /** Those of them that know nobody to ask yet. */
  readonly #idle: Set<Task> = new Set();

  constructor(host: TaskHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Begins a lookup; one without an operation is the node's own. */
  begin(target: Uint8Array, goal: Goal, operation: number | undefined, now: number): Task {
    const { settings, means } = this.#host;
    const task = new Task(target, goal, { operation, rules: settings, families: this.#host.families(), means, now });
    this.#running.add(task);
    this.#tell(task, task.know(this.#host.stores, now));
    if (!this.#seed(task)) this.#idle.add(task);
    return task;
  }

  /** Asks on, or goes over to storing, or ends. */
  advance(task: Task, now: number): void {
    if (!this.#running.has(task) || this.#idle.has(task)) return;
    const { lookup } = task;
    for (let candidate = lookup.next(); candidate; candidate = lookup.next()) {
      const isAsked = this.#host.ask(candidate, task.question(), { kind: 'lookup', task, candidate }, now);
      if (!isAsked) lookup.fail(candidate);
    }
    for (const { candidate, target } of lookup.probes()) {
      const isAsked = this.#host.ask(
        candidate,
        { method: 'find_node', target },
        { kind: 'probe', task, candidate },
        now,
      );
      if (!isAsked) lookup.endProbe(candidate, undefined);
    }
    if (!lookup.isDone) return;
    for (const { candidate, call } of task.takeStores()) {
      if (!this.#host.ask(candidate, call, { kind: 'store', task }, now)) task.storeEnded(undefined);
    }
    if (!task.isStoring) this.#finish(task, now);
  }

  /** A node has answered. `contacts` are those it told of. */
  receive(purpose: TaskPurpose, response: KrpcResponse, contacts: readonly Contact[], now: number): void {
    const { task } = purpose;
    if (!this.#running.has(task)) return;
    if (purpose.kind === 'lookup') this.#tell(task, task.receive(purpose.candidate, response, contacts));
    else if (purpose.kind === 'probe') task.lookup.endProbe(purpose.candidate, contacts);
    else task.storeEnded('stored');
    this.advance(task, now);
  }

  /** A node has refused, or not answered at all. */
  giveUp(purpose: TaskPurpose, refusal: Refusal | undefined, now: number): void {
    if (purpose.kind === 'lookup') purpose.task.lookup.fail(purpose.candidate);
    else if (purpose.kind === 'probe') purpose.task.lookup.endProbe(purpose.candidate, undefined);
    else purpose.task.storeEnded(refusal);
    this.advance(purpose.task, now);
  }

  /** A node's answer is late. */
  late(purpose: TaskPurpose, now: number): void {
    if (purpose.kind === 'lookup') purpose.task.lookup.late(purpose.candidate);
    this.advance(purpose.task, now);
  }

  /** Somebody is known now. */
  wake(now: number): void {
    for (const task of [...this.#idle]) {
      if (!this.#seed(task)) continue;
      this.#idle.delete(task);
      this.advance(task, now);
    }
  }

  tick(now: number): void {
    for (const task of [...this.#idle]) if (now - task.startedAt >= PATIENCE_MS) this.#finish(task, now);
  }

  /** When one runs out of patience; Infinity: none waits. */
  nextWake(): number {
    return Math.min(...[...this.#idle].map((task) => task.startedAt + PATIENCE_MS));
  }

  /** Ends those of an operation without a word; answers them. */
  cancel(operation: number): readonly Task[] {
    const cancelled = [...this.#running].filter((task) => task.operation === operation);
    for (const task of cancelled) {
      this.#running.delete(task);
      this.#idle.delete(task);
    }
    return cancelled;
  }

  #seed(task: Task): boolean {
    const known = this.#host.known(task.lookup.target);
    task.lookup.begin(known);
    return known.length > 0;
  }

  #finish(task: Task, now: number): void {
    this.#running.delete(task);
    this.#idle.delete(task);
    if (task.operation === undefined) this.#host.ownDone(task, now);
    else this.#host.done(task.operation, task.report(now));
  }

  #tell({ operation }: Task, findings: Findings): void {
    if (operation !== undefined) this.#host.found(operation, findings);
  }
}
