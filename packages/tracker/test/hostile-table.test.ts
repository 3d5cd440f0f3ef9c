// What a stranger may do to a tracker, and what a tracker may do to us, and which test tries it. The table is held to the names of
// tests and of their rows. There is no password to have a default, and no Host check: the README says why.
import { type TestTable, untriedOf } from '@shoal/testkit';
import { expect, test } from 'vitest';

const TABLE: TestTable = {
  'slow requests, and connections without end': {
    'tracker-server': [
      'a request that never ends is ended',
      'a request whose bytes drip is ended',
      'one host holds at most half of the connections',
    ],
  },
  'giant headers, bodies, what is no HTTP': {
    'tracker-server': [
      'a giant header is refused',
      'a body is not read, however long it says it is',
      'a request that is no HTTP ends the connection, and the server goes on',
    ],
  },
  'ways out of the paths there are': { 'tracker-policy': ['no way out of the paths there are: %s'] },
  'requests of foreign pages': { 'tracker-server': ['methods, unknown paths, bodies and web pages'] },
  'queries that are none': {
    'announce-handler': ['%s is refused with a reason', 'scrapes: none, too many, of the wrong length'],
  },
  'addresses of the asker’s choice': {
    'announce-handler': ['ip= is ignored, a mapped address is IPv4'],
    'udp-handler': ['an address of the asker’s choice is ignored unless the operator says otherwise'],
    'tracker-policy': [
      'X-Forwarded-For counts from proxies on the list alone',
      'ip= counts where the operator says so',
    ],
  },
  'floods from an address': {
    'tracker-policy': ['an address over its rate is told to come back in a minute'],
    'udp-handler': ['an address over its rate gets silence, others get answers'],
    'connection-ids': ['a flood from more addresses than it remembers makes it forget the quiet, and never grows'],
  },
  'swarms and torrents without end': {
    'swarm-store': [
      'a full store refuses new peers and torrents, not known ones',
      'one host’s entries in a swarm are limited, the one silent for longest gives way',
      'a crowded /64 gives way to itself, a crowded address to itself, and nobody else suffers',
    ],
    'announce-handler': ['numwant is clamped', 'a full store says so, and when to come back (BEP 31)'],
  },
  'connection ids: keyed, expiring, bound to an address': {
    'connection-ids': [
      'an id is good for two minutes, for the address and port it was sent to: %s',
      'any change of an id is noticed',
      'keys turn every hour; ids outlive one turn, not two, and not the wrap of their clock',
    ],
    'udp-handler': ['a connection id of another address, another port or long ago is none'],
  },
  'no more out than in before an address is proved': {
    'udp-handler': [
      'hostile: %s',
      'any bytes: no exception, and never more out than in to who has not proved its address',
    ],
  },
  'datagrams that are none': {
    'udp-server': ['junk is dropped without a word, and the next datagram is answered'],
    'udp-codec': ['requests that are none'],
  },
  passkeys: {
    'udp-server': ['passkeys over both: in the path of HTTP, in the URL data of UDP'],
    'udp-handler': ['passkeys come in the path of BEP 41’s URL data; scrapes carry none'],
  },
  'a state file that is spoilt': {
    'tracker-policy': ['a state that is %s is told and set aside, and the tracker runs'],
  },
  'a client’s: answers of megabytes, inflated or not': {
    'http-client': [
      'an endless answer is cut off at the limit',
      'an endless answer that inflates to nothing is cut off too',
      'a declared length over the limit is refused at once',
    ],
    answers: ['an answer over the limit is refused before it is read', 'peers are deduplicated and capped'],
  },
  'a client’s: redirects without end, into private networks, to other schemes': {
    'http-client': [
      'five redirects are followed, the sixth is not',
      'a redirect from a public address into a private network is refused, by address and by name',
      'a redirect to %s is refused',
    ],
  },
  'a client’s: intervals of 0 or of a century': { answers: ['an interval of %s becomes %i s'] },
  'a client’s: peers of broken lengths, reasons that are no text': {
    answers: ['%s is no answer', 'a failure reason of %j'],
    'udp-codec': ['intervals are clamped, bytes past the last whole peer are left alone (BEP 15 wants no exact sizes)'],
  },
  'a client’s: URLs with an info_hash in them, other schemes, look-alikes': {
    'announce-url': [
      'the query of %s is kept, a baked-in info_hash is not',
      '%s is no HTTP tracker',
      '%j is refused',
      '%j is shown as %s',
    ],
  },
  'a client’s: UDP answers of others': {
    'udp-client': ['answers with another transaction id or from another address are ignored'],
    'udp-exchange': ['other transaction ids, other actions, datagrams that are too short and late ones change nothing'],
  },
  'a client’s: a dead tracker delays nobody': {
    'tracker-source': ['a silent tracker delays the next by three seconds, and its late answer still counts'],
    'tracker-source-peers': ['a dead tracker among fifty costs each of the others nothing: all fifty tiers in a row'],
  },
  'any bytes at all': {
    'decoders.property': ['any bytes: an answer or a TrackerError'],
  },
};

test.each(Object.entries(TABLE))('%s', async (_, line) => {
  expect(await untriedOf(line, import.meta.url)).toEqual([]);
});
