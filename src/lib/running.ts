import type { Clock } from './clock.ts';

/** Something that runs or is open, and how it ends. */
export interface Running {
  readonly what: string;
  /** Work ends side by side and within a time; the rest when the work has, one after the other. */
  readonly isWork?: true;
  readonly end: () => Promise<unknown>;
}

/** After the time for the work, its results still go to disk. */
const graceMs = 3_000;

/**
 * Ends everything and empties the array: first the work, side by side, which has `workMs` and three seconds for its results; then the
 * rest, what was started last first. Says what had not ended in time.
 */
export async function endAll(running: Running[], workMs: number, clock: Clock): Promise<string[]> {
  const steps = running.splice(0).toReversed();
  const late = new Set(steps.filter(({ isWork }) => isWork).map(({ what }) => what));
  const work = steps.filter(({ isWork }) => isWork).map(({ what, end }) => end().then(() => late.delete(what)));
  const ended = new AbortController();
  await Promise.race([Promise.all(work), clock.sleep(workMs + graceMs, ended.signal)]);
  ended.abort();
  const cut = [...late];
  for (const { isWork, end } of steps) if (!isWork) await end();
  return cut;
}
