// The first 8 bytes of peer ids, each kept once: they name a client and its version, and are the same for thousands of
// peers, which is what makes a listed peer's 20 bytes cost 14.
// Invariant: a kind is known as long as somebody holds it; kind 0 stands for all those that found the table full.
import { keyFromBytes } from '@shoal/bencode';

export const KIND_LENGTH = 8;
const MAX_KINDS = 0xffff;

export class IdKinds {
  readonly #kinds: Map<string, number> = new Map();
  readonly #texts: string[] = [''];
  readonly #holders: number[] = [0];
  readonly #free: number[] = [];

  /** The kind of an id, held once more; 0 where 65,535 others are in use, or the id is no longer known. */
  hold(peerId: Uint8Array): number {
    if (peerId.length < KIND_LENGTH) return 0;
    const text = keyFromBytes(peerId.subarray(0, KIND_LENGTH));
    let kind = this.#kinds.get(text);
    if (kind === undefined) {
      kind = this.#free.pop() ?? (this.#texts.length <= MAX_KINDS ? this.#texts.length : 0);
      if (kind === 0) return 0;
      this.#kinds.set(text, kind);
      this.#texts[kind] = text;
      this.#holders[kind] = 0;
    }
    this.#holders[kind] = (this.#holders[kind] as number) + 1;
    return kind;
  }

  release(kind: number): void {
    if (kind === 0) return;
    const holders = (this.#holders[kind] as number) - 1;
    this.#holders[kind] = holders;
    if (holders > 0) return;
    this.#kinds.delete(this.#texts[kind] as string);
    this.#free.push(kind);
  }

  /** Whether an id is of that kind. Nothing is known of kind 0: false. */
  matches(kind: number, peerId: Uint8Array): boolean {
    if (kind === 0) return false;
    const text = this.#texts[kind] as string;
    for (let at = 0; at < KIND_LENGTH; at++) if (text.charCodeAt(at) !== peerId[at]) return false;
    return true;
  }

  /** One character a byte; undefined where it is not known. */
  textOf(kind: number): string | undefined {
    return kind === 0 ? undefined : this.#texts[kind];
  }
}
