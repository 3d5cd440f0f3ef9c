import { Layout } from '@shoal/primitives';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PRIORITY, MAX_PRIORITY, Picker } from '../src/index.ts';
import { bits, picker, sequence } from './language.ts';

describe('rarest first', () => {
  it('asks for the rarest piece the peer has', () => {
    const { join, pick } = picker('3332333');
    expect(pick(join('*******'))).toBe('3');
  });

  it('passes over rarer pieces the peer lacks', () => {
    const { join, pick } = picker('1223333');
    expect(pick(join('    * *'), 2).split(' ').sort()).toEqual(['4', '6']);
  });

  it('goes through the pieces from rare to common', () => {
    const { join, pick } = picker('5142306');
    expect(pick(join('*******'), 7)).toBe('5 1 3 4 2 0 6');
  });

  it('follows HAVEs and departures', () => {
    const { picker: picks, join, pick } = picker('112');
    const seed = join('***');
    const other = picks.addPeer();
    picks.addHave(other, 0);
    picks.addHave(other, 0);
    expect(picks.availability(0)).toBe(3);
    expect(pick(seed)).toBe('1');
    picks.removePeer(other);
    expect(picks.availability(0)).toBe(2);
    expect(pick(seed)).toBe('0');
    picks.checkInvariants();
  });

  it('chooses at random among equals', () => {
    const seen = new Set(
      Array.from({ length: 60 }, (_, seed) => {
        const { join, pick } = picker('1111', '    ', { random: sequence(seed * 7919) });
        return pick(join('****'));
      }),
    );
    expect([...seen].sort()).toEqual(['0', '1', '2', '3']);
  });

  it('counts a seed for every piece, and forgets it again', () => {
    const { picker: picks, join } = picker('0123');
    const seed = join('****');
    expect([0, 1, 2, 3].map((piece) => picks.availability(piece))).toEqual([1, 2, 3, 4]);
    picks.removePeer(seed);
    picks.removePeer(seed);
    expect([0, 1, 2, 3].map((piece) => picks.availability(piece))).toEqual([0, 1, 2, 3]);
  });
});

describe('the first pieces', () => {
  it('are random, then the rarest', () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { join, pick } = picker('1999999', '       ', {
        random: sequence(seed * 7919),
        limits: { randomFirst: 1 },
      });
      const [first, second] = pick(join('*******'), 2).split(' ');
      firsts.add(first as string);
      if (first !== '0') expect(second).toBe('0');
    }
    expect(firsts.size).toBe(7);
  });

  it('are random no more for who has some already', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { join, pick } = picker('199999999', '    **** ', {
        random: sequence(seed * 7919),
        limits: { randomFirst: 4 },
      });
      expect(pick(join('*********'))).toBe('0');
    }
  });
});

describe('partial pieces', () => {
  it('are finished before another is begun, whoever began them', () => {
    const { picker: picks, join, pick } = picker('12', '  ', { blocks: 4 });
    const [one, two] = [join('**'), join('**')];
    expect(pick(one, 2)).toBe('0 0.1');
    expect(pick(two, 3)).toBe('0.2 0.3 1');
    picks.receive(two, 0, 2);
    picks.removePeer(one);
    expect(pick(two, 9)).toBe('1.1 1.2 1.3 0 0.1');
    picks.checkInvariants();
  });

  it('are gone on with by the peer that is at work on them', () => {
    const { join, pick } = picker('11', '  ', { blocks: 8 });
    const [one, two] = [join('* '), join(' *')];
    const both = join('**');
    pick(one, 2);
    pick(two, 4);
    expect(pick(both, 1)).toBe('1.4');
    expect(pick(one, 1)).toBe('0.2');
    expect(pick(both, 1)).toBe('1.5');
  });

  it('are left to others by a peer fast enough for whole pieces', () => {
    const { join, pick } = picker('11', '  ', { blocks: 4 });
    const [slow, fast] = [join('**'), join('**')];
    const begun = pick(slow, 1);
    const other = begun === '0' ? '1' : '0';
    expect(pick(fast, 4)).toBe(`${other} ${other}.1 ${other}.2 ${other}.3`);
    expect(pick(fast, 1)).toBe(`${begun}.1`);
  });

  it('are shared by fast peers too when there are many', () => {
    for (const unfinished of [2, 3]) {
      const { picker: picks, join, pick } = picker('111111', '      ', { blocks: 4 });
      for (let piece = 0; piece < unfinished; piece++) picks.restore(piece, [0]);
      const [slow, fast] = [join('    * '), join('    **')];
      expect(pick(slow, 1)).toBe('4');
      expect(pick(fast, 4)).toBe(unfinished === 2 ? '5 5.1 5.2 5.3' : '4.1 4.2 4.3 5');
    }
  });

  it('come back after a restore, and are picked first', () => {
    const { picker: picks, join, pick } = picker('921', '   ', { blocks: 3 });
    picks.restore(0, [0, 2, 2]);
    picks.restore(1, []);
    expect([...picks.partial()]).toEqual([{ piece: 0, received: [0, 2] }]);
    expect(pick(join('***'), 2)).toBe('0.1 2');
    expect(() => picks.restore(1, [3])).toThrow(RangeError);
    picks.checkInvariants();
  });
});

describe('requests', () => {
  it('are for consecutive blocks of one piece, each once', () => {
    const { join, pick } = picker('12', '  ', { blocks: 3 });
    const peer = join('**');
    expect(pick(peer, 2)).toBe('0 0.1');
    expect(pick(peer, 2)).toBe('0.2 1');
    expect(pick(peer, 9)).toBe('1.1 1.2');
    expect(pick(peer, 9)).toBe('');
    expect(peer.outstanding).toBe(6);
  });

  it('that are released come back lowest block first', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { blocks: 4 });
    const peer = join('*');
    pick(peer, 4);
    picks.release(peer, 0, 2);
    picks.release(peer, 0, 1);
    picks.release(peer, 0, 1);
    expect(peer.outstanding).toBe(2);
    expect(pick(peer, 9)).toBe('0.1 0.2');
  });

  it('of a peer that leaves are free again, and a piece without any is fresh again', () => {
    const { picker: picks, join, pick } = picker('21', '  ', { blocks: 2 });
    const [one, two] = [join('**'), join('**')];
    pick(one, 3);
    picks.removePeer(one);
    expect([...picks.partial()]).toEqual([]);
    expect(pick(two, 9)).toBe('1 1.1 0 0.1');
  });

  it('follow the layout where the last piece is short', () => {
    const geometry = new Layout({ pieceLength: 65_536, files: [{ length: 65_536 + 20_000 }] });
    const picks = new Picker({ geometry, random: sequence() });
    const peer = picks.addPeer();
    picks.setHave(peer, bits('**'));
    expect(picks.pick(peer, 99)).toHaveLength(6);
  });
});

describe('a received block', () => {
  it('is fresh once and completes its piece', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { blocks: 2 });
    const peer = join('*');
    pick(peer, 2);
    expect(picks.receive(peer, 0, 1)).toEqual({ fresh: true, pieceComplete: false, cancel: [] });
    expect(picks.receive(peer, 0, 1)).toEqual({ fresh: false, pieceComplete: false, cancel: [] });
    expect(picks.receive(peer, 0, 0)).toEqual({ fresh: true, pieceComplete: true, cancel: [] });
    expect(peer.outstanding).toBe(0);
    expect(pick(peer, 1)).toBe('');
    picks.pieceVerified(0);
    expect(picks.receive(peer, 0, 0).fresh).toBe(false);
    expect(picks.isComplete).toBe(true);
  });

  it('is welcome though nobody was asked for it any more', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { blocks: 2 });
    const peer = join('*');
    pick(peer, 1);
    picks.release(peer, 0, 0);
    expect(picks.receive(peer, 0, 0).fresh).toBe(true);
    expect(pick(peer, 9)).toBe('0.1');
    picks.checkInvariants();
  });
});

describe('a verdict', () => {
  it('of failure makes all blocks missing again', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { blocks: 2 });
    const peer = join('*');
    pick(peer, 2);
    picks.receive(peer, 0, 0);
    picks.receive(peer, 0, 1);
    picks.pieceFailed(0);
    expect(picks.missing).toBe(1);
    expect(pick(peer, 9)).toBe('0 0.1');
  });

  it('can take a verified piece back', () => {
    const { picker: picks, join, pick } = picker('11', '**');
    const peer = join('* ');
    expect(picks.isInteresting(peer)).toBe(false);
    picks.pieceFailed(0);
    expect([picks.isInteresting(peer), picks.missing, picks.have.has(0)]).toEqual([true, 1, false]);
    expect(pick(peer)).toBe('0');
  });

  it('of success ends interest, in peers with nothing else', () => {
    const { picker: picks, join, finish } = picker('11');
    const [one, both] = [join('* '), join('**')];
    finish(one, 0);
    expect([picks.isInteresting(one), picks.isInteresting(both)]).toEqual([false, true]);
    picks.pieceVerified(0);
    finish(both, 1);
    expect([picks.isInteresting(both), picks.isComplete, picks.missing]).toEqual([false, true, 0]);
  });
});

describe('priorities', () => {
  it('go before everything else', () => {
    const { picker: picks, join, pick } = picker('1119', '    ', { blocks: 2 });
    const peer = join('****');
    pick(peer, 1);
    picks.setPriority(3, MAX_PRIORITY);
    expect(pick(peer, 3)).toMatch(/^3 3\.1 \d\.1$/);
    expect(picks.priority(0)).toBe(DEFAULT_PRIORITY);
  });

  it('hold for a peer that lives on a shortlist, too', () => {
    for (const lowered of [0, 1, 2]) {
      const { picker: picks, join, pick } = picker('1111', '    ', { limits: { probes: 0, shortlist: 2 } });
      const peer = join('*** ');
      const first = Number(pick(peer));
      if (first === lowered) continue;
      picks.setPriority(lowered, 1);
      expect(pick(peer, 2)).toBe(`${3 - first - lowered} ${lowered}`);
      picks.checkInvariants();
    }
  });

  it('hold where a shortlist that was cut is used up and a lesser piece becomes free', () => {
    const {
      picker: picks,
      join,
      pick,
    } = picker('1111', '    ', {
      limits: { probes: 0, shortlist: 2 },
      priorities: '4777',
    });
    const [one, two] = [join('*   '), join('****')];
    expect(pick(one)).toBe('0');
    const [first, second] = pick(two, 2).split(' ').map(Number) as [number, number];
    picks.removePeer(one);
    expect(pick(two, 9)).toBe(`${6 - first - second} 0`);
  });

  it('of 0 mean not wanted, and can be taken back', () => {
    const { picker: picks, join, pick } = picker('111');
    const peer = join('** ');
    picks.setPriority(0, 0);
    picks.setPriority(1, 0);
    expect([picks.missing, picks.isInteresting(peer), pick(peer)]).toEqual([1, false, '']);
    picks.setPriority(0, 1);
    expect([picks.missing, picks.isInteresting(peer), pick(peer)]).toEqual([2, true, '0']);
    picks.checkInvariants();
  });

  it('that fall to 0 under way keep what was received', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { blocks: 3 });
    const peer = join('*');
    pick(peer, 2);
    picks.receive(peer, 0, 0);
    picks.setPriority(0, 0);
    expect([pick(peer, 9), picks.isComplete]).toEqual(['', true]);
    expect(picks.receive(peer, 0, 1).fresh).toBe(true);
    picks.setPriority(0, 4);
    expect(pick(peer, 9)).toBe('0.2');
  });

  it('are whole numbers from 0 to 7', () => {
    const { picker: picks } = picker('1');
    for (const wrong of [-1, 8, 1.5, Number.NaN]) expect(() => picks.setPriority(0, wrong)).toThrow(RangeError);
  });
});

describe('the end game', () => {
  it('asks a second peer, and no third, for what is on its way', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { blocks: 3 });
    const [one, two, three] = [join('*'), join('*'), join('*')];
    expect([pick(one, 2), picks.endGame]).toEqual(['0 0.1', false]);
    expect([pick(two, 1), picks.endGame]).toEqual(['0.2', true]);
    expect(pick(one, 9)).toBe('0.2');
    expect(pick(three, 9)).toBe('0 0.1');
    expect([pick(one, 9), pick(two, 9), pick(three, 9)]).toEqual(['', '', '']);
    expect(picks.receive(three, 0, 0).cancel).toEqual([one]);
    expect([one.outstanding, three.outstanding]).toEqual([2, 1]);
    picks.checkInvariants();
  });

  it('leaves the second request standing when the first is released', () => {
    const { picker: picks, join, pick } = picker('1');
    const [one, two] = [join('*'), join('*')];
    pick(one);
    expect(pick(two)).toBe('0');
    picks.release(one, 0, 0);
    expect([pick(one), pick(two)]).toEqual(['0', '']);
  });

  it('begins with the high priorities, then with the piece that lacks least', () => {
    const { picker: picks, join, pick } = picker('1111', '    ', { blocks: 3 });
    const one = join('****');
    pick(one, 12);
    picks.receive(one, 1, 0);
    picks.receive(one, 3, 1);
    picks.receive(one, 3, 2);
    picks.setPriority(2, MAX_PRIORITY);
    picks.setPriority(0, 0);
    expect(pick(join('****'), 99)).toBe('2 2.1 2.2 3 1.1 1.2');
  });

  it('does not wait for pieces that nobody has', () => {
    const { picker: picks, join, pick } = picker('10');
    const [one, two] = [join('* '), join('* ')];
    pick(one);
    expect([picks.endGame, pick(two)]).toEqual([true, '0']);
  });

  it('is over when nothing is on its way', () => {
    expect(picker('1').picker.endGame).toBe(false);
    expect(picker('1', '*').picker.endGame).toBe(false);
  });
});

describe('misuse', () => {
  it('is refused', () => {
    const { picker: picks, join } = picker('11');
    const peer = join('* ');
    expect(() => picks.setHave(peer, bits('*'))).toThrow('the have-map is of 1 pieces, the torrent has 2');
    expect(() => picks.addHave(peer, 2)).toThrow('piece 2 is outside [0, 2)');
    expect(() => picks.receive(peer, 0, 1)).toThrow('block 1 of piece 0 is outside [0, 1)');
    expect(() => picks.pick(peer, -1)).toThrow(RangeError);
    picks.removePeer(peer);
    expect(() => picks.pick(peer, 1)).toThrow(TypeError);
    expect(() => picker('11').picker.pick(join('**'), 1)).toThrow(TypeError);
    expect(() => picks.pick({ outstanding: 0 }, 1)).toThrow(TypeError);
    expect(
      () => new Picker({ geometry: { pieceCount: 3, blockCount: () => 1 }, have: bits('*'), random: sequence() }),
    ).toThrow(RangeError);
  });
});
