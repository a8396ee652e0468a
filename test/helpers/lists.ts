import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import type { List } from '../../src/list/list.ts';
import { Lists } from '../../src/list/lists.ts';
import { makeList } from '../../src/list/make.ts';
import { temporaryDirectory } from './temporary.ts';

/** What was logged, one line each: the event, then the values of its fields. */
export type Logged = string[];

/** A `lists/` directory of its own, and what its lists log. `again` opens the same directory as a restarted program would. */
export interface TestLists {
  readonly lists: Lists;
  readonly logged: Logged;
  readonly again: () => TestLists;
}

/** An empty `lists/` directory. */
export async function emptyLists(t: TestContext): Promise<TestLists> {
  const opened: (() => Promise<void>)[] = [];
  const directory = await temporaryDirectory(t, async () => {
    for (const close of opened) await close();
  });
  const open = (): TestLists => {
    const storage = inlineStorage(engines);
    opened.push(() => storage.close());
    const logged: Logged = [];
    const log = (event: string, fields: object): void => void logged.push([event, ...Object.values(fields)].join(' '));
    const lists = new Lists({ directory: join(directory, 'lists'), storage, clock: systemClock, log });
    return { lists, logged, again: open };
  };
  return open();
}

/** Makes a list, which must succeed, and opens it. */
export async function madeList(lists: Lists, address: string, settings: Record<string, unknown> = {}): Promise<List> {
  const made = await makeList({ lists, address, settings, clock: systemClock });
  return made.ok ? lists.open(made.value) : assert.fail(made.failure.text);
}
