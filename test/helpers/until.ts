import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 10;

/** Asks again and again until there is something; throws with the name of what did not come. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  patienceMs = 30_000,
): Promise<T> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(pollMs)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`${what}: not within ${patienceMs} ms`);
}
