import { describe, expect, it } from 'vitest';
import { bits, picker, sequence, setDeadlines } from './language.ts';

describe('sequential order', () => {
  it('begins pieces in ascending order, within a priority', () => {
    const { join, pick } = picker('5142306', ' *     ', { order: 'sequential', priorities: '4447740' });
    expect(pick(join('*******'), 9)).toBe('3 4 0 2 5');
  });

  it('gives each peer the next that it has', () => {
    const { picker: picks, join, pick } = picker('1111111', '       ', { order: 'sequential' });
    const [one, two] = [join('*** ***'), join(' * * * ')];
    expect([pick(one, 2), pick(two, 2), pick(one, 2)]).toEqual(['0 1', '3 5', '2 4']);
    picks.addHave(two, 6);
    expect(pick(two, 1)).toBe('6');
  });

  it('goes back for what became free behind', () => {
    const { picker: picks, join, pick } = picker('11111', '     ', { order: 'sequential' });
    const [one, two] = [join('**** '), join('**** ')];
    expect([pick(one, 2), pick(two, 1)]).toEqual(['0 1', '2']);
    picks.release(one, 0, 0);
    expect([pick(two), pick(two)]).toEqual(['0', '3']);
    picks.setPriority(4, 5);
    picks.addHave(two, 4);
    expect(pick(two)).toBe('4');
    picks.checkInvariants();
  });

  it('is not shuffled at the beginning, and no suggestion changes it', () => {
    const { picker: picks, join, pick } = picker('1111', '    ', { order: 'sequential', limits: { randomFirst: 4 } });
    const peer = join('****');
    picks.suggest(peer, 2);
    expect(pick(peer, 4)).toBe('0 1 2 3');
  });

  it('goes on with the earliest partial piece', () => {
    const { picker: picks, join, pick } = picker('111', '   ', { order: 'sequential', blocks: 3 });
    picks.restore(1, [1]);
    picks.restore(2, [0, 1]);
    expect(pick(join('***'), 9)).toBe('1 1.2 2.2 0 0.1 0.2');
  });

  it('can be changed at any time', () => {
    const { picker: picks, join, pick } = picker('6543210', '       ');
    const peer = join('*******');
    expect(pick(peer, 2)).toBe('6 5');
    picks.order = 'sequential';
    expect([picks.order, pick(peer, 2)]).toEqual(['sequential', '0 1']);
    picks.order = 'rarest';
    expect(pick(peer, 2)).toBe('4 3');
    expect(() => {
      picks.order = 'random' as 'rarest';
    }).toThrow(RangeError);
    picks.checkInvariants();
  });
});

describe('deadlines', () => {
  it('go before everything else, the earliest first', () => {
    const {
      picker: picks,
      join,
      pick,
    } = picker('11111', '     ', { deadlines: ' 52 1', priorities: '47441', blocks: 2 });
    picks.restore(3, [0]);
    expect(pick(join('*****'), 9)).toBe('4 4.1 2 2.1 1 1.1 3.1 0 0.1');
  });

  it('of pieces the peer lacks, or that are not wanted, are for others', () => {
    const { picker: picks, join, pick } = picker('1111', '    ', { deadlines: '123 ', priorities: '4044' });
    expect(pick(join(' ***'), 9)).toBe('2 3');
    picks.setPriority(1, 1);
    expect(pick(join('****'), 2)).toBe('0 1');
  });

  it('can be moved and taken back, and end with the verdict', () => {
    const { picker: picks, join, pick, finish } = picker('1234', '    ', { deadlines: '  12' });
    setDeadlines(picks, '  2 ');
    expect([picks.deadline(2), picks.deadline(3)]).toEqual([2_000, undefined]);
    picks.setDeadline(3, 1_000);
    const peer = join('****');
    expect(pick(peer)).toBe('3');
    finish(peer, 3);
    expect(picks.deadline(3)).toBeUndefined();
    picks.setDeadline(3, 9_000);
    expect(picks.deadline(3)).toBeUndefined();
    picks.clearDeadlines();
    expect([picks.deadline(2), pick(peer, 9)]).toEqual([undefined, '0 1 2']);
    expect(() => picks.setDeadline(0, Number.NaN)).toThrow(RangeError);
    expect(() => picks.setDeadline(4, 1)).toThrow(RangeError);
    picks.checkInvariants();
  });

  it('that are near have a second peer asked, and no third', () => {
    const {
      picker: picks,
      join,
      pick,
    } = picker('1119', '    ', { deadlines: '59  ', blocks: 2, limits: { late: 1_000 } });
    const [slow, fast, third] = [join('**  '), join('****'), join('****')];
    expect(pick(slow, 9)).toBe('0 0.1 1 1.1');
    expect(pick(fast, 1, { now: 3_999 })).toBe('2');
    expect(pick(fast, 4, { now: 4_000 })).toBe('0 0.1 2.1 3');
    expect(picks.receive(fast, 0, 1).cancel).toEqual([slow]);
    expect(pick(third, 3, { now: 9_000 })).toBe('1 1.1 3.1');
    picks.checkInvariants();
  });

  it('are not late without a clock, and ask nothing twice while blocks are missing', () => {
    const { join, pick } = picker('11', '  ', { deadlines: '1 ', blocks: 3 });
    const [slow, fast] = [join('* '), join('**')];
    expect(pick(slow, 2)).toBe('0 0.1');
    expect(pick(fast, 1, { now: 9_000 })).toBe('0.2');
    expect(pick(fast, 1)).toBe('1');
    expect(pick(fast, 2, { now: 9_000 })).toBe('0 0.1');
  });
});

describe('on parole', () => {
  it('a piece is asked of one peer, even in the end game', () => {
    const { picker: picks, join, pick } = picker('1', ' ', { parole: '*', blocks: 4 });
    const [one, two] = [join('*'), join('*')];
    expect([pick(one, 2), pick(two, 9)]).toEqual(['0 0.1', '']);
    expect([pick(one, 9), picks.endGame, pick(two, 9)]).toEqual(['0.2 0.3', true, '']);
    picks.checkInvariants();
  });

  it('a piece does not keep the end game from others', () => {
    const { join, pick } = picker('11', '  ', { parole: '* ', blocks: 4 });
    const [one, two, three] = [join('* '), join(' *'), join('**')];
    expect([pick(one, 2), pick(two, 9), pick(three, 9)]).toEqual(['0 0.1', '1 1.1 1.2 1.3', '1 1.1 1.2 1.3']);
  });

  it('a piece stays with its worker between two requests', () => {
    const { picker: picks, join, pick } = picker('11', '  ', { parole: '* ', blocks: 2, priorities: '74' });
    const [one, two] = [join('**'), join('* ')];
    pick(one, 1);
    picks.setPriority(1, 7);
    picks.setDeadline(1, 0);
    expect(pick(one, 1)).toBe('1');
    picks.receive(one, 0, 0);
    expect([pick(two, 9), pick(one, 2)]).toEqual(['', '1.1 0.1']);
  });

  it('another goes on when the worker leaves, is choked, loses the piece or has nothing to do', () => {
    for (const why of ['leaves', 'is choked', 'is choked with nothing asked', 'loses the piece', 'idles']) {
      const { picker: picks, join, pick } = picker('11', '  ', { parole: '* ', blocks: 3, priorities: '74' });
      const [one, two] = [join('**'), join('* ')];
      picks.allowFast(one, 1);
      expect(pick(one, 4)).toBe('0 0.1 0.2 1');
      picks.receive(one, 0, 0);
      expect(pick(two, 9)).toBe('');
      if (why === 'leaves') picks.removePeer(one);
      else for (const block of [1, 2]) picks.release(one, 0, block);
      if (why !== 'leaves' && why !== 'is choked') {
        // Between two of its requests, and at work elsewhere.
        expect(pick(one, 1)).toBe('0.1');
        picks.receive(one, 0, 1);
        expect(pick(two, 9)).toBe('');
      }
      if (why === 'is choked with nothing asked') expect(pick(one, 1, { choked: true })).toBe('1.1');
      if (why === 'loses the piece') picks.removeHave(one, 0);
      if (why === 'idles') picks.release(one, 1, 0);
      expect(pick(two, 9)).toBe(why === 'leaves' || why === 'is choked' ? '0.1 0.2' : '0.2');
      picks.checkInvariants();
    }
  });

  it('a piece is put by failure, unless said otherwise, and taken off by success', () => {
    const { picker: picks, join, finish } = picker('111', ' * ');
    const peer = join('***');
    for (const piece of [0, 1]) picks.pieceFailed(piece);
    picks.pieceFailed(2, { parole: false });
    expect([0, 1, 2].map((piece) => picks.onParole(piece))).toEqual([true, false, false]);
    picks.pieceFailed(0, { parole: false });
    expect(picks.onParole(0)).toBe(true);
    finish(peer, 0);
    expect(picks.onParole(0)).toBe(false);
  });
});

describe('a peer that chokes us', () => {
  it('is asked for the pieces it allows and has, by the same preferences', () => {
    const { picker: picks, join, pick } = picker('311111', '    * ', { priorities: '444074', blocks: 2 });
    const peer = join('** ***');
    expect([picks.hasAllowedFast(peer), pick(peer, 9, { choked: true })]).toEqual([false, '']);
    for (const piece of [2, 3, 4]) picks.allowFast(peer, piece);
    expect([picks.hasAllowedFast(peer), pick(peer, 9, { choked: true })]).toEqual([false, '']);
    for (const piece of [0, 1]) picks.allowFast(peer, piece);
    expect([picks.hasAllowedFast(peer), pick(peer, 1, { choked: true })]).toEqual([true, '1']);
    picks.restore(0, [1]);
    expect(pick(peer, 9, { choked: true })).toBe('1.1 0');
    expect(pick(peer, 9)).toBe('5 5.1');
    picks.checkInvariants();
  });

  it('shares what others began, and takes part in the end game and against deadlines', () => {
    const { picker: picks, join, pick } = picker('11', '  ', { blocks: 2, deadlines: '1 ' });
    const [one, choking] = [join('* '), join('**')];
    pick(one, 1);
    for (const piece of [0, 1]) picks.allowFast(choking, piece);
    expect(pick(choking, 9, { choked: true, now: 0 })).toBe('0.1 0 1 1.1');
    expect(pick(join('**'), 9, { choked: true, now: 0 })).toBe('');
  });

  it('is asked for the earliest allowed piece in sequential order', () => {
    const { picker: picks, join, pick } = picker('921', '   ', { order: 'sequential' });
    const peer = join('***');
    for (const piece of [2, 1]) picks.allowFast(peer, piece);
    expect(pick(peer, 9, { choked: true })).toBe('1 2');
  });

  it('cannot make us remember more than 64 pieces', () => {
    const { picker: picks, join, pick } = picker('1'.repeat(80), ' '.repeat(80), { order: 'sequential' });
    const peer = join('*'.repeat(80));
    for (let piece = 0; piece < 80; piece++) picks.allowFast(peer, piece);
    expect(pick(peer, 99, { choked: true }).split(' ')).toHaveLength(64);
    expect(() => picks.allowFast(peer, 80)).toThrow(RangeError);
    picks.checkInvariants();
  });
});

describe('a suggested piece', () => {
  it('goes before rarer ones, but not before a higher priority', () => {
    const { picker: picks, join, pick } = picker('12394', '     ', { priorities: '44475' });
    const peer = join('*** *');
    for (const piece of [2, 3]) picks.suggest(peer, piece);
    expect(pick(peer, 9)).toBe('4 2 0 1');
    expect(pick(join('*****'))).toBe('3');
  });

  it('is one of the latest 16', () => {
    const { picker: picks, join, pick } = picker('1'.repeat(40), ' '.repeat(40), { random: () => 0 });
    const peer = join('*'.repeat(40));
    for (let piece = 39; piece > 10; piece--) picks.suggest(peer, piece);
    const first = pick(peer, 16).split(' ').map(Number);
    expect(first).toEqual(Array.from({ length: 16 }, (_, index) => 26 - index));
    expect(() => picks.suggest(peer, 40)).toThrow(RangeError);
    picks.checkInvariants();
  });
});

describe('a piece that a peer has no more', () => {
  it('counts less, is not asked of it, and may end our interest', () => {
    const { picker: picks, join, pick } = picker('1112', '    ', { blocks: 2 });
    const peer = join('*  *');
    expect(pick(peer, 1)).toBe('0');
    picks.removeHave(peer, 0);
    picks.removeHave(peer, 0);
    expect([picks.availability(0), peer.outstanding, pick(peer, 9)]).toEqual([1, 1, '3 3.1']);
    picks.removeHave(peer, 3);
    expect(picks.isInteresting(peer)).toBe(false);
    picks.release(peer, 0, 0);
    picks.addHave(peer, 0);
    expect([picks.isInteresting(peer), pick(peer, 1)]).toEqual([true, '0']);
    picks.checkInvariants();
  });

  it('may be a seed’s, which is none then', () => {
    for (const order of ['rarest', 'sequential'] as const) {
      const { picker: picks, join, pick } = picker('112', '   ', { order });
      const seed = join('***');
      picks.removeHave(seed, 0);
      expect([0, 1, 2].map((piece) => picks.availability(piece))).toEqual([1, 2, 3]);
      expect(pick(seed, 9)).toBe('1 2');
      picks.setHave(seed, bits('***'));
      expect([pick(seed, 9), picks.availability(0)]).toEqual(['0', 2]);
      picks.checkInvariants();
    }
  });

  it('is not on its shortlist', () => {
    const { picker: picks, join, pick } = picker('1234', '    ', { limits: { probes: 0 } });
    const peer = join('****'.replace('*', ' '));
    expect(pick(peer)).toBe('1');
    picks.removeHave(peer, 2);
    expect(pick(peer, 9)).toBe('3');
  });
});

describe('priorities of all pieces at once', () => {
  it('are as if set one by one', () => {
    const { picker: picks, join, pick } = picker('2112221', '*      ', { blocks: 2 });
    const peer = join('*******');
    picks.restore(1, [0]);
    picks.restore(3, [0]);
    pick(peer, 2);
    picks.setPriorities(Uint8Array.from([1, 0, 4, 7, 4, 5, 1]));
    expect([picks.missing, picks.priority(0), picks.priority(5)]).toEqual([5, 1, 5]);
    expect(pick(peer, 99)).toBe('5 5.1 2 2.1 4 4.1 6 6.1');
    picks.checkInvariants();
    picks.setPriorities(new Uint8Array(7));
    expect([picks.isComplete, picks.isInteresting(peer)]).toEqual([true, false]);
    picks.checkInvariants();
  });

  it('keep rarest first, after HAVEs too', () => {
    const { picker: picks, join, pick } = picker('5142306', '       ', { priorities: '4444444' });
    const peer = join('*******');
    const other = picks.addPeer();
    for (const piece of [5, 1]) picks.addHave(other, piece);
    picks.checkInvariants();
    expect(pick(peer, 7)).toMatch(/^(5 3|3 5|5 1|1 5|1 3|3 1) . 4 2 0 6$/);
  });

  it('are one number from 0 to 7 for each', () => {
    const { picker: picks } = picker('11', '  ', { random: sequence(2) });
    expect(() => picks.setPriorities(new Uint8Array(3))).toThrow(RangeError);
    expect(() => picks.setPriorities(Uint8Array.from([0, 8]))).toThrow(RangeError);
    expect([picks.priority(0), picks.missing]).toEqual([4, 2]);
  });
});
