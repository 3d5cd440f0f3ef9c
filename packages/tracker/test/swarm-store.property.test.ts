// The store against a model: one flat list that does everything the slow way.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemorySwarmStore, type PeerRole, type SwarmAnnounce } from '../src/index.ts';

const LIFE = 1_000;
const hash = (torrent: number): Uint8Array => new Uint8Array(20).fill(torrent);
const idOf = (kind: number, tail: number): Uint8Array => {
  const id = new Uint8Array(20).fill(kind);
  new DataView(id.buffer).setUint32(16, tail);
  return id;
};

interface Step {
  readonly torrent: number;
  readonly host: string;
  readonly port: number;
  readonly kind: number;
  readonly role: PeerRole;
  readonly event: SwarmAnnounce['event'];
  readonly later: number;
  readonly numwant: number;
}

const steps = fc.array(
  fc.record<Step>({
    torrent: fc.nat(2),
    host: fc.oneof(
      fc.nat(30).map((byte) => `10.0.0.${byte}`),
      fc.nat(15).map((group) => `2001:db8::${(group + 1).toString(16)}`),
    ),
    port: fc.integer({ min: 1, max: 6 }),
    kind: fc.nat(3),
    role: fc.constantFrom<PeerRole>('leech', 'partial', 'seed'),
    event: fc.constantFrom('started', 'completed', 'stopped', null, null, null),
    later: fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(900) }),
    numwant: fc.nat(60),
  }),
  { minLength: 1, maxLength: 400 },
);

test('any sequence of announces: counts, peers and invariants are the model’s', () => {
  fc.assert(
    fc.property(steps, fc.integer(), (sequence, seed) => {
      let state = seed >>> 0;
      const random = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const store = new MemorySwarmStore({ random });
      const model = new Map<
        string,
        { role: PeerRole; expiresAt: number; torrent: number; host: string; port: number }
      >();
      const completed = [0, 0, 0];
      let now = 4_294_967_000; // near a wrap of the ticks
      for (const { torrent, host, port, kind, role, event, later, numwant } of sequence) {
        now += later;
        for (const [key, entry] of model) if (entry.expiresAt <= now) model.delete(key);
        const key = `${torrent} ${host} ${port}`;
        const known = model.get(key);
        const peerId = idOf(kind, port);
        const family = host.includes(':') ? 6 : 4;
        const expiresAt = now + LIFE;
        const announce = { infoHash: hash(torrent), peer: { host, port, peerId, role }, peerId, role, event };
        const answer = store.announce({ ...announce, numwant, family, now, expiresAt });
        if (event === 'stopped') model.delete(key);
        else {
          if (event === 'completed' && known && known.role !== 'seed') (completed[torrent] as number)++;
          model.set(key, { role, expiresAt, torrent, host, port });
        }
        const swarm = [...model.values()].filter((entry) => entry.torrent === torrent);
        const count = (of: PeerRole): number => swarm.filter((entry) => entry.role === of).length;
        expect([answer.seeders, answer.leechers, answer.downloaders, answer.completed]).toEqual([
          count('seed'),
          swarm.length - count('seed'),
          count('leech'),
          completed[torrent],
        ]);
        const listed = answer.peers.map((peer) => `${torrent} ${peer.host} ${peer.port}`);
        expect(new Set(listed).size).toBe(listed.length);
        expect(listed).not.toContain(key);
        expect(listed.length).toBeLessThanOrEqual(numwant);
        for (const [index, name] of listed.entries()) {
          expect(model.get(name)?.role).toBe(answer.peers[index]?.role);
          if (role !== 'leech') expect(model.get(name)?.role).toBe('leech');
        }
        store.checkInvariants();
      }
      const count = (role: PeerRole): number => [...model.values()].filter((entry) => entry.role === role).length;
      const torrents = new Set([...model.values()].map(({ torrent }) => torrent)).size;
      const seeders = count('seed');
      expect(store.totals(now)).toEqual({ torrents, seeders, leechers: model.size - seeders });
    }),
    { numRuns: 60 },
  );
});

test('books with an index: many peers come, change, go and expire', () => {
  fc.assert(
    fc.property(fc.integer(), fc.boolean(), (seed, isSix) => {
      let state = seed >>> 0;
      const random = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const store = new MemorySwarmStore({ random });
      const roles: PeerRole[] = ['leech', 'partial', 'seed'];
      const present = new Set<string>();
      const announce = (number: number, event: SwarmAnnounce['event'], now: number): void => {
        const role = roles[Math.floor(random() * 3)] as PeerRole;
        const host = isSix ? `2001:db8::${(number + 1).toString(16)}` : `10.0.${number >> 8}.${number & 255}`;
        const peerId = idOf(number & 7, number);
        const peer = { host, port: 1 + (number & 3), peerId, role };
        const common = { infoHash: hash(1), peerId, role, numwant: 5, family: isSix ? (6 as const) : (4 as const) };
        store.announce({ ...common, peer, event, now, expiresAt: now + LIFE });
        if (event === 'stopped') present.delete(host);
        else present.add(host);
      };
      for (let round = 0; round < 1_000; round++)
        announce(Math.floor(random() * 600), round % 7 === 0 ? 'stopped' : null, 0);
      store.checkInvariants();
      expect(store.totals(0).seeders + store.totals(0).leechers).toBe(present.size);
      for (let number = 0; number < 600; number++) announce(number, number % 4 === 0 ? null : 'stopped', 10);
      store.checkInvariants();
      expect(store.totals(10).seeders + store.totals(10).leechers).toBe(present.size);
      expect(store.totals(10 + LIFE)).toEqual({ torrents: 0, seeders: 0, leechers: 0 });
      store.checkInvariants();
    }),
    { numRuns: 4 },
  );
});

test('a snapshot is the store again: peers, roles, counts, what is left of their time', () => {
  fc.assert(
    fc.property(steps, fc.nat(1_200), (sequence, ago) => {
      const store = new MemorySwarmStore({ random: () => 0.5 });
      let now = 0;
      for (const { torrent, host, port, kind, role, event, later } of sequence) {
        now += later;
        const peerId = idOf(kind, port);
        const family = host.includes(':') ? (6 as const) : (4 as const);
        const announce = { infoHash: hash(torrent), peer: { host, port, peerId, role }, peerId, role, event };
        store.announce({ ...announce, numwant: 0, family, now, expiresAt: now + LIFE });
      }
      const bytes = Buffer.concat([...store.snapshot(now)]);
      const other = new MemorySwarmStore({ random: () => 0.5 });
      other.restore(bytes, 77, ago);
      other.checkInvariants();
      const asks = (of: MemorySwarmStore, torrent: number, at: number) => {
        const { peers, ...counts } = of.announce({
          infoHash: hash(torrent),
          peer: null,
          peerId: idOf(99, 99),
          role: 'leech',
          event: null,
          numwant: 500,
          family: 4,
          now: at,
          expiresAt: at,
        });
        const lines = peers.map(
          (peer) => `${peer.host} ${peer.port} ${peer.role} ${Buffer.from(peer.peerId).toString('hex')}`,
        );
        return { ...counts, peers: lines.sort() };
      };
      for (const torrent of [0, 1, 2]) {
        const [before, after] = [asks(store, torrent, now + ago), asks(other, torrent, 77)];
        // Nobody is in it any more: one of the stores may have forgotten how often it was completed.
        if (before.seeders + before.leechers > 0) expect(after).toEqual(before);
        else expect(after.peers).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});
