import type { Home } from '../home.ts';
import { timeOf } from '../lib/ids.ts';
import type { WaitingRecipient } from '../queue/waiting-recipients.ts';
import type { Entry } from '../queue/store.ts';
import { type Call, printJson, shown, timeText } from './door.ts';
import { recipientId } from './queue-ids.ts';

/** An entry as a line of text or JSON. */
export function printEntryLine(call: Call, entry: Entry): Promise<void> {
  return printLine(call, fieldsOfEntry(entry), entry.created);
}

/** A recipient who waits as a line of text or JSON, in the same columns as an entry. */
export function printRecipientLine(call: Call, recipient: WaitingRecipient): Promise<void> {
  return printLine(call, fieldsOfRecipient(recipient), timeOf(recipient.post));
}

/** All that is known of an entry. */
export async function printEntry(call: Call, home: Home, entry: Entry): Promise<void> {
  await printAll(call, { ...fieldsOfEntry(entry), ...(entry.kind === 'post' ? await fieldsOfPost(home, entry) : {}) });
}

/** All that is known of a recipient who waits. */
export function printRecipient(call: Call, recipient: WaitingRecipient): Promise<void> {
  return printAll(call, fieldsOfRecipient(recipient));
}

/** What lines of text are made of, and what else is known. */
interface LineFields {
  readonly [name: string]: unknown;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly recipient: string;
  readonly reply: string;
}

function printLine(call: Call, fields: LineFields, created: number): Promise<void> {
  if (call.flag('json')) return printJson(call.door, fields);
  const { id, kind, state, attempts, recipient, reply } = fields;
  const age = `${Math.max(0, Math.round((call.door.clock.now() - created) / 60_000))}m`;
  return call.door.print(
    `${id} ${kind.padEnd(9)} ${state.padEnd(9)} ${age.padStart(6)} ${attempts} ${shown(recipient)} ${shown(reply)}\n`,
  );
}

function printAll(call: Call, fields: Readonly<Record<string, unknown>>): Promise<void> {
  if (call.flag('json')) return printJson(call.door, fields);
  const lines = Object.entries(fields).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? shown(value) : JSON.stringify(value)}\n`,
  );
  return call.door.print(`${lines.join('')}\n`);
}

function fieldsOfEntry(entry: Entry): LineFields {
  const { id, kind, state, list, sender, recipient, created, due, attempts, size, reply, post } = entry;
  const times = { created: timeText(created), due: timeText(due) };
  const number = post ? { number: post.number, role: post.role } : {};
  return { id, kind, state, list, sender, recipient, ...times, attempts, size, reply, ...number };
}

async function fieldsOfPost({ queue }: Home, { id }: Entry): Promise<Readonly<Record<string, unknown>>> {
  const progress = await queue.progress(id);
  return { outcomes: await queue.tally(id), chunks: progress?.chunks ?? 0, cut: progress?.isCut ?? true };
}

function fieldsOfRecipient(waiting: WaitingRecipient): LineFields {
  const { post, position, state, list, number, member, address, attempts, at, next, host, reply, isTaken } = waiting;
  const tried = at === undefined ? {} : { tried: timeText(at) };
  const times = { created: timeText(timeOf(post)), ...tried, due: timeText(next) };
  const place = { id: recipientId(waiting), kind: 'recipient', state, list, number, post, position, member };
  const taken = isTaken ? { taken: true } : {};
  return { ...place, recipient: address, ...times, attempts, host, reply, ...taken };
}
