import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is yes; rejects after `mostMs`. */
export async function until(what: string, mostMs: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + mostMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${mostMs} ms`);
    await sleep(2);
  }
}
