// What a peer may do wrong, by accident or on purpose, and which test tries it. The table is held to the tests' names.
import { type TestTable, untriedOf } from '@shoal/testkit';
import { expect, test } from 'vitest';

const TABLE: TestTable = {
  'lengths: exact for each type, and in total': {
    message: ['%s of another length is refused'],
    'wire-hostile': [
      '%s is refused by its first five bytes',
      'announcing a megabyte does not make us allocate it',
      'unknown messages are skipped however they are cut',
    ],
  },
  'bitfields: exact, spare bits zero, capped while the geometry is unknown': {
    wire: ['before and after the geometry is known: %s'],
    'wire-hostile': ['without a geometry a bitfield is capped, and so is the memory of early haves'],
  },
  'messages out of order': {
    wire: ['extended handshake and port may go before the haves, nothing else'],
    'wire-fast': ['have all and have none, once', 'each Fast message without the extension is a fault'],
    'wire-hostile': ['extended messages without the extension protocol are a fault'],
  },
  'bitfields again and again': {
    wire: ['a later bitfield replaces what was known, as aria2 sends it in place of many haves, but not endlessly'],
  },
  'indices and ranges outside the torrent': {
    'wire-hostile': [
      'a request for %s is a fault, choked or not',
      'a block outside the torrent is a fault at once',
      'without a geometry the peer gets nothing and a request is no event',
    ],
    'dont-have': [
      'a piece outside the torrent and a payload of another length are faults',
      'before the geometry is known it is kept, capped and validated like a HAVE',
    ],
  },
  'requests over 128 KiB': { 'wire-hostile': ['a request over 128 KiB is refused even where the piece is longer'] },
  'floods of requests': {
    'wire-hostile': ['2,000 requests wait at most; what is over is rejected with Fast and dropped without'],
  },
  'requests while choked': { 'wire-hostile': ['requests while choked are a race until there are too many'] },
  'answers that are caused and never read': {
    'wire-hostile': ['a peer that causes rejects without reading them is cut off'],
    extension: ['a peer that makes an extension answer without reading is cut off'],
  },
  'endless suggestions and allowed-fast pieces': {
    'wire-fast': ['suggestions are passed on, to a bound, and must name a piece'],
    'wire-hostile': ['allowed-fast pieces are kept to a bound'],
  },
  'blocks and rejects never asked for': {
    'wire-hostile': [
      'blocks and rejects that nobody asked for are counted, and past the bound a fault',
      'a block of another length than asked for is not the one we wait for',
    ],
  },
  'our own races, which are nobody’s fault': {
    'wire-hostile': [
      'races are forgiven as often as they can have happened, not oftener',
      'the memory of what was cancelled is bounded',
      'our own choke never faults, however much it rejects',
    ],
    wire: ['a choke drops our requests; blocks that were on their way are a race'],
    'wire-pair.property': ['two wires agree once everything has arrived'],
  },
  'our own peer id, another torrent, another protocol': {
    handshake: [
      'another torrent and our own peer id are refused',
      'the first wrong byte is refused, without waiting for 68',
    ],
  },
  'slow handshakes, and what is sent behind one': {
    handshake: [
      'a handshake takes ten seconds at most, drip-fed or not, answered or not',
      'what piles up behind a handshake that nobody answers is bounded',
    ],
  },
  silence: {
    wire: ['ninety seconds after our last message a keep-alive goes out; 150 s of silence are the end'],
    'reading-paused': ['silence is not held against a peer that nobody reads from, and begins anew with reading'],
  },
  'drip-fed bytes': { wire: ['a slow block is no silence; a dripped message is'] },
  'extended handshakes with absurd ids and sizes': {
    extension: [
      'what cannot be is left out, what is no dictionary is refused',
      'sizes: an extended handshake has its own cap, and so has what we send',
    ],
  },
  'extensions that fail': { extension: ['a fault or a throw ends this connection and closes every extension once'] },
  'any bytes at all': {
    'wire.property': ['spoilt and random bytes never throw: they are told as one closed event at most, the last'],
    'frame-decoder.property': ['any bytes end in a WireError or in waiting for more'],
  },
};

test.each(Object.entries(TABLE))('%s', async (_, line) => {
  expect(await untriedOf(line, import.meta.url)).toEqual([]);
});
