// What a torrent that ends still says to its trackers: to one of them `completed`, where that is owed, and `stopped` to
// each that lists us (BEP 3).
// Invariants: it is over after GOODBYE_MS, whatever trackers do, and leaves no timer and no announce behind; a tracker
// hears `completed` before `stopped`, and has one announce under way at a time; a `completed` that nobody answers does
// not cost that tracker its `stopped`.
import type { AnnounceEvent, AnnounceResponse } from './announce.ts';

/** An announce that was under way when the torrent ended. */
export interface AnnounceUnderWay {
  readonly event: AnnounceEvent | undefined;
  readonly response: Promise<AnnounceResponse>;
  readonly abort: AbortController;
}

/** One tracker to take leave of. */
export interface Parting {
  /** It has answered, thus lists us. Where it has not, its `started` is under way. */
  readonly isListed: boolean;
  /** `started` or `completed`: it is waited for, not sent again. */
  readonly underWay?: AnnounceUnderWay | undefined;
  /** `trackerId`: what the last answer heard here named. */
  send(event: AnnounceEvent, trackerId: string | undefined, signal: AbortSignal): Promise<AnnounceResponse>;
}

type SetTimer = (callback: () => void, delayMs: number) => { cancel(): void };

/** What saying goodbye may cost. */
const GOODBYE_MS = 2_000;
/** How much of it one announce may take, so that `stopped` leaves even where `completed` is lost. */
const COMPLETED_MS = 1_000;

/** Resolves when all have heard, or time is up. The first parting that can be told gets the `completed` that is owed. */
export async function sayGoodbye(
  partings: readonly Parting[],
  owesCompleted: boolean,
  setTimer: SetTimer,
): Promise<void> {
  let owes = owesCompleted && !partings.some(({ underWay }) => underWay?.event === 'completed');
  let isOver = false;
  const open = new Set<AbortController>();

  /** The answer, or undefined: a failure, or none in time; then nothing of the announce is left under way. */
  const hear = (
    response: Promise<AnnounceResponse>,
    abort: AbortController,
    withinMs: number,
  ): Promise<AnnounceResponse | undefined> =>
    new Promise((resolve) => {
      open.add(abort);
      const settle = (answer?: AnnounceResponse): void => {
        timer.cancel();
        open.delete(abort);
        resolve(answer);
      };
      const timer = setTimer(() => {
        abort.abort();
        settle();
      }, withinMs);
      abort.signal.addEventListener('abort', () => settle());
      response.then(settle, () => settle());
    });

  const part = async ({ isListed, underWay, send }: Parting): Promise<void> => {
    let trackerId: string | undefined;
    const say = async (event: AnnounceEvent, withinMs: number): Promise<void> => {
      if (isOver) return;
      const abort = new AbortController();
      const answer = await hear(send(event, trackerId, abort.signal), abort, withinMs);
      trackerId = answer?.trackerId ?? trackerId;
    };
    if (underWay) {
      const answer = await hear(underWay.response, underWay.abort, isListed ? COMPLETED_MS : GOODBYE_MS);
      if (!isListed && !answer) return;
      trackerId = answer?.trackerId ?? undefined;
    }
    if (owes) {
      owes = false;
      await say('completed', COMPLETED_MS);
    }
    await say('stopped', GOODBYE_MS);
  };

  await new Promise<void>((resolve) => {
    const timer = setTimer(resolve, GOODBYE_MS);
    void Promise.all(partings.map(part)).then(() => {
      timer.cancel();
      resolve();
    });
  });
  isOver = true;
  for (const abort of open) abort.abort();
}
