// The TCP Transport against the contract's suite, on loopback.

import { createTcpTransport } from '@shoal/client';
import type { Transport } from '@shoal/session';
import { testTransport } from '@shoal/session/testing';
import { test, vi } from 'vitest';

testTransport(test, 'TCP on loopback', () => ({
  dialler: createTcpTransport({ port: 0, bind: '127.0.0.1' }) satisfies Transport,
  listener: createTcpTransport({ port: 0, bind: '127.0.0.1' }),
  listenerHost: '127.0.0.1',
  until: async (condition) => {
    await vi.waitUntil(condition, { interval: 2, timeout: 10_000 });
  },
}));
