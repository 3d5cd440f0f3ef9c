import { describe, expect, it } from 'vitest';
import { Choker, type SeedStrategy } from '../src/index.ts';
import { peers, sequence, spell } from './language.ts';

const leeching = { now: 1_000_000, seeding: false };
const choker = (slots: number, seed = 1) => new Choker({ slots, random: sequence(seed * 7919) });

describe('tit-for-tat', () => {
  it('gives the regular slots to those who give most', () => {
    expect(spell(choker(4).round(peers('a10 b500 c20 d300 e5 f400'), leeching))).toMatch(/^bdf\+[ace]$/);
  });

  it('passes over who does not want anything', () => {
    expect(spell(choker(4).round(peers('a900- b5 c800u d1'), leeching))).toMatch(/^bd\+$/);
  });

  it('takes the regular slot from a peer that snubs us', () => {
    const choke = choker(3);
    expect(spell(choke.round(peers('a900 b800 c1 d1 e1'), leeching))).toMatch(/^ab/);
    expect(spell(choke.round(peers('a900! b800 c1 d1 e1'), { ...leeching, now: 1_010_000 }))).toMatch(
      /^b[cde]\+[acde]$/,
    );
    expect(spell(choker(3).round(peers('a900! b800!'), leeching))).toMatch(/^\+[ab]$/);
  });

  it('leaves an equal where it is', () => {
    for (let seed = 0; seed < 20; seed++) {
      const decision = choker(3, seed).round(peers('a7 b7 c7 d7 e7 f7', ['c', 'e']), leeching);
      expect(spell(decision)).toMatch(/^ce\+[abdf]$/);
    }
  });

  it('does not favour who came first', () => {
    const firsts = new Set(
      Array.from({ length: 50 }, (_, seed) => spell(choker(2, seed).round(peers('a b c'), leeching))[0]),
    );
    expect([...firsts].sort()).toEqual(['a', 'b', 'c']);
  });

  it('unchokes everybody while there are slots', () => {
    expect(choker(9).round(peers('a b c d'), leeching).unchoke.sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('unchokes nobody without slots', () => {
    const choke = choker(0);
    expect(choke.round(peers('a b c d'), leeching)).toEqual({ unchoke: [], optimistic: null });
    choke.slots = 1;
    expect(choke.round(peers('a b c d'), leeching).unchoke).toHaveLength(1);
    expect(() => {
      choke.slots = 1.5;
    }).toThrow(RangeError);
  });

  it('makes a single slot optimistic until somebody gives', () => {
    expect(spell(choker(1).round(peers('a b'), leeching))).toMatch(/^\+[ab]$/);
    expect(spell(choker(1).round(peers('a1 b'), leeching))).toBe('a+');
  });
});

describe('the optimistic slot', () => {
  it('stays for 30 seconds, then goes to another', () => {
    const choke = choker(2);
    const swarm = peers('a9 b c d');
    const holders = Array.from(
      { length: 40 },
      (_, n) => choke.round(swarm, { now: n * 10_000, seeding: false }).optimistic,
    );
    for (let n = 0; n + 5 < holders.length; n += 3) {
      expect(new Set(holders.slice(n, n + 3)).size).toBe(1);
      expect(holders[n + 3]).not.toBe(holders[n]);
    }
    expect(new Set(holders)).toEqual(new Set(['b', 'c', 'd']));
  });

  it('is not taken away, nor its time lengthened, by rounds in between', () => {
    const choke = choker(2);
    const swarm = peers('a9 b c d');
    const first = choke.round(swarm, { now: 0, seeding: false }).optimistic;
    for (let now = 1_000; now < 60_000; now += 1_000) {
      expect(choke.round(swarm, { now, seeding: false, full: false }).optimistic).toBe(first);
    }
    expect(choke.round(swarm, { now: 60_000, seeding: false }).optimistic).not.toBe(first);
  });

  it('is filled at once when it falls free', () => {
    const choke = choker(2);
    const first = choke.round(peers('a9 b c'), { now: 0, seeding: false }).optimistic as string;
    const without = peers('a9 b c'.replace(first, `${first}-`));
    const second = choke.round(without, { now: 1_000, seeding: false, full: false }).optimistic;
    expect(['b', 'c']).toContain(second);
    expect(second).not.toBe(first);
    expect(choke.round(without, { now: 30_000, seeding: false }).optimistic).toBe(second);
  });

  it('turns into a regular one for a peer that gives enough', () => {
    const choke = choker(2);
    const first = choke.round(peers('a9 b c'), { now: 0, seeding: false }).optimistic as string;
    const better = choke.round(peers('a9 b c'.replace(first, `${first}50`)), { now: 10_000, seeding: false });
    expect(better.unchoke).toContain(first);
    expect(better.optimistic).not.toBe(first);
  });

  it('favours new peers three to one', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 4_000; seed++) {
      const { optimistic } = choker(2, seed).round(peers('a9 b c dn'), leeching);
      counts.set(String(optimistic), (counts.get(String(optimistic)) ?? 0) + 1);
    }
    expect((counts.get('d') as number) / 4_000).toBeCloseTo(3 / 5, 1);
    expect((counts.get('b') as number) / 4_000).toBeCloseTo(1 / 5, 1);
  });
});

describe('a round in between', () => {
  it('gives out free slots and takes none', () => {
    const choke = choker(3);
    const before = choke.round(peers('a9 b8 c- d-'), { now: 0, seeding: false });
    expect(spell(before)).toBe('ab+');
    const joined = choke.round(peers('a1 b1 c500 d400'), { now: 1_000, seeding: false, full: false });
    expect(spell(joined)).toMatch(/^ab\+[cd]$/);
    expect(spell(choke.round(peers('a1- b1 c500 d400'), { now: 2_000, seeding: false, full: false }))).toMatch(
      /^b[cd]\+[cd]$/,
    );
    expect(spell(choke.round(peers('a1- b1 c500 d400'), { now: 10_000, seeding: false }))).toBe('cd+b');
  });
});

describe('seeding', () => {
  it('keeps a slot for its tenure, twice as long for the fast, then lets the next one in', () => {
    const choke = choker(3);
    const first = choke.round(peers('a500 b10 c- d- e- f-'), { now: 0, seeding: true });
    expect(spell(first)).toBe('ab+');
    const at = (now: number) => spell(choke.round(peers('a500 b10 c1 d1 e1 f1'), { now, seeding: true }));
    expect(at(10_000)).toMatch(/^ab\+[cdef]$/);
    expect(at(50_000)).toMatch(/^ab\+/);
    expect(at(60_000)).toMatch(/^a[cdef]\+/);
    expect(at(110_000)).toMatch(/^a[cdef]\+/);
    expect(at(120_000)).toMatch(/^[bcdef]{2}\+/);
  });

  it('leaves a slot that nobody waits for where it is', () => {
    const choke = choker(3);
    for (let now = 0; now < 600_000; now += 10_000) {
      expect(choke.round(peers('a5 b9 c1'), { now, seeding: true }).unchoke.sort()).toEqual(['a', 'b', 'c']);
    }
  });

  it('lets the slow go first when one comes to wait', () => {
    const choke = choker(3);
    choke.round(peers('a5 b9 c- d-'), { now: 0, seeding: true });
    const { unchoke } = choke.round(peers('a5 b9 c- d-'), { now: 300_000, seeding: true });
    expect(unchoke.sort()).toEqual(['a', 'b']);
    choke.round(peers('a5 b9 c d'), { now: 301_000, seeding: true, full: false });
    const after = choke.round(peers('a5 b9 c d'), { now: 310_000, seeding: true });
    expect(spell(after)).toMatch(/^b[cd]\+[cd]$/);
  });

  it('does not mind snubbing: nothing is asked for any more', () => {
    expect(choker(3).round(peers('a5! b9! c'), { now: 0, seeding: true }).unchoke).toHaveLength(3);
  });
});

describe('seed strategies', () => {
  const seeding = { now: 1_000_000, seeding: true };
  const seeder = (seedStrategy: SeedStrategy, slots = 4) => new Choker({ slots, random: sequence(7919), seedStrategy });

  it('is in turns unless told otherwise, and may be changed between rounds', () => {
    const choke = choker(3);
    expect(choke.seedStrategy).toBe('round-robin');
    choke.round(peers('a1 b2 c- d-'), seeding);
    const later = { now: 1_060_000, seeding: true };
    choke.seedStrategy = 'fastest-upload';
    expect(spell(choke.round(peers('a1 b2 c9 d8'), later))).toMatch(/^cd\+[ab]$/);
    expect(() => {
      choke.seedStrategy = 'fastest' as SeedStrategy;
    }).toThrow(/not a seed strategy: fastest, known are round-robin/);
    expect(choke.seedStrategy).toBe('fastest-upload');
  });

  it('fastest-upload: those whom we upload to fastest, as long as they are; the rest meet in the optimistic slot', () => {
    const choke = seeder('fastest-upload');
    const swarm = peers('a5 b90 c20 d80 e70 f1');
    const optimists = new Set<unknown>();
    for (let now = 0; now < 1_200_000; now += 10_000) {
      const decision = choke.round(swarm, { now, seeding: true });
      expect(spell(decision)).toMatch(/^bde\+[acf]$/);
      optimists.add(decision.optimistic);
    }
    expect(optimists).toEqual(new Set(['a', 'c', 'f']));
  });

  it('fastest-upload: a newcomer earns a slot by what the optimistic one showed', () => {
    const choke = seeder('fastest-upload', 3);
    expect(choke.round(peers('a50 b20 c'), { now: 0, seeding: true }).optimistic).toBe('c');
    expect(spell(choke.round(peers('a50 b20 c90'), { now: 10_000, seeding: true })), 'shows it to the end').toBe(
      'ab+c',
    );
    expect(spell(choke.round(peers('a50 b20 c90'), { now: 30_000, seeding: true }))).toBe('ac+b');
  });

  it('anti-leech: those who begin or are almost done; nobody’s progress known is the middle', () => {
    const swarm = peers('a900@50 b1@2 c1@99 d900@30 e900 f1@100 g900@70');
    expect(spell(seeder('anti-leech').round(swarm, seeding))).toMatch(/^bcf\+[adeg]$/);
  });

  it('anti-leech: in turns among equals', () => {
    const choke = seeder('anti-leech', 3);
    const served = new Set<unknown>();
    for (let now = 0; now < 600_000; now += 10_000) {
      const { unchoke, optimistic } = choke.round(peers('a@1 b@2 c@99 d@97 e@50 f@40'), { now, seeding: true });
      for (const key of unchoke) if (key !== optimistic) served.add(key);
    }
    expect(served).toEqual(new Set(['a', 'b', 'c', 'd']));
  });

  it('say nothing while we download', () => {
    for (const strategy of ['fastest-upload', 'anti-leech'] as const) {
      const decision = seeder(strategy, 3).round(peers('a9@50 b8@50 c1@0 d0@100'), leeching);
      expect(spell(decision)).toMatch(/^ab\+[cd]$/);
    }
  });
});
