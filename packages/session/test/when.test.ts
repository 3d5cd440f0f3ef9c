import { expect, test } from 'vitest';
import { EventHub } from '../src/event-hub.ts';
import { when } from '../src/when.ts';

test('resolves once what is waited for has come, asking after each event', async () => {
  const hub = new EventHub<number>();
  let asked = 0;
  let there = false;
  const waiting = when(hub, () => {
    asked++;
    return there;
  });
  hub.emit(1);
  there = true;
  hub.emit(2);
  hub.emit(3);
  await waiting;
  expect(asked).toBe(3);
  await when(hub, () => true);
});

test('rejects with what is thrown, or with the signal’s reason, and asks no more', async () => {
  const hub = new EventHub<number>();
  const waiting = when(hub, () => {
    throw new Error('stopped');
  });
  await expect(waiting).rejects.toThrow('stopped');
  const controller = new AbortController();
  let asked = 0;
  const given = when(
    hub,
    () => {
      asked++;
      return false;
    },
    controller.signal,
  );
  controller.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  hub.emit(1);
  expect(asked).toBe(1);
  await expect(when(hub, () => true, controller.signal)).rejects.toThrow('enough');
});
