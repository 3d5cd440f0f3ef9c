import { Choker, RateMeter } from '@shoal/choker';

/** Five peers want to download from us, and give us something in return. We have three slots. */
export async function run(): Promise<string> {
  const gives = { ada: 90_000, ben: 20_000, cleo: 0, dan: 150_000, eve: 5_000 };
  const meters = new Map(Object.keys(gives).map((name) => [name, new RateMeter()]));
  const choker = new Choker({ slots: 3, random: () => 0.5 });

  let now = 0;
  for (; now <= 20_000; now += 1_000) {
    for (const [name, bytes] of Object.entries(gives)) meters.get(name)?.add(bytes, now);
  }
  const peers = Object.keys(gives).map((key) => ({
    key,
    interested: true,
    unchoked: false,
    snubbed: false,
    downRate: meters.get(key)?.rate(now) ?? 0,
    upRate: 0,
    connectedAt: 0,
  }));
  const { unchoke, optimistic } = choker.round(peers, { now, seeding: false });

  const regular = unchoke.filter((key) => key !== optimistic);
  return `${regular.join(' and ')} give most; ${optimistic} may show what it gives`;
}
