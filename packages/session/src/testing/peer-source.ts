// What every PeerSource must do, as tests for any runner.
import type { PeerSource, SourceTorrent } from '../contracts.ts';
import { type RegisterTest, same, someTime } from './register.ts';

/** A source under test, in a world where the peer at `expected` can be found. */
export interface PeerSourceUnderTest {
  readonly source: PeerSource;
  /** An address that the source should offer. */
  readonly expected: string;
  /** Lets time pass until the condition holds; rejects after a bounded time. */
  until(condition: () => boolean): Promise<void>;
  /** Lets a promise settle in the world's time. */
  settle(promise: Promise<void>): Promise<void>;
  cleanUp?(): Promise<void>;
}

/** The contract of `PeerSource`, as tests of any implementation. */
export function testPeerSource(
  test: RegisterTest,
  name: string,
  create: () => Promise<PeerSourceUnderTest> | PeerSourceUnderTest,
): void {
  const torrentOf = (offered: string[]): SourceTorrent => ({
    infoHash: new Uint8Array(20).fill(0x11),
    peerId: new Uint8Array(20).fill(0x22),
    private: false,
    port: () => 6881,
    counters: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    partialSeed: () => false,
    externalAddress: () => undefined,
    trackerChanged: () => undefined,
    offerPeers: (addresses) => void offered.push(...addresses),
    statusChanged: () => undefined,
  });

  test(`${name}: offers the peer that is there, tells its status, and stops`, async () => {
    const { source, expected, until, settle, cleanUp } = await create();
    const offered: string[] = [];
    source.start(torrentOf(offered));
    await until(() => offered.includes(expected));
    const status = source.status();
    same(status.length > 0, true, 'a status line');
    same(
      status.some(({ state, peers }) => state === 'ok' && peers > 0),
      true,
      'a line that says ok',
    );
    await settle(source.stop());
    await cleanUp?.();
  });

  test(`${name}: offers nothing after stop, and can start again`, async () => {
    const { source, expected, until, settle, cleanUp } = await create();
    const first: string[] = [];
    source.start(torrentOf(first));
    await settle(source.stop());
    const before = first.length;
    const second: string[] = [];
    source.start(torrentOf(second));
    await until(() => second.includes(expected));
    await someTime(until);
    same(first.length, before, 'offers to the torrent that was stopped');
    source.complete();
    await settle(source.stop());
    await cleanUp?.();
  });
}
