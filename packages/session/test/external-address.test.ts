import { expect, test } from 'vitest';
import { ExternalAddress } from '../src/external-address.ts';

function seen(): { address: ExternalAddress; changes: number } {
  const record = { changes: 0, address: new ExternalAddress(() => record.changes++) };
  return record;
}

test('what most of those who say it name is believed, each family apart', () => {
  const { address } = seen();
  expect(address.of(4)).toBeUndefined();
  address.vote('a', '1.1.1.1');
  expect(address.of(4)).toBe('1.1.1.1');
  address.vote('b', '2.2.2.2');
  address.vote('c', '2.2.2.2');
  expect(address.of(4)).toBe('2.2.2.2');
  expect(address.of(6)).toBeUndefined();
  address.vote('a', '2001:db8::1');
  expect([address.of(4), address.of(6)]).toEqual(['2.2.2.2', '2001:db8::1']);
});

test('each has one vote, however often it is cast', () => {
  const { address } = seen();
  address.vote('a', '1.1.1.1');
  address.vote('b', '1.1.1.1');
  for (let time = 0; time < 100; time++) address.vote('liar', '6.6.6.6');
  expect(address.of(4)).toBe('1.1.1.1');
  address.vote('a', '6.6.6.6');
  expect(address.of(4)).toBe('6.6.6.6');
});

test('two that are named as often do not take turns; a change is told once', () => {
  const record = seen();
  for (let time = 0; time < 10; time++) {
    record.address.vote('a', '1.1.1.1');
    record.address.vote('b', '2.2.2.2');
  }
  expect(record.address.of(4)).toBe('1.1.1.1');
  expect(record.changes).toBe(1);
  record.address.vote('c', '2.2.2.2');
  expect([record.address.of(4), record.changes]).toEqual(['2.2.2.2', 2]);
});

test('old votes give way: a new address is believed in time', () => {
  const { address } = seen();
  for (let voter = 0; voter < 1_000; voter++) address.vote(`old ${voter}`, '1.1.1.1');
  for (let voter = 0; voter < 33; voter++) address.vote(`new ${voter}`, '2.2.2.2');
  expect(address.of(4)).toBe('2.2.2.2');
});
