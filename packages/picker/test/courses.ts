// What can happen to a picker, as commands for fast-check that do the same to the model and then compare all there is to
// see.
import fc from 'fast-check';
import { expect } from 'vitest';
import { Picker, type PickerLimits, type PickerPeer } from '../src/index.ts';
import { sequence } from './language.ts';
import { fieldOf, LATE, Model, type ModelPeer } from './model.ts';

interface World {
  readonly model: Model;
  readonly exactRarity: boolean;
}
interface System {
  readonly picker: Picker;
  readonly peers: PickerPeer[];
}
type Step = (world: World, system: System) => void;

const some = fc.nat();
const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** A command for fast-check: does `step` to both, then compares all that can be seen. */
class Command implements fc.Command<World, System> {
  readonly #name: string;
  readonly #needsPeer: boolean;
  readonly #step: Step;

  constructor(name: string, needsPeer: boolean, step: Step) {
    this.#name = name;
    this.#needsPeer = needsPeer;
    this.#step = step;
  }

  check({ model }: World): boolean {
    return !this.#needsPeer || model.peers.length > 0;
  }

  run(world: World, system: System): void {
    this.#step(world, system);
    compare(world, system);
  }

  toString(): string {
    return this.#name;
  }
}

function compare({ model }: World, { picker, peers }: System): void {
  picker.checkInvariants();
  // One comparison of texts: hundreds of expectations a step would take most of the time.
  expect(
    JSON.stringify({
      missing: picker.missing,
      isComplete: picker.isComplete,
      endGame: picker.endGame,
      have: [...picker.have],
      availability: model.pieces.map((piece) => picker.availability(piece)),
      partial: [...picker.partial()].sort((a, b) => a.piece - b.piece),
      outstanding: peers.map((peer) => peer.outstanding),
      interesting: peers.map((peer) => picker.isInteresting(peer)),
      allowedFast: peers.map((peer) => picker.hasAllowedFast(peer)),
      parole: model.pieces.map((piece) => picker.onParole(piece)),
      priorities: model.pieces.map((piece) => picker.priority(piece)),
      deadlines: model.pieces.map((piece) => picker.deadline(piece)),
      order: picker.order,
    }),
  ).toBe(
    JSON.stringify({
      missing: model.pieces.filter((piece) => model.isWanted(piece)).length,
      isComplete: !model.pieces.some((piece) => model.isWanted(piece)),
      endGame: model.endGame,
      have: model.pieces.filter((piece) => model.verified[piece]),
      availability: model.pieces.map((piece) => model.availability(piece)),
      partial: model.partial(),
      outstanding: model.peers.map((peer) => model.outstanding(peer)),
      interesting: model.peers.map((peer) => model.isInteresting(peer)),
      allowedFast: model.peers.map((peer) => model.hasAllowedFast(peer)),
      parole: model.parole,
      priorities: model.priorities,
      deadlines: model.pieces.map((piece) => model.deadlines.get(piece)),
      order: model.order,
    }),
  );
}

/** What a peer has, one bit a piece. */
const masks = fc.oneof(fc.constant(0xffff), fc.constant(0), fc.nat(0xffff), fc.nat(0xffff));

/** ms: of deadlines and of picks. */
const times = fc.nat(3 * LATE);

const commands = [
  fc.constant(
    new Command('addPeer()', false, ({ model }, { picker, peers }) => {
      model.peers.push({ has: model.pieces.map(() => false), allowed: new Set(), suggested: new Set() });
      peers.push(picker.addPeer());
    }),
  ),
  fc.tuple(some, masks).map(
    ([who, mask]) =>
      new Command(`setHave(${who}, 0b${mask.toString(2)})`, true, ({ model }, { picker, peers }) => {
        const peer = at(model.peers, who);
        peer.has = model.pieces.map((piece) => ((mask >> piece) & 1) === 1);
        picker.setHave(at(peers, who), fieldOf(peer.has));
      }),
  ),
  fc.tuple(some, some).map(
    ([who, what]) =>
      new Command(`addHave(${who}, ${what})`, true, ({ model }, { picker, peers }) => {
        const piece = at(model.pieces, what);
        at(model.peers, who).has[piece] = true;
        picker.addHave(at(peers, who), piece);
      }),
  ),
  fc.tuple(some).map(
    ([who]) =>
      new Command(`removePeer(${who})`, true, ({ model }, { picker, peers }) => {
        const index = who % model.peers.length;
        const [peer] = model.peers.splice(index, 1);
        for (const block of model.blocks.flat()) block.requesters = block.requesters.filter((one) => one !== peer);
        for (const piece of model.pieces) model.leave(peer as ModelPeer, piece);
        picker.removePeer(peers.splice(index, 1)[0] as PickerPeer);
      }),
  ),
  fc.tuple(some, some).map(
    ([who, what]) =>
      new Command(`removeHave(${who}, ${what})`, true, ({ model }, { picker, peers }) => {
        const piece = at(model.pieces, what);
        at(model.peers, who).has[piece] = false;
        model.leave(at(model.peers, who), piece);
        picker.removeHave(at(peers, who), piece);
      }),
  ),
  fc.tuple(some, some, fc.constantFrom('allowFast' as const, 'suggest' as const)).map(
    ([who, what, how]) =>
      new Command(`${how}(${who}, ${what})`, true, ({ model }, { picker, peers }) => {
        const piece = at(model.pieces, what);
        at(model.peers, who)[how === 'suggest' ? 'suggested' : 'allowed'].add(piece);
        picker[how](at(peers, who), piece);
      }),
  ),
  ...[{}, {}, {}, { choked: true }].map((choked) =>
    fc.tuple(some, fc.nat(12), fc.option(times)).map(
      ([who, count, now]) =>
        new Command(
          `pick(${who}, ${count}, ${JSON.stringify({ ...choked, now })})`,
          true,
          ({ model, exactRarity }, { picker, peers }) => {
            const options = { ...choked, ...(now !== null && { now }) };
            const picked = picker.pick(at(peers, who), count, options);
            expect(model.acceptPick(at(model.peers, who), count, options, picked, exactRarity)).toBeUndefined();
          },
        ),
    ),
  ),
  fc.tuple(some, some, some).map(
    ([who, what, which]) =>
      new Command(`release(${who}, ${what}, ${which})`, true, ({ model }, { picker, peers }) => {
        const [piece, block] = requestOf(model, at(model.peers, who), what, which);
        model.release(at(model.peers, who), piece, block);
        picker.release(at(peers, who), piece, block);
      }),
  ),
  ...[1, 2].map(() =>
    fc.tuple(some, some, some).map(
      ([who, what, which]) =>
        new Command(`receive(${who}, ${what}, ${which})`, true, ({ model }, { picker, peers }) => {
          const peer = at(model.peers, who);
          const [piece, block] = requestOf(model, peer, what, which);
          const state = at(model.of(piece), block);
          const fresh = !model.verified[piece] && !state.received;
          const others = fresh ? state.requesters.filter((one) => one !== peer) : [];
          if (fresh) [state.received, state.requesters] = [true, []];
          expect(picker.receive(at(peers, who), piece, block)).toEqual({
            fresh,
            pieceComplete: fresh && model.of(piece).every((one) => one.received),
            cancel: others.map((one) => peers[model.peers.indexOf(one)]),
          });
        }),
    ),
  ),
  fc.tuple(some).map(
    ([what]) =>
      new Command(`pieceVerified(${what})`, false, ({ model }, { picker }) => {
        const piece = completeOr(model, what);
        model.verified[piece] = true;
        model.parole[piece] = false;
        model.deadlines.delete(piece);
        model.clearRequests(piece);
        picker.pieceVerified(piece);
      }),
  ),
  fc.tuple(some, fc.constantFrom({}, { parole: true }, { parole: false })).map(
    ([what, options]) =>
      new Command(`pieceFailed(${what}, ${JSON.stringify(options)})`, false, ({ model }, { picker }) => {
        const piece = completeOr(model, what);
        model.holders[piece] = undefined;
        if ('parole' in options ? options.parole : !model.verified[piece]) model.parole[piece] = true;
        model.verified[piece] = false;
        model.clearRequests(piece);
        for (const block of model.of(piece)) block.received = false;
        picker.pieceFailed(piece, options);
      }),
  ),
  fc.tuple(some, fc.constantFrom(0, 0, 1, 4, 4, 7)).map(
    ([what, priority]) =>
      new Command(`setPriority(${what}, ${priority})`, false, ({ model }, { picker }) => {
        const piece = at(model.pieces, what);
        model.priorities[piece] = priority;
        picker.setPriority(piece, priority);
      }),
  ),
  fc.array(fc.constantFrom(0, 1, 4, 4, 7), { minLength: 14, maxLength: 14 }).map(
    (some) =>
      new Command(`setPriorities(${some})`, false, ({ model }, { picker }) => {
        model.priorities = some.slice(0, model.pieces.length);
        picker.setPriorities(Uint8Array.from(model.priorities));
      }),
  ),
  fc.constantFrom('rarest' as const, 'sequential' as const).map(
    (order) =>
      new Command(`order = ${order}`, false, ({ model }, { picker }) => {
        model.order = order;
        picker.order = order;
      }),
  ),
  fc.tuple(some, fc.option(times)).map(
    ([what, time]) =>
      new Command(`setDeadline(${what}, ${time})`, false, ({ model }, { picker }) => {
        const piece = at(model.pieces, what);
        if (time === null) model.deadlines.delete(piece);
        else if (!model.verified[piece]) model.deadlines.set(piece, time);
        picker.setDeadline(piece, time ?? undefined);
      }),
  ),
  fc.constant(
    new Command('clearDeadlines()', false, ({ model }, { picker }) => {
      model.deadlines.clear();
      picker.clearDeadlines();
    }),
  ),
  fc.tuple(some, fc.array(some, { maxLength: 3 })).map(
    ([what, which]) =>
      new Command(`restore(${what}, [${which}])`, false, ({ model }, { picker }) => {
        const piece = at(model.pieces, what);
        const blocks = which.map((block) => block % model.of(piece).length);
        if (!model.verified[piece]) {
          for (const block of blocks) {
            const state = at(model.of(piece), block);
            [state.received, state.requesters] = [true, []];
          }
        }
        picker.restore(piece, blocks);
      }),
  ),
];

/** Mostly a block that the peer was asked for, else any. */
function requestOf(model: Model, peer: ModelPeer, what: number, which: number): [piece: number, block: number] {
  const asked = model.pieces.flatMap((piece) =>
    [...model.of(piece).entries()]
      .filter(([, { requesters }]) => requesters.includes(peer))
      .map(([block]): [number, number] => [piece, block]),
  );
  if (asked.length > 0 && what % 4 !== 0) return at(asked, which);
  const piece = at(model.pieces, what);
  return [piece, which % model.of(piece).length];
}

/** Mostly a piece that waits for its verdict, else any. */
function completeOr(model: Model, what: number): number {
  const complete = model.pieces.filter(
    (piece) => !model.verified[piece] && model.of(piece).every((block) => block.received),
  );
  return complete.length > 0 && what % 4 !== 0 ? at(complete, what) : at(model.pieces, what);
}

const blockCounts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 14 });

/** Random courses of everything that can happen to a picker, compared with the model after each step. `seed`: repeats them. */
export function agrees(limits: Partial<PickerLimits>, exactRarity: boolean, runs: number, seed?: number): void {
  fc.assert(
    fc.property(
      blockCounts,
      fc.integer(),
      fc.commands(commands, { maxCommands: 80, size: 'max' }),
      (counts, seed, course) => {
        fc.modelRun(() => {
          const geometry = { pieceCount: counts.length, blockCount: (piece: number) => counts[piece] as number };
          const picker = new Picker({ geometry, random: sequence(seed), limits: { late: LATE, ...limits } });
          return { model: { model: new Model(counts), exactRarity }, real: { picker, peers: [] } };
        }, course);
      },
    ),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
  );
}
