import type { Home } from '../../home.ts';
import type { List } from '../../list/list.ts';
import { type Address, parseAddress } from '../../mail/address.ts';
import { domainOf } from '../../queue/entry-operations.ts';
import type { Entry, Trace } from '../../queue/store.ts';
import {
  type Call,
  type Complaint,
  complaint,
  type Door,
  type Ending,
  exit,
  isComplaint,
  printJson,
  shown,
  timeText,
} from '../door.ts';
import { findList } from '../list-argument.ts';
import { withHome } from '../open.ts';
import { progressText } from '../post-text.ts';
import { type Counts, type PostSummary, summaryOf, tried } from '../post-summary.ts';
import { Watch } from '../snapshot.ts';

const dayMs = 86_400_000;
/** Rows of domains and of reasons that a text shows; JSON has all. */
const rowsMost = 20;
const nameWidth = 32;

/** A post of a list, and who of its recipients is asked for. */
interface Question {
  readonly call: Call;
  readonly home: Home;
  readonly list: List;
  readonly number: number;
  readonly address: Address | undefined;
}

/** Prints every attempt to deliver a post, for one recipient or all, or counts what came of them. */
export function run(call: Call): Promise<Ending> {
  const { door } = call;
  const number = Number(/^\d{1,15}$/.exec(call.text('number') ?? '')?.[0]);
  const wanted = call.text('address');
  const address = wanted === undefined ? undefined : parseAddress(wanted);
  if (!(number > 0)) return refuse(`"${call.text('number') ?? ''}" is not a post number`, 'post numbers begin with 1');
  if (wanted !== undefined && !address) return refuse(`"${wanted}" is not an address`, 'write it as bob@example.net');
  return withHome(door, async (home) => {
    const list = findList(door, home.lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const question = { call, home, list, number, address };
    return call.flag('summary') ? summary(question) : attempts(question);
  });
}

function refuse(what: string, next: string): Promise<Complaint> {
  return Promise.resolve(complaint(exit.usage, what, next));
}

async function attempts(question: Question): Promise<Ending> {
  const { call, home, list, number, address } = question;
  const isWanted = filterOf(call);
  const asLines = call.flag('json') ? jsonLines : textLines;
  let known = 0;
  let found = 0;
  for await (const page of home.queue.trace(list.name.address, number, address?.canonical)) {
    known += page.length;
    const wanted = page.filter(isWanted);
    found += wanted.length;
    const shownOf = (trace: Trace): Trace =>
      call.flag('latest') ? { ...trace, attempts: trace.attempts.slice(-1) } : trace;
    await call.door.print(wanted.flatMap((trace) => asLines(list, number, shownOf(trace))).join(''));
  }
  if (known === 0) return whyNothing(question);
  if (found === 0) call.door.say(`none of the ${known} recipients that were tried is one of those`);
  return exit.done;
}

function filterOf(call: Call): (trace: Trace) => boolean {
  const state = call.text('state');
  const domain = call.text('domain')?.toLowerCase();
  const isUndelivered = call.flag('not-delivered');
  return ({ address, attempts: all }) => {
    const latest = all.at(-1)!.state;
    return (
      (state === undefined || latest === state) &&
      (domain === undefined || domainOf(address) === domain) &&
      !(isUndelivered && latest === 'delivered')
    );
  };
}

async function summary(question: Question): Promise<Ending> {
  const { call, home, list, number } = question;
  const found = await summaryOf(home, list.name.address, number, filterOf(call));
  const entry = await entryOf(question);
  if (tried(found.all) === 0 && !entry) return whyNothing(question);
  const waiting = entry ? await new Watch(call.door, home).post(entry) : undefined;
  const untried = waiting ? waiting.recipients - waiting.tried : 0;
  const record = await list.store.postByNumber(number);
  const head = { list: list.name.address, number, at: record && timeText(record.at), subject: record?.subject };
  if (call.flag('json')) await printSummaryJson(call.door, head, found, untried);
  else {
    const title = `post ${number} of ${head.list}, ${head.at ?? 'unknown'}: ${shown(head.subject ?? '')}\n`;
    const progress = waiting ? [`queue      ${waiting.id} ${progressText(waiting)}\n`] : [];
    await call.door.print([title, ...progress, ...summaryLines(found, untried)].join(''));
  }
  return exit.done;
}

async function printSummaryJson(
  door: Door,
  head: Readonly<Record<string, unknown>>,
  { all, domains, reasons }: PostSummary,
  untried: number,
): Promise<void> {
  const { list, number } = head;
  await printJson(door, { ...head, ...countsJson(all), untried });
  for (const [domain, counts] of domains) await printJson(door, { list, number, domain, ...countsJson(counts) });
  for (const { code, count, address, reply } of reasons)
    await printJson(door, { list, number, reason: code, count, address, reply });
}

function countsJson({ next, ...counts }: Counts): Record<string, unknown> {
  return { ...counts, ...(next === undefined ? {} : { next: timeText(next) }) };
}

function summaryLines({ all, domains, reasons }: PostSummary, untried: number): string[] {
  const next = all.next === undefined ? '' : `   next try ${timeText(all.next)}`;
  const row = (name: string, { delivered, deferred, failed, uncertain }: Counts): string =>
    `${shown(name).padEnd(nameWidth)} ${[delivered, deferred, failed, uncertain].map((n) => String(n).padStart(9)).join(' ')}\n`;
  const more = domains.length > rowsMost ? [`… and ${domains.length - rowsMost} more; --json has all\n`] : [];
  return [
    `untried    ${untried}\n`,
    `${'DOMAIN'.padEnd(nameWidth)} DELIVERED  DEFERRED    FAILED UNCERTAIN\n`,
    row('all', all).trimEnd() + `${next}\n`,
    ...domains.slice(0, rowsMost).map(([domain, counts]) => row(domain, counts)),
    ...more,
    ...reasons
      .slice(0, rowsMost)
      .map(({ count, address, reply }) => `${count} × ${shown(reply)} (${shown(address)})\n`),
  ];
}

async function entryOf({ home, list, number }: Question): Promise<Entry | undefined> {
  for await (const page of home.queue.entries({ kind: 'post', list: list.name.address })) {
    const found = page.find(({ post }) => post?.number === number);
    if (found) return found;
  }
  return undefined;
}

async function whyNothing(question: Question): Promise<Complaint> {
  const { call, home, list, number, address } = question;
  const post = await list.store.postByNumber(number);
  const last = await list.store.lastPost();
  if (!post) return complaint(exit.noInput, `${list.name.address} has no post ${number}`, `its latest post is ${last}`);
  const entry = await entryOf(question);
  const whom = address === undefined ? '' : ` for ${address.text}`;
  if (entry) {
    const progress = progressText(await new Watch(call.door, home).post(entry));
    return complaint(
      exit.noInput,
      `post ${number} was not tried${whom} so far: ${progress}`,
      `it is ${entry.state}: "ezlm queue show ${entry.id}", "ezlm top"`,
    );
  }
  const days = home.settings.outcomeDays;
  if (post.at < call.door.clock.now() - days * dayMs) {
    return complaint(
      exit.noInput,
      `post ${number} is older than ${days} days; its outcomes are no longer kept`,
      'the setting outcomeDays says how long they are',
    );
  }
  return complaint(
    exit.noInput,
    `post ${number} went out, and not to ${address?.text ?? 'anybody'}`,
    `"ezlm log ${list.name.address}" says who joined and left when`,
  );
}

function textLines(_list: List, _number: number, { address, attempts: all }: Trace): string[] {
  return all.map(({ at, state, host, reply, next }) => {
    const again = next === undefined ? '' : ` (next try ${timeText(next)})`;
    return `${timeText(at)} ${shown(address)} ${state} ${shown(host) || '-'} ${shown(reply)}${again}\n`;
  });
}

function jsonLines(list: List, number: number, { address, attempts: all }: Trace): string[] {
  return all.map(({ at, state, host, reply, next }) => {
    const again = next === undefined ? {} : { next: timeText(next) };
    return `${JSON.stringify({ list: list.name.address, number, address, at: timeText(at), state, host, reply, ...again })}\n`;
  });
}
