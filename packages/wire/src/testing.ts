// What every Extension must do, as tests for any runner: `testExtension(test, 'ut_mine', () => createMine(...))`.
// Needs no assertion library: a failing check throws.
import { type BencodeInput, encode } from '@shoal/bencode';
import { concatBytes, toHex } from '@shoal/primitives';
import { decodeExtendedHandshake } from './extended-handshake.ts';
import type { ExtendedHandshake, Extension, ExtensionContext, ExtensionFactory } from './extension.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { Wire } from './wire.ts';

/** Registers a test, as vitest's `test` or node:test's `test` do. */
export type RegisterTest = (name: string, body: () => Promise<void>) => unknown;

/** What the suite may use of the extension under test. */
export interface ExtensionSuiteOptions {
  /** Payloads that a peer could send; the suite spoils them, so that its noise gets past the first check. */
  readonly messages?: readonly Uint8Array[];
}

/** Keys of the extended handshake that belong to the connection (BEPs 10, 21). */
const RESERVED_KEYS: readonly string[] = ['m', 'p', 'v', 'reqq', 'yourip', 'upload_only'];
const ODD_VALUES: readonly BencodeInput[] = [0, -1, 2 ** 40, 2n ** 70n, '', 'text', new Uint8Array(300), [], [1], {}];
const NOISE_ROUNDS = 400;
/** Exchanges after which two extensions that only answer one another must have fallen silent. */
const MOST_ROUNDS = 500;

/** Tests an extension; `create` answers a factory for a new torrent each time. */
export function testExtension(
  test: RegisterTest,
  name: string,
  create: () => ExtensionFactory,
  options: ExtensionSuiteOptions = {},
): void {
  const check = (what: string, body: () => void): void => {
    test(`${name}: ${what}`, async () => body());
  };

  check('its name is printable and the same each time', () => {
    const [one, two] = [bench(create()), bench(create())];
    assert(/^[\x21-\x7e]{1,64}$/.test(one.extension.name), `not a name: ${JSON.stringify(one.extension.name)}`);
    assert(one.extension.name === two.extension.name, `${one.extension.name}, then ${two.extension.name}`);
  });

  check('what it adds to the handshake can be encoded and is its own', () => {
    const fields = bench(create()).extension.handshake?.() ?? {};
    encode(fields);
    for (const key of Object.keys(fields)) {
      assert(!RESERVED_KEYS.includes(key), `${key} belongs to the connection`);
    }
  });

  check('each connection has one of its own', () => {
    const factory = create();
    const [one, two] = [bench(factory), bench(factory)];
    assert(one.extension !== two.extension, 'the same object for two connections');
  });

  check('it sends nothing until the peer supports it', () => {
    const { extension, sent, meet } = bench(create());
    extension.onTick?.(0);
    meet({ m: { other: 1 }, v: 'Other' });
    for (let now = 0; now < 600_000; now += 10_000) extension.onTick?.(now);
    assert(sent.length === 0, `${sent.length} messages to a peer that lacks it`);
  });

  check('it bears handshakes that come again, say nothing, or take it away', () => {
    const { extension, faults, meet } = bench(create());
    for (const fields of [{}, { m: {} }, { m: { [extension.name]: 1 } }, { m: { [extension.name]: 0 } }, {}]) {
      meet(fields);
      extension.onTick?.(0);
    }
    assert(faults.length === 0, `a fault: ${faults[0]}`);
  });

  check('it bears whatever a peer puts under the keys that it adds', () => {
    const keys = Object.keys(bench(create()).extension.handshake?.() ?? {});
    for (const key of keys) {
      for (const value of ODD_VALUES) {
        const { extension, meet } = bench(create());
        meet({ m: { [extension.name]: 1 }, [key]: value });
        extension.onTick?.(0);
      }
    }
  });

  check('it never throws for what a peer sends, before the handshake or after', () => {
    const random = noise(0x5eed);
    for (let round = 0; round < NOISE_ROUNDS; round++) {
      const { extension, meet } = bench(create());
      if (round % 2 === 0) meet({ m: { [extension.name]: 3 } });
      for (let i = 0; i < 3; i++) {
        const payload = nextPayload(random, options.messages ?? []);
        const spelled = toHex(payload.subarray(0, 100));
        try {
          extension.onMessage(payload, round);
          extension.onTick?.(round);
        } catch (error) {
          throw new Error(`onMessage(${spelled}) threw: ${String(error)}`, { cause: error });
        }
        // A view is valid during the call only.
        payload.fill(0xee);
      }
    }
  });

  check('it can be closed at any time, and bears that nothing is sent any more', () => {
    for (const isEarly of [true, false]) {
      const { extension, meet, end } = bench(create());
      if (!isEarly) meet({ m: { [extension.name]: 1 } });
      end();
      extension.onTick?.(1_000_000);
    }
  });

  check('when it wishes to wake is later than now, or never', () => {
    for (const isMet of [true, false]) {
      const { extension, meet } = bench(create());
      if (isMet) meet({ m: { [extension.name]: 1 } });
      // A wish that is due for ever would keep the machine busy with ticks.
      for (let now = 1_000, tick = 0; tick < 20; tick++) {
        extension.onTick?.(now);
        const wake = extension.nextWake?.() ?? Number.POSITIVE_INFINITY;
        assert(wake > now, `nextWake answers ${wake} after the tick at ${now}`);
        if (wake === Number.POSITIVE_INFINITY) break;
        now = wake;
      }
    }
  });

  check('two of them on one connection get along and fall silent', () => {
    const { name } = bench(create()).extension;
    const wires = connectedPair([create()], [create()]);
    exchange(wires);
    for (const [index, wire] of wires.entries()) {
      assert(wire.closed === undefined, `side ${index} ended: ${wire.closed?.message}`);
      assert(wire.peerHandshake?.extensions.has(name) === true, `side ${index} learnt nothing of ${name}`);
    }
  });

  check('beside a peer without it the connection lives', () => {
    const wires = connectedPair([create()], []);
    exchange(wires);
    for (const wire of wires) assert(wire.closed === undefined, `the connection ended: ${wire.closed?.message}`);
  });
}

interface Bench {
  readonly extension: Extension;
  readonly sent: Uint8Array[];
  readonly faults: string[];
  /** The peer's extended handshake, the first or one more. */
  meet(fields: { readonly [key: string]: BencodeInput }): void;
  /** The end of the connection: from now on `send` answers false. */
  end(): void;
}

/** One extension with nothing around it but what a connection would answer. */
function bench(factory: ExtensionFactory): Bench {
  const sent: Uint8Array[] = [];
  const faults: string[] = [];
  let made: Extension | undefined;
  let peer: ExtendedHandshake | undefined;
  let isOver = false;
  const context: ExtensionContext = {
    // Whatever is sent is taken at once.
    unsent: 0,
    get peerSupports(): boolean {
      return made !== undefined && peer?.extensions.has(made.name) === true;
    },
    send: (payload) => {
      const most = DEFAULT_LIMITS.extendedLength;
      if (payload.length > most) throw new RangeError(`a message of ${payload.length} bytes, at most ${most}`);
      const isSent = context.peerSupports && !isOver;
      if (isSent) sent.push(payload);
      return isSent;
    },
    fault: (message) => faults.push(message),
  };
  const extension = factory(context);
  made = extension;
  const meet = (fields: { readonly [key: string]: BencodeInput }): void => {
    peer = decodeExtendedHandshake(encode(fields), peer);
    extension.onHandshake?.(peer);
  };
  const end = (): void => {
    isOver = true;
    extension.onClose?.();
  };
  return { extension, sent, faults, meet, end };
}

type Wires = readonly [Wire, Wire];

function connectedPair(ours: readonly ExtensionFactory[], theirs: readonly ExtensionFactory[]): Wires {
  const infoHash = new Uint8Array(20).fill(7);
  const dial = new Wire({ role: 'dial', now: 0, infoHash, peerId: new Uint8Array(20).fill(1), extensions: ours });
  const accept = new Wire({ role: 'accept', now: 0 });
  accept.receive(concatBytes(dial.takeOutput()), 0);
  drain(accept);
  accept.accept({ infoHash, peerId: new Uint8Array(20).fill(2), extensions: theirs });
  return [dial, accept];
}

/** Carries bytes to and fro, time standing still, until neither has anything to say. */
function exchange([one, two]: Wires): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const bytes = [concatBytes(one.takeOutput()), concatBytes(two.takeOutput())] as const;
    if (bytes[0].length + bytes[1].length === 0) return;
    two.receive(bytes[0], 0);
    one.receive(bytes[1], 0);
    drain(one);
    drain(two);
  }
  throw new Error(`still talking after ${MOST_ROUNDS} rounds`);
}

function drain(wire: Wire): void {
  while (wire.poll() !== undefined) {
    // The events do not matter here.
  }
}

/** Numbers below a bound, the same every time. */
type Noise = (bound: number) => number;

function noise(seed: number): Noise {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

const SHAPES: readonly BencodeInput[] = [
  {},
  [],
  0,
  'text',
  { msg_type: 0, piece: 0 },
  { msg_type: 1, piece: -1, total_size: 2n ** 62n },
  { msg_type: 2 ** 31, piece: 2 ** 40 },
  { added: new Uint8Array(7), 'added.f': new Uint8Array(500), dropped: 5 },
];

/** Nothing, noise, bencode of the wrong shape, or a given message; some of it spoilt or cut off. */
function nextPayload(random: Noise, messages: readonly Uint8Array[]): Uint8Array {
  const kind = random(4);
  const given = messages[random(Math.max(1, messages.length))];
  let payload = Uint8Array.from({ length: random(3) === 0 ? 0 : random(200) }, () => random(256));
  if (kind === 1) payload = encode(SHAPES[random(SHAPES.length)] as BencodeInput).slice();
  if (kind > 1 && given) payload = given.slice();
  if (random(2) === 0 && payload.length > 0) payload[random(payload.length)] = random(256);
  return random(3) === 0 ? payload.subarray(0, random(payload.length + 1)) : payload;
}

function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
