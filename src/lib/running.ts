import type { Clock } from './clock.ts';

/** Something that runs or is open, and how it ends. */
export interface Running {
  readonly what: string;
  /** Work ends side by side and within a time; the rest when the work has, one after the other. */
  readonly isWork?: true;
  /** Work that keeps the time itself resolves to what it had to cut off, if anything: `3 connections`. */
  readonly end: (workMs: number) => Promise<unknown>;
}

/** After the time for the work, its results still go to disk. */
const graceMs = 3_000;

/**
 * Ends everything and empties the array: first the work, side by side, which has `workMs` and three seconds for its results; then the
 * rest, what was started last first. Says what had not ended in time, or was cut off.
 */
export async function endAll(running: Running[], workMs: number, clock: Clock): Promise<string[]> {
  const steps = running.splice(0).toReversed();
  const late = new Set(steps.filter(({ isWork }) => isWork).map(({ what }) => what));
  const cutOff: string[] = [];
  const work = steps
    .filter(({ isWork }) => isWork)
    .map(async ({ what, end }) => {
      const lost = await end(workMs);
      if (late.delete(what) && typeof lost === 'string') cutOff.push(`${what} (${lost})`);
    });
  const ended = new AbortController();
  await Promise.race([Promise.all(work), clock.sleep(workMs + graceMs, ended.signal)]);
  ended.abort();
  const cut = [...cutOff, ...late];
  for (const { isWork, end } of steps) if (!isWork) await end(workMs);
  return cut;
}
