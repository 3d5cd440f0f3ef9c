// Magnet links from strangers: a million mutants. SHOAL_SEED repeats a run.
import { fuzz } from '@shoal/testkit';
import { assert, test } from 'vitest';
import { formatMagnet, type ParsedMagnet, parseMagnet } from '../src/index.ts';
import { attempt, RUNS, SEED, tell } from './long.ts';

const LINKS = [
  'magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a&dn=a+b%20c&tr=http%3A%2F%2Ft.example%2F&so=0,2-5',
  `magnet:?xt=urn:btmh:1220${'caf1e1c3'.repeat(8)}&xt=urn:btih:${'mzxw6ytb'.repeat(4)}&x.pe=1.2.3.4:5&x.pe=[::1]:6&ws=http://w.example/`,
].map((link) => Buffer.from(link));
const LINK_TOKENS = [
  '&so=',
  '1-9',
  ',',
  '%',
  '%41',
  '&tr=',
  'udp://a:1',
  '&x.pe=',
  '&amp;',
  '&dn=',
  '+',
  '1220',
  '-',
  '9999999',
]
  .concat(['&xt=urn:btih:', '&xs=http://x', '\u202e', '\ud800'])
  .map((text) => Buffer.from(text));

test(`a magnet link is read or refused with MetainfoError, and what was read is written and read again (seed ${SEED})`, async () => {
  const report = await fuzz(
    { seed: SEED, runs: RUNS, corpus: LINKS, tokens: LINK_TOKENS, maxLength: 600 },
    (bytes, random) => {
      const magnet = attempt((): ParsedMagnet => parseMagnet(Buffer.from(bytes).toString()));
      if (magnet === undefined) return false;
      // Comparing takes longer than reading.
      if (random.int(8) > 0) return true;
      const { warnings: _, ...rest } = magnet;
      assert.deepEqual(parseMagnet(formatMagnet(rest)), { ...rest, warnings: [] });
      return true;
    },
  );
  tell('magnet links', report);
});
