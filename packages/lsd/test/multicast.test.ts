// Real multicast on the loopback interface, on the one port of the protocol; other clients on this machine do not matter,
// since the info-hashes are random.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { LSD_GROUPS, LsdError, type LsdMembership } from '../src/index.ts';
import { createLocalDiscovery } from '../src/node/index.ts';
import { Neighbourhood } from '../src/node/links.ts';
import { Multicast } from '../src/node/multicast.ts';

/** Null where multicast works here, else why not. */
async function reasonAgainst(): Promise<string | null> {
  try {
    await (await new Multicast({ interfaces: ['lo'] }).open(() => undefined)).close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const reason = await reasonAgainst();
const open: LsdMembership[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((membership) => membership.close()));
});

async function member(onDatagram: (bytes: Uint8Array, from: string) => void = () => undefined): Promise<LsdMembership> {
  const membership = await new Multicast({ interfaces: ['lo'] }).open(onDatagram);
  open.push(membership);
  return membership;
}

test('what is sent to the group is heard by every client on the machine, the sender too', async ({ skip }) => {
  skip(reason !== null, reason ?? '');
  const word = randomBytes(16);
  const heard: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const hear = (who: string) => (bytes: Uint8Array, from: string) => {
      if (!word.equals(bytes)) return;
      heard.push(`${who} from ${from}`);
      if (heard.length === 2) resolve();
    };
    Promise.all([member(hear('one')), member(hear('two'))])
      .then(([one]) => one.send(4, word))
      .catch(reject);
  });
  expect(heard.sort()).toEqual(['one from 127.0.0.1', 'two from 127.0.0.1']);
});

test('what is sent to the port and not to the group is not heard', async ({ skip }) => {
  skip(process.platform === 'win32', 'Windows binds to no group');
  skip(reason !== null, reason ?? '');
  const [stray, word] = [randomBytes(16), randomBytes(16)];
  const heard: string[] = [];
  const sender = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    const onDatagram = (bytes: Uint8Array): void => {
      heard.push(Buffer.from(bytes).toString('hex'));
      if (word.equals(bytes)) resolve();
    };
    member(onDatagram)
      .then((membership) => {
        sender.send(stray, LSD_GROUPS[4].port, '127.0.0.1', () => membership.send(4, word));
      })
      .catch(reject);
  });
  sender.close();
  expect(heard).toContain(word.toString('hex'));
  expect(heard).not.toContain(stray.toString('hex'));
});

test('a family without a way out is a warning at most, and sending goes on', async ({ skip }) => {
  skip(reason !== null, reason ?? '');
  const membership = await member();
  membership.send(6, randomBytes(16));
  membership.send(4, randomBytes(16));
  expect(membership.warning()).toBeNull();
});

test('no interface at all is a failure in words, not a crash', async () => {
  const network = new Multicast({ interfaces: ['no-such-interface'] });
  await expect(network.open(() => undefined)).rejects.toThrow(LsdError);
  await expect(network.open(() => undefined)).rejects.toMatchObject({
    code: 'ERR_LSD_MULTICAST',
    message: 'no multicast: no interface has an address',
  });
  const source = createLocalDiscovery({ interfaces: ['no-such-interface'] }).source();
  await new Promise<void>((resolve) => {
    const statusChanged = (): void => {
      if (source.status()[0]?.state === 'failed') resolve();
    };
    source.start({ infoHash: randomBytes(20), private: false, port: () => 1, offerPeers: () => {}, statusChanged });
  });
  expect(source.status()[0]?.message).toBe('no multicast: no interface has an address');
  await source.stop();
});

test('closing twice, and sending when closed, is nothing', async ({ skip }) => {
  skip(reason !== null, reason ?? '');
  const membership = await member();
  await Promise.all([membership.close(), membership.close()]);
  membership.send(4, randomBytes(4));
  await membership.close();
});

test('neighbours are those on our links, link-local addresses are none that could be dialled', () => {
  const neighbourhood = new Neighbourhood(() => 0);
  expect(
    ['127.0.0.1', '127.9.9.9', '8.8.8.8', 'fe80::1', 'name', ''].map((each) => neighbourhood.includes(each)),
  ).toEqual([true, true, false, false, false, false]);
});

test('misuse', () => {
  for (const ttl of [0, 256, 1.5]) expect(() => createLocalDiscovery({ ttl })).toThrow(RangeError);
});
