import { InfoHash } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement, LsdMachine, type LsdOutput } from '../src/index.ts';

const MINUTE = 60_000;
const hash = (number: number): InfoHash => {
  const bytes = new Uint8Array(20).fill(7);
  new DataView(bytes.buffer).setUint32(0, number);
  return new InfoHash(bytes);
};
const port = (): number => 6_881;

function machine(): LsdMachine {
  return new LsdMachine({ cookie: 'ours' });
}

function outputs(lsd: LsdMachine): LsdOutput[] {
  const all: LsdOutput[] = [];
  for (let output = lsd.poll(); output !== undefined; output = lsd.poll()) all.push(output);
  lsd.checkInvariants();
  return all;
}

/** Info-hashes in what left for the IPv4 group, a list for each datagram. */
function announced(lsd: LsdMachine): string[][] {
  return outputs(lsd).flatMap((output) =>
    output.type === 'send' && output.family === 4
      ? [decodeAnnouncement(output.bytes).infoHashes.map(({ hex }) => hex)]
      : [],
  );
}

function heard(lsd: LsdMachine): string[] {
  return outputs(lsd).flatMap((output) =>
    output.type === 'peer' ? [`${output.infoHash.hex.slice(0, 8)} ${output.address}`] : [],
  );
}

const told = (...numbers: number[]): Uint8Array =>
  encodeAnnouncement(4, { port: 1_000, infoHashes: numbers.map(hash), cookie: 'theirs' });

/** When announcements left between two times, a look every second. */
function times(lsd: LsdMachine, from: number, to: number): number[] {
  const all: number[] = [];
  for (let now = from; now <= to; now += 1_000) {
    lsd.tick(now);
    if (announced(lsd).length > 0) all.push(now);
  }
  return all;
}

test('a torrent is announced at once, to both groups, and then every five minutes', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  expect(lsd.nextWake()).toBe(100);
  lsd.tick(100);
  const both = outputs(lsd);
  expect(both.map((output) => output.type === 'send' && output.family)).toEqual([4, 6]);
  expect(lsd.nextWake()).toBe(300_100);
  expect(times(lsd, 1_000, 11 * MINUTE)).toEqual([301_000, 602_000 - 1_000]);
});

test('in a hurry it is announced as soon as the last time is a minute ago', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  lsd.tick(100);
  outputs(lsd);
  for (let now = 1_000; now < MINUTE; now += 1_000) {
    lsd.hurry(hash(1), now);
    lsd.tick(now);
    expect(announced(lsd)).toEqual([]);
  }
  lsd.tick(MINUTE + 100);
  expect(announced(lsd)).toHaveLength(1);
  lsd.hurry(hash(2), 0);
});

test('a torrent that goes and comes again is not announced each time', () => {
  const lsd = machine();
  lsd.remove(hash(1));
  lsd.add(hash(1), port, 0);
  lsd.tick(100);
  expect(announced(lsd)).toHaveLength(1);
  for (let now = 1_000; now < 50_000; now += 1_000) {
    lsd.remove(hash(1));
    lsd.add(hash(1), port, now);
    lsd.tick(now + 500);
    expect(announced(lsd)).toEqual([]);
  }
  expect(lsd.nextWake()).toBe(60_100);
});

test('many torrents share datagrams, and so many leave in a second', () => {
  const lsd = machine();
  for (let number = 0; number < 500; number++) lsd.add(hash(number), port, 0);
  const seen = new Set<string>();
  const datagrams: number[] = [];
  for (let now = 100; seen.size < 500 && now < 10_000; now += 1_000) {
    lsd.tick(now);
    const all = announced(lsd);
    datagrams.push(all.length);
    for (const infoHash of all.flat()) seen.add(infoHash);
  }
  expect(datagrams).toEqual([8, 8, 5]);
});

test('those that are due soon go along, those announced a moment ago do not', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  lsd.tick(100);
  lsd.add(hash(2), port, 30_000);
  lsd.tick(30_100);
  expect(announced(lsd)).toEqual([[hash(1).hex], [hash(2).hex]]);
  lsd.tick(300_100);
  expect(announced(lsd)).toEqual([[hash(1).hex, hash(2).hex]]);
});

test('ports are told apart, and a client that does not listen waits', () => {
  const lsd = machine();
  let late = 0;
  lsd.add(hash(1), port, 0);
  lsd.add(hash(2), () => late, 0);
  lsd.tick(100);
  expect(announced(lsd)).toEqual([[hash(1).hex]]);
  lsd.tick(lsd.nextWake());
  expect(announced(lsd)).toEqual([]);
  late = 7_000;
  lsd.tick(lsd.nextWake());
  const [output] = outputs(lsd);
  expect(output?.type === 'send' && decodeAnnouncement(output.bytes)).toMatchObject({
    port: 7_000,
    infoHashes: [hash(2)],
  });
});

test('who announces a torrent of ours is a peer of it', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  lsd.add(hash(2), port, 0);
  lsd.receive(told(1, 2, 3), '10.0.0.5', 0);
  lsd.receive(told(2), 'fd00::5', 0);
  lsd.receive(told(2), '::ffff:10.0.0.6', 0);
  expect(heard(lsd)).toEqual([
    '00000001 10.0.0.5:1000',
    '00000002 10.0.0.5:1000',
    '00000002 [fd00::5]:1000',
    '00000002 10.0.0.6:1000',
  ]);
  expect(lsd.heard(hash(2))).toBe(3);
  lsd.remove(hash(1));
  lsd.receive(told(1), '10.0.0.9', 0);
  expect(heard(lsd)).toEqual([]);
});

test('we do not hear ourselves', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  lsd.tick(100);
  for (const output of outputs(lsd)) if (output.type === 'send') lsd.receive(output.bytes, '10.0.0.1', 100);
  expect(heard(lsd)).toEqual([]);
});

test('a peer that repeats itself is passed on once a minute', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  for (let now = 0; now < 2 * MINUTE; now += 10_000) lsd.receive(told(1), '10.0.0.5', now);
  expect(heard(lsd)).toHaveLength(2);
});

test('floods: of one source, of one torrent, of all', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  lsd.add(hash(2), port, 0);
  for (let count = 0; count < 1_000; count++) lsd.receive(new Uint8Array(9), '10.0.0.5', 0);
  lsd.receive(told(1), '10.0.0.5', 0);
  expect(heard(lsd)).toEqual([]);
  lsd.receive(told(1), '10.0.0.6', 0);
  expect(heard(lsd)).toHaveLength(1);
  for (let count = 0; count < 1_000; count++) lsd.receive(told(1), `10.0.${1 + (count >> 8)}.${count & 255}`, 0);
  expect(heard(lsd)).toHaveLength(99);
  for (let count = 0; count < 5_000; count++) lsd.receive(new Uint8Array(9), `10.1.${count >> 8}.${count & 255}`, 0);
  lsd.receive(told(2), '10.2.0.1', 0);
  expect(heard(lsd)).toEqual([]);
  lsd.receive(told(2), '10.2.0.1', MINUTE);
  expect(heard(lsd)).toHaveLength(1);
});

test('what is no announcement, or from nowhere, is ignored', () => {
  const lsd = machine();
  lsd.receive(told(1), '10.0.0.5', 0);
  lsd.add(hash(1), port, 0);
  lsd.receive(new Uint8Array(2_000), '10.0.0.5', 0);
  lsd.receive(told(1), 'nowhere', 0);
  expect(heard(lsd)).toEqual([]);
});

test('misuse', () => {
  const lsd = machine();
  lsd.add(hash(1), port, 0);
  expect(() => lsd.add(hash(1), port, 0)).toThrow(TypeError);
});
