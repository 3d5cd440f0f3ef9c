// Peer exchange (BEP 11) in lines of three clients, one of each kind, in every order: the ends find each other through the middle, but
// not in a private torrent (BEP 27). Transmission shuns 127.x: they are in a network of their own.
import { describe, test } from 'vitest';
import { Lan, whyNoLan } from '../src/lan.ts';
import { expectApart, type Kind, startLine } from '../src/pex-line.ts';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';

const LINES: readonly (readonly [Kind, Kind, Kind])[] = [
  ['shoal', 'libtorrent', 'transmission'],
  ['shoal', 'transmission', 'libtorrent'],
  ['libtorrent', 'shoal', 'transmission'],
  ['libtorrent', 'transmission', 'shoal'],
  ['transmission', 'shoal', 'libtorrent'],
  ['transmission', 'libtorrent', 'shoal'],
];
/** Transmission and libtorrent tell of peers once in a minute and a half. */
const FOUND_MS = 240_000;
const APART_MS = 150_000;

const reason = whyNot('libtorrent', 'transmission-daemon') ?? whyNoLan();

describe.concurrent(reason ? `PEX (skipped: ${reason})` : 'PEX', { skip: reason !== undefined }, () => {
  for (const kinds of LINES) {
    test(`${kinds.join(' - ')}: the ends find each other`, async ({ onTestFinished }) => {
      const scene = await Scene.enter();
      onTestFinished(() => scene.leave());
      const line = await startLine(scene, kinds, { lan: await Lan.enter(scene) });
      await scene.until('C has everything', FOUND_MS, () => line.isComplete());
      await line.expectEqual();
    });

    test(`${kinds.join(' - ')}: in a private torrent they do not`, async ({ onTestFinished }) => {
      const scene = await Scene.enter();
      onTestFinished(() => scene.leave());
      const line = await startLine(scene, kinds, { lan: await Lan.enter(scene), private: true });
      await expectApart(scene, line, APART_MS);
    });
  }
});
