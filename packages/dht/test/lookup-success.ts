// How often lookups find the truly nearest live nodes in a net with dead nodes and liars.
import { toHex } from '@shoal/primitives';
import { compareDistance } from '../src/node-id.ts';
import { grownNet, type SimNet, type SimNode } from './sim-net.ts';

export interface LookupRun {
  readonly size: number;
  readonly lookups: number;
  /** Of 1. */
  readonly dead: number;
  readonly lying: number;
  readonly seed: string;
}

export interface LookupSuccess {
  readonly found: number;
  readonly lookups: number;
  /** Questions of a lookup, on average, and the most. */
  readonly meanAsked: number;
  readonly mostAsked: number;
  readonly meanHops: number;
  readonly meanMs: number;
}

export function measureLookups({ size, lookups, dead, lying, seed }: LookupRun): LookupSuccess {
  const net = grownNet(seed, size);
  const shuffled = [...net.nodes].sort((a, b) => compareDistance(new Uint8Array(20), a.id, b.id));
  for (const [index, node] of shuffled.entries()) {
    // By a draw of their own each, so that neither is tied to where a node lies.
    const draw = net.random.number();
    if (draw < dead) node.isDead = true;
    else if (draw < dead + lying) node.lies = true;
    if (index === size) break;
  }
  const live = net.nodes.filter((node) => !node.isDead);
  const honest = live.filter((node) => !node.lies);
  let [found, asked, most, hops, ms] = [0, 0, 0, 0, 0];
  for (let count = 0; count < lookups; count++) {
    const from = honest[net.random.int(honest.length)] as SimNode;
    const target = net.random.bytes(20);
    const report = net.lookup(from, target);
    if (isNearest(net, from, live, target, report.closest)) found++;
    asked += report.asked;
    most = Math.max(most, report.asked);
    hops += report.hops;
    ms += report.durationMs;
  }
  return {
    found,
    lookups,
    meanAsked: asked / lookups,
    mostAsked: most,
    meanHops: hops / lookups,
    meanMs: ms / lookups,
  };
}

function isNearest(
  _net: SimNet,
  from: SimNode,
  live: readonly SimNode[],
  target: Uint8Array,
  closest: readonly { readonly id: Uint8Array }[],
): boolean {
  const truth = live
    .filter((node) => node !== from)
    .sort((a, b) => compareDistance(target, a.id, b.id))
    .slice(0, 8);
  return truth.every((node, index) => toHex(node.id) === toHex(closest[index]?.id ?? new Uint8Array(0)));
}
