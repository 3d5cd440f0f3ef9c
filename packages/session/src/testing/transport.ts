// What every Transport and its ByteStreams must do, as tests for any runner.
import { concatBytes, formatEndpoint } from '@shoal/primitives';
import type { ByteStream, Transport } from '../contracts.ts';
import { type RegisterTest, same, someTime } from './register.ts';

/** A pair of transports under test that can reach each other. */
export interface TransportUnderTest {
  readonly dialler: Transport;
  readonly listener: Transport;
  /** Where the listener is reached, given the port it listens on. */
  readonly listenerHost: string;
  /** Lets time pass until the condition holds; rejects after a bounded time. */
  until(condition: () => boolean): Promise<void>;
  cleanUp?(): Promise<void>;
}

/** Collects what a stream tells, copying views as the contract demands. */
class Recorder {
  readonly stream: ByteStream;
  readonly parts: Uint8Array[] = [];
  drains = 0;
  closes = 0;

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.open({
      onData: (bytes) => this.parts.push(Uint8Array.from(bytes)),
      onDrain: () => {
        this.drains++;
      },
      onClose: () => {
        this.closes++;
      },
    });
  }

  get length(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }
}

/** The contract of `Transport` and `ByteStream`, as tests of any implementation. */
export function testTransport(
  test: RegisterTest,
  name: string,
  create: () => Promise<TransportUnderTest> | TransportUnderTest,
): void {
  const withPair = (
    what: string,
    body: (dialled: Recorder, accepted: Recorder, under: TransportUnderTest) => Promise<void>,
  ): void => {
    test(`${name}: ${what}`, async () => {
      const under = await create();
      let incoming: ByteStream | undefined;
      const listener = await under.listener.listen((stream) => {
        incoming = stream;
      });
      const address = formatEndpoint({ host: under.listenerHost, port: listener.port });
      same(under.dialler.canDial(address), true, `canDial(${address})`);
      let outgoing: ByteStream | undefined;
      const dialling = under.dialler.dial(address, new AbortController().signal).then((stream) => {
        outgoing = stream;
      });
      await under.until(() => outgoing !== undefined && incoming !== undefined);
      await dialling;
      const dialled = new Recorder(outgoing as ByteStream);
      const accepted = new Recorder(incoming as ByteStream);
      try {
        same(dialled.stream.remoteAddress, address, 'the dialled stream names the address it was given');
        await body(dialled, accepted, under);
      } finally {
        dialled.stream.destroy();
        accepted.stream.destroy();
        await under.until(() => dialled.closes > 0 && accepted.closes > 0);
        await listener.close();
        await under.cleanUp?.();
      }
      // A second `onClose` may come late.
      await someTime(under.until);
      same(dialled.closes + accepted.closes, 2, 'closes in all');
    });
  };

  withPair('many buffers arrive whole and in order, both ways', async (dialled, accepted, { until }) => {
    const sent = Array.from({ length: 50 }, (_, index) => new Uint8Array(1 + index * 97).fill(index));
    dialled.stream.write(sent);
    accepted.stream.write([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    const whole = concatBytes(sent);
    await until(() => accepted.length === whole.length && dialled.length === 3);
    same(concatBytes(accepted.parts).join(), whole.join(), 'bytes');
    same(concatBytes(dialled.parts).join(), '1,2,3', 'bytes back');
  });

  withPair(
    'a receiver that pauses holds the sender back, and a drain follows',
    async (dialled, accepted, { until }) => {
      accepted.stream.pause();
      const block = new Uint8Array(256 * 1024);
      let written = 0;
      while (dialled.stream.write([block]) && written < 1_000) written++;
      same(written < 1_000, true, 'write answered false at last');
      same(dialled.stream.unsent > 0, true, 'some of what holds the sender back is unsent');
      await someTime(until);
      same(accepted.length, 0, 'bytes handed over while paused');
      accepted.stream.resume();
      await until(() => dialled.drains > 0 && accepted.length === (written + 1) * block.length);
      await until(() => dialled.stream.unsent === 0);
    },
  );

  withPair('close sends what was written, then both sides hear of it once', async (dialled, accepted, { until }) => {
    const bytes = new Uint8Array(300_000).fill(7);
    dialled.stream.write([bytes]);
    dialled.stream.close();
    await until(() => accepted.closes > 0 && dialled.closes > 0);
    same(accepted.length, bytes.length, 'bytes before the end');
    same(dialled.closes + accepted.closes, 2, 'closes');
  });

  withPair('destroy ends both sides; writing afterwards is harmless', async (dialled, accepted, { until }) => {
    dialled.stream.destroy();
    dialled.stream.write([Uint8Array.of(1)]);
    await until(() => accepted.closes > 0 && dialled.closes > 0);
    accepted.stream.write([Uint8Array.of(1)]);
    same(dialled.closes + accepted.closes, 2, 'closes');
  });

  test(`${name}: a dial where nobody listens rejects with a reason`, async () => {
    const under = await create();
    const listener = await under.listener.listen((stream) => stream.destroy());
    const address = formatEndpoint({ host: under.listenerHost, port: listener.port });
    await listener.close();
    let reason: unknown;
    void under.dialler.dial(address, new AbortController().signal).catch((error: unknown) => {
      reason = error;
    });
    await under.until(() => reason !== undefined);
    same(reason instanceof Error && reason.message.length > 0, true, 'an Error with a message');
    await under.cleanUp?.();
  });

  test(`${name}: a dial that is given up rejects`, async () => {
    const under = await create();
    const controller = new AbortController();
    controller.abort();
    let rejected = false;
    void under.dialler.dial(formatEndpoint({ host: under.listenerHost, port: 9 }), controller.signal).catch(() => {
      rejected = true;
    });
    await under.until(() => rejected);
    await under.cleanUp?.();
  });
}
