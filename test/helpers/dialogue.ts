import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { handleCommand } from '../../src/command/command.ts';
import { isOffered } from '../../src/command/offered.ts';
import type { CommandTools } from '../../src/command/tools.ts';
import { engines } from '../../src/engines.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { type Id, idMaker } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import type { List } from '../../src/list/list.ts';
import { sqliteSuppressions } from '../../src/list/suppressions.ts';
import { Templates } from '../../src/list/templates.ts';
import { sqliteAllowances } from '../../src/list/sqlite-allowances.ts';
import type { Log } from '../../src/log.ts';
import type { Entry, NewEntry } from '../../src/queue/store.ts';
import type { Handled } from '../../src/queue/handled.ts';
import { type Route, routeText } from '../../src/route.ts';
import { letter } from './letter.ts';
import { emptyLists, madeList } from './lists.ts';
import { temporaryDirectory } from './temporary.ts';

/** One mail that the list sent. */
export interface Sent {
  readonly entry: NewEntry;
  readonly message: string;
}

/** What became of a mail: the result for the log, and what was sent. */
export interface Answered {
  readonly result: string;
  readonly sent: readonly Sent[];
}

/** What a test may choose about a mail besides its two addresses. */
export interface Letter {
  readonly subject?: string;
  readonly fields?: readonly string[];
  /** The whole message instead. */
  readonly message?: string;
  /** The same id again: the stage runs a second time after a crash. */
  readonly id?: Id;
}

/** Shipped templates of the package. */
export const templatesDirectory = fileURLToPath(new URL('../../templates', import.meta.url));

/** A list on disk that is written to; its time stands still unless the test moves it. */
export interface Dialogue {
  readonly list: List;
  readonly tools: CommandTools;
  readonly logged: string[];
  now: number;
  readonly newId: () => Id;
  /** Where an address of the list leads. */
  route(to: string): Route;
  /** Gives a mail to a command or confirm address to the stage; a form that is not offered is refused with 550. */
  write(from: string, to: string, letter?: Letter): Promise<Answered>;
}

/** An entry as intake makes it, claimed. */
export function arrived(id: Id, from: string, to: string, now: number): Entry {
  return {
    id,
    kind: 'arrived',
    message: id,
    sender: from,
    recipient: to,
    list: '',
    cause: id,
    due: now,
    state: 'claimed',
    created: now,
    attempts: 0,
    reply: '',
    size: 0,
  };
}

/** What a stage made of an entry, with the messages beside their entries. */
export function answered(handled: Handled): Answered {
  assert.equal(handled.kind, 'done');
  const bodies = new Map(handled.messages.map(({ id, body }) => [id, Buffer.from(body).toString('utf8')]));
  const sent = handled.entries.map((entry) => ({ entry, message: bodies.get(entry.message)! }));
  return { result: handled.result, sent };
}

/** Makes the list news@lists.example.org and what its commands need. */
export async function startDialogue(
  t: TestContext,
  settings: Record<string, unknown> = {},
  limits = { perAction: 1, perAddress: 5 },
): Promise<Dialogue> {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, 'news@lists.example.org', settings);
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  const logged: string[] = [];
  const log: Log = (event, fields) => void logged.push([event, ...Object.values(fields)].join(' '));
  const clock: Clock = { now: () => dialogue.now, sleep: async () => {} };
  const newId = idMaker(clock);
  const tools: CommandTools = {
    clock,
    log,
    newId,
    postmaster: 'postmaster@lists.example.org',
    allowances: sqliteAllowances(storage, join(directory, 'server.db'), limits),
    suppressions: sqliteSuppressions(storage, join(directory, 'server.db'), 'server'),
    templates: new Templates(templatesDirectory, log),
    isOurs: (domain) => domain === list.name.domain,
  };
  const route = (to: string): Route =>
    routeText(to, {
      isOurs: tools.isOurs,
      list: (name) => (name === 'news' ? list.name : undefined),
      listById: (id) => (id === list.name.id ? list.name : undefined),
      hasMailbox: () => false,
    });
  const write = async (from: string, to: string, given: Letter = {}): Promise<Answered> => {
    const way = route(to);
    if (!isOffered(way)) return { result: '550', sent: [] };
    assert.ok(
      way.kind === 'command' || way.kind === 'confirm' || way.kind === 'confirm-id' || way.kind === 'leave',
      `${to} is no command`,
    );
    const message = given.message ?? letter(from, to, given.subject ?? 'hello', given.fields);
    const entry = arrived(given.id ?? newId(), from, to, dialogue.now);
    return answered(await handleCommand(entry, Buffer.from(message), way, list, tools));
  };
  const dialogue: Dialogue = { list, tools, logged, newId, route, write, now: Date.UTC(2026, 7, 3, 10) };
  return dialogue;
}
