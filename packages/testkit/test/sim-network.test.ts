import { describe, expect, test } from 'vitest';
import {
  type SimByteStream,
  SimClock,
  type SimHost,
  type SimHostOptions,
  SimNetwork,
  type SimNetworkOptions,
  seededRandom,
} from '../src/index.ts';

const never = new AbortController().signal;

interface End {
  readonly stream: SimByteStream;
  readonly data: Uint8Array[];
  readonly text: () => string;
  bytes: number;
  drains: number;
  closes: (Error | undefined)[];
  closedAt: number;
}

interface Fixture {
  clock: SimClock;
  network: SimNetwork;
  a: SimHost;
  b: SimHost;
}

function fixture(
  hosts: { a?: SimHostOptions; b?: SimHostOptions } = {},
  options: Partial<SimNetworkOptions> = {},
): Fixture {
  const clock = new SimClock();
  const network = new SimNetwork({ clock, random: seededRandom('network'), ...options });
  return { clock, network, a: network.host('10.0.0.1', hosts.a), b: network.host('10.0.0.2', hosts.b) };
}

function watch(stream: SimByteStream, clock: SimClock): End {
  const end: End = {
    stream,
    data: [],
    text: () => end.data.map((bytes) => new TextDecoder('latin1').decode(bytes)).join(''),
    bytes: 0,
    drains: 0,
    closes: [],
    closedAt: Number.NaN,
  };
  stream.open({
    onData(bytes) {
      expect(end.closes).toEqual([]);
      expect(bytes.length).toBeGreaterThan(0);
      expect(bytes.length).toBeLessThanOrEqual(65_536);
      end.data.push(Uint8Array.from(bytes));
      end.bytes += bytes.length;
    },
    onDrain() {
      end.drains++;
    },
    onClose(error) {
      end.closes.push(error);
      end.closedAt = clock.now();
    },
  });
  return end;
}

/** A connection from a to b. */
async function connect({ clock, a, b }: Fixture): Promise<{ from: End; to: End }> {
  let to: End | undefined;
  let from: End | undefined;
  await b.listen((stream) => {
    to = watch(stream, clock);
  });
  void a.dial(b.address(), never).then((stream) => {
    from = watch(stream, clock);
  });
  await clock.run(() => from !== undefined);
  return { from: from!, to: to! };
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('dialling', () => {
  test('takes a round trip; both ends know both addresses', async () => {
    const f = fixture({ a: { latencyMs: 10 }, b: { latencyMs: 15 } });
    const { from, to } = await connect(f);
    expect(f.clock.now()).toBe(50);
    expect(from.stream.remoteAddress).toBe('10.0.0.2:6881');
    expect(from.stream.localAddress).toBe(to.stream.remoteAddress);
    expect(to.stream.localAddress).toBe('10.0.0.2:6881');
    expect(to.stream.remoteAddress).toMatch(/^10\.0\.0\.1:49152$/);
  });

  test('is refused where nobody listens, also after the listener closed', async () => {
    const { clock, a, b } = fixture();
    const codes: unknown[] = [];
    const dial = (): void => void a.dial(b.address(), never).catch((error) => codes.push(error.code, clock.now()));
    dial();
    await clock.run(() => codes.length === 2);
    const listener = await b.listen(() => {});
    await listener.close();
    dial();
    await clock.run();
    expect(codes).toEqual(['ECONNREFUSED', 20, 'ECONNREFUSED', 40]);
  });

  test('into nothing it times out, and an abort ends the wait', async () => {
    const { clock, a, b } = fixture({}, { dialTimeoutMs: 3000 });
    await b.listen(() => {});
    const seen: unknown[] = [];
    void a.dial('10.9.9.9:1', never).catch((error) => seen.push([error.code, clock.now()]));
    const controller = new AbortController();
    void a.dial('10.9.9.9:1', controller.signal).catch((error) => seen.push([error, clock.now()]));
    clock.setTimer(() => controller.abort('enough'), 1000);
    await clock.run(() => seen.length === 2);
    expect(seen).toEqual([
      ['enough', 1000],
      ['ETIMEDOUT', 3000],
    ]);
    b.setOnline(false);
    void a.dial(b.address(), never).catch((error) => seen.push(error.code));
    await clock.run(() => seen.length === 3);
    expect(seen[2]).toBe('ETIMEDOUT');
    await expect(a.dial(b.address(), AbortSignal.abort('before'))).rejects.toBe('before');
  });

  test('an abort after the other side accepted resets its stream', async () => {
    const f = fixture();
    let to: End | undefined;
    await f.b.listen((stream) => {
      to = watch(stream, f.clock);
    });
    const controller = new AbortController();
    const dialled = f.a.dial(f.b.address(), controller.signal).catch((error) => error);
    f.clock.setTimer(() => controller.abort('late'), 15);
    await f.clock.run(() => to?.closes.length === 1);
    expect(await dialled).toBe('late');
    expect(to!.closes[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(f.network.openStreams).toBe(0);
  });

  test('canDial knows addresses; IPv6 stands in brackets', async () => {
    const { network, clock, a } = fixture();
    for (const good of ['10.0.0.2:1', '[2001:db8::1]:65535', 'name:80']) expect(a.canDial(good)).toBe(true);
    for (const bad of ['', '10.0.0.2', '10.0.0.2:0', '10.0.0.2:65536', '2001:db8::1:80', ':1']) {
      expect(a.canDial(bad)).toBe(false);
    }
    await expect(a.dial('nonsense', never)).rejects.toThrow(TypeError);
    const six = network.host('2001:db8::1');
    await six.listen(() => {});
    let remote = '';
    void a.dial(six.address(), never).then((stream) => {
      remote = stream.remoteAddress;
    });
    await clock.run();
    expect(remote).toBe('[2001:db8::1]:6881');
    expect(() => network.host('10.0.0.1')).toThrow(TypeError);
  });

  test('a second listener on one host gets the next port', async () => {
    const { a } = fixture({ a: { port: 7000 } });
    const first = await a.listen(() => {});
    const second = await a.listen(() => {});
    expect([first.port, second.port]).toEqual([7000, 7001]);
    await first.close();
    expect((await a.listen(() => {})).port).toBe(7000);
  });
});

describe('a stream', () => {
  test('delivers in order after the latency, in both directions', async () => {
    const f = fixture({ a: { latencyMs: 10 }, b: { latencyMs: 15 } });
    const { from, to } = await connect(f);
    const start = f.clock.now();
    from.stream.write([ascii('hel'), ascii('lo')]);
    from.stream.write([ascii(' world'), new Uint8Array(0)]);
    to.stream.write([ascii('back')]);
    await f.clock.run(() => to.bytes === 11 && from.bytes === 4);
    expect(f.clock.now()).toBe(start + 25);
    expect([to.text(), from.text()]).toEqual(['hello world', 'back']);
  });

  test('data that comes before open waits for it', async () => {
    const { clock, a, b } = fixture();
    let accepted: SimByteStream | undefined;
    await b.listen((stream) => {
      accepted = stream;
    });
    void a.dial(b.address(), never).then((stream) => {
      stream.write([ascii('early')]);
      stream.close();
    });
    await clock.advance(1000);
    const end = watch(accepted!, clock);
    expect(end.bytes).toBe(0);
    await clock.run();
    expect(end.text()).toBe('early');
    expect(end.closes).toEqual([undefined]);
    expect(() => accepted!.open({ onData() {}, onDrain() {}, onClose() {} })).toThrow(TypeError);
  });

  test('a view is overwritten after the call', async () => {
    const { clock, a, b } = fixture();
    const kept: Uint8Array[] = [];
    await b.listen((stream) => stream.open({ onData: (bytes) => kept.push(bytes), onDrain() {}, onClose() {} }));
    void a.dial(b.address(), never).then((stream) => stream.write([ascii('secret')]));
    await clock.run();
    expect(kept[0]).toEqual(new Uint8Array(6).fill(0xdb));
  });

  test('shares its line: rates of sender and receiver hold', async () => {
    for (const hosts of [{ a: { up: 100_000 } }, { b: { down: 100_000 } }]) {
      const f = fixture(hosts);
      const { from, to } = await connect(f);
      const start = f.clock.now();
      from.stream.write([new Uint8Array(200_000)]);
      await f.clock.run(() => to.bytes === 200_000);
      expect(f.clock.now() - start).toBeGreaterThanOrEqual(2000);
      expect(f.clock.now() - start).toBeLessThan(2100);
    }
  });

  test('two streams of a host get half its line each, and a short message does not wait for a long one', async () => {
    const f = fixture({ a: { up: 100_000 } });
    const c = f.network.host('10.0.0.3');
    const first = await connect(f);
    const second = await connect({ ...f, b: c });
    const start = f.clock.now();
    first.from.stream.write([new Uint8Array(100_000)]);
    second.from.stream.write([ascii('short')]);
    await f.clock.run(() => second.to.bytes === 5);
    expect(f.clock.now() - start).toBeLessThan(100);
    second.from.stream.write([new Uint8Array(100_000)]);
    await f.clock.run(() => first.to.bytes === 100_000);
    expect(f.clock.now() - start).toBeGreaterThan(1800);
    expect(second.to.bytes).toBeGreaterThan(80_000);
  });

  test('write says when to wait, and onDrain when to go on', async () => {
    const f = fixture({ a: { up: 1_000_000 } }, { highWaterMark: 100_000 });
    const { from, to } = await connect(f);
    expect(from.stream.write([new Uint8Array(50_000)])).toBe(true);
    expect(from.stream.write([new Uint8Array(100_000)])).toBe(false);
    expect(from.drains).toBe(0);
    await f.clock.run(() => from.drains === 1);
    expect(to.bytes).toBeLessThan(150_000);
    expect(from.stream.write([new Uint8Array(10)])).toBe(true);
    await f.clock.run(() => to.bytes === 150_010);
    expect(from.drains).toBe(1);
  });

  test('a paused receiver stops its sender; resume brings everything', async () => {
    const f = fixture({}, { highWaterMark: 65_536 });
    const { from, to } = await connect(f);
    to.stream.pause();
    let written = 0;
    while (from.stream.write([new Uint8Array(16_384).fill(written & 0xff)])) written++;
    written++;
    await f.clock.advance(60_000);
    expect(to.bytes).toBe(0);
    expect(from.drains).toBe(0);
    expect(written * 16_384).toBeLessThan(2 << 20);
    to.stream.resume();
    await f.clock.run(() => to.bytes === written * 16_384);
    expect(from.drains).toBe(1);
  });

  test('pause inside onData holds back what follows', async () => {
    const { clock, a, b } = fixture({}, { oddSplits: true });
    let calls = 0;
    let bytes = 0;
    await b.listen((stream) =>
      stream.open({
        onData(view) {
          calls++;
          bytes += view.length;
          stream.pause();
          clock.setTimer(() => stream.resume(), 1000);
        },
        onDrain() {},
        onClose() {},
      }),
    );
    void a.dial(b.address(), never).then((stream) => stream.write([new Uint8Array(500_000)]));
    await clock.run(() => bytes === 500_000);
    expect(clock.now()).toBeGreaterThanOrEqual((calls - 1) * 1000);
    expect(calls).toBeGreaterThan(8);
  });

  test('odd splits change the pieces, never the bytes', async () => {
    const sent = seededRandom('data').bytes(300_000);
    const f = fixture({}, { oddSplits: true });
    const { from, to } = await connect(f);
    from.stream.write([sent]);
    await f.clock.run(() => to.bytes === sent.length);
    expect(to.data.length).toBeGreaterThan(Math.ceil(sent.length / 65_536));
    expect(Buffer.concat(to.data).equals(sent)).toBe(true);
  });
});

describe('ends', () => {
  test('close sends what is queued, then both sides hear it once', async () => {
    const f = fixture({ a: { up: 100_000 } });
    const { from, to } = await connect(f);
    from.stream.write([new Uint8Array(50_000)]);
    from.stream.close();
    from.stream.close();
    expect(from.stream.write([ascii('too late')])).toBe(false);
    await f.clock.run();
    expect(to.bytes).toBe(50_000);
    expect([from.closes, to.closes]).toEqual([[undefined], [undefined]]);
    expect(f.network.openStreams).toBe(0);
  });

  test('who closed hears no more data, and the other side is not held up by it', async () => {
    const f = fixture();
    const { from, to } = await connect(f);
    from.stream.close();
    to.stream.write([new Uint8Array(3 << 20)]);
    to.stream.close();
    await f.clock.run();
    expect(from.bytes).toBe(0);
    expect([from.closes.length, to.closes.length, f.network.openStreams]).toEqual([1, 1, 0]);
  });

  test('destroy loses what is queued and resets the other side', async () => {
    const f = fixture({ a: { up: 10_000 } });
    const { from, to } = await connect(f);
    from.stream.write([new Uint8Array(50_000)]);
    await f.clock.advance(1000);
    from.stream.destroy();
    from.stream.destroy();
    await f.clock.run();
    expect(to.bytes).toBeLessThan(12_000);
    expect(from.closes).toEqual([undefined]);
    expect(to.closes).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  });

  test('destroy inside onData: nothing follows', async () => {
    const { clock, network, a, b } = fixture();
    let calls = 0;
    let closes = 0;
    await b.listen((stream) =>
      stream.open({
        onData() {
          calls++;
          stream.destroy();
        },
        onDrain() {},
        onClose: () => closes++,
      }),
    );
    void a.dial(b.address(), never).then((stream) => stream.write([new Uint8Array(200_000)]));
    await clock.run();
    expect([calls, closes, network.openStreams]).toEqual([1, 1, 0]);
  });

  test('a crash resets every stream of the host and frees its ports', async () => {
    const f = fixture();
    const { from } = await connect(f);
    f.b.crash();
    await f.clock.run(() => from.closes.length === 1);
    expect(from.closes[0]).toMatchObject({ code: 'ECONNRESET' });
    expect((await f.b.listen(() => {})).port).toBe(6881);
  });
});

describe('bad networks', () => {
  test('a cut resets the streams between two hosts and stops dials until healed', async () => {
    const f = fixture();
    const { from, to } = await connect(f);
    f.network.cut('10.0.0.2', '10.0.0.1');
    await f.clock.run(() => from.closes.length + to.closes.length === 2);
    let code = '';
    void f.a.dial(f.b.address(), never).catch((error) => {
      code = error.code;
    });
    await f.clock.run(() => code !== '');
    expect(code).toBe('ETIMEDOUT');
    f.network.heal('10.0.0.1', '10.0.0.2');
    let dialled = false;
    void f.a.dial(f.b.address(), never).then(() => {
      dialled = true;
    });
    await f.clock.run(() => dialled);
  });

  test('a silent cut tells nobody; healed, what was held arrives', async () => {
    const f = fixture();
    const { from, to } = await connect(f);
    f.network.cut('10.0.0.1', '10.0.0.2', 'silent');
    from.stream.write([ascii('held')]);
    await f.clock.advance(600_000);
    expect([to.bytes, from.closes.length, to.closes.length]).toEqual([0, 0, 0]);
    f.network.heal('10.0.0.1', '10.0.0.2');
    await f.clock.run(() => to.bytes === 4);
    expect(to.text()).toBe('held');
  });

  test('who was destroyed while unreachable is known to be dead once it is back', async () => {
    const f = fixture();
    const { from, to } = await connect(f);
    f.a.setOnline(false);
    from.stream.destroy();
    await f.clock.advance(60_000);
    expect([from.closes.length, to.closes.length]).toEqual([1, 0]);
    f.a.setOnline(true);
    await f.clock.run(() => to.closes.length === 1);
    expect(to.closes[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(f.network.openStreams).toBe(0);
  });

  test('a corrupting link flips single bits in one direction, about as often as told', async () => {
    const f = fixture();
    const { from, to } = await connect(f);
    f.network.corrupt('10.0.0.1', '10.0.0.2', 10_000);
    from.stream.write([new Uint8Array(1_000_000)]);
    to.stream.write([new Uint8Array(1_000_000)]);
    await f.clock.run(() => to.bytes === 1_000_000 && from.bytes === 1_000_000);
    const flipped = Buffer.concat(to.data).filter((byte) => byte !== 0);
    expect(flipped.length).toBeGreaterThan(60);
    expect(flipped.length).toBeLessThan(150);
    expect(flipped.every((byte) => (byte & (byte - 1)) === 0)).toBe(true);
    expect(from.data.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
    f.network.corrupt('10.0.0.1', '10.0.0.2', 0);
    to.data.length = 0;
    to.bytes = 0;
    from.stream.write([new Uint8Array(500_000)]);
    await f.clock.run(() => to.bytes === 500_000);
    expect(to.data.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  });
});

describe('same seed, same run', () => {
  /** Fifty hosts that chat at random; the sum of everything that happened. */
  async function swarm(seed: number): Promise<{ fingerprint: number; fired: number; now: number; received: number }> {
    const clock = new SimClock();
    const random = seededRandom(seed);
    const network = new SimNetwork({ clock, random, oddSplits: true });
    const hosts = Array.from({ length: 50 }, (_, index) =>
      network.host(`10.0.0.${index + 1}`, {
        up: 50_000 + random.int(500_000),
        down: 500_000,
        latencyMs: 1 + random.int(80),
      }),
    );
    const talk = (stream: SimByteStream, hops: number): void => {
      stream.open({
        onData(bytes) {
          if (bytes.length > 0 && hops-- > 0) stream.write([random.bytes(1 + random.int(20_000))]);
        },
        onDrain() {},
        onClose() {},
      });
    };
    for (const host of hosts) await host.listen((stream) => talk(stream, 10));
    network.corrupt('10.0.0.1', '10.0.0.2', 5000);
    for (const host of hosts) {
      for (let dial = 0; dial < 6; dial++) {
        const target = hosts[random.int(hosts.length)]!;
        void host.dial(target.address(), never).then((stream) => {
          talk(stream, 10);
          stream.write([random.bytes(100)]);
        });
      }
    }
    clock.setTimer(() => hosts[7]!.crash(), 900);
    clock.setTimer(() => network.cut('10.0.0.3', '10.0.0.4'), 500);
    await clock.run();
    const received = hosts.reduce((sum, host) => sum + host.counters.received, 0);
    return { fingerprint: network.fingerprint, fired: clock.fired, now: clock.now(), received };
  }

  test('fifty hosts', async () => {
    const one = await swarm(1);
    expect(one.received).toBeGreaterThan(1_000_000);
    expect(await swarm(1)).toEqual(one);
    expect((await swarm(2)).fingerprint).not.toBe(one.fingerprint);
  });
});
