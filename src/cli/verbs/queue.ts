import type { Home } from '../../home.ts';
import type { Id } from '../../lib/ids.ts';
import type { RecipientFilter, RecipientKey, WaitingRecipient } from '../../queue/waiting-recipients.ts';
import type { Entry, Move } from '../../queue/store.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint } from '../door.ts';
import { tellDaemon, withHome } from '../open.ts';
import { type QueueFilter, readFilter } from '../queue-filter.ts';
import { givenIds, idsFromInput, type Named, recipientId } from '../queue-ids.ts';
import { type Moved, moveEntries } from '../queue-moves.ts';
import { printEntry, printEntryLine, printRecipient, printRecipientLine } from '../queue-text.ts';
import { moveRecipients, pagesOf, recipientsAreNotHeld, sayUncut } from '../recipient-moves.ts';

const done: Readonly<Record<Move, string>> = {
  hold: 'held',
  release: 'released',
  retry: 'due now',
  drop: 'dropped',
};

/** What is shown or moved. */
interface Wanted {
  readonly entries: readonly Id[] | undefined;
  readonly recipients: AsyncIterable<readonly RecipientKey[]> | undefined;
}

/** Shows the queue, or moves entries and recipients in it. */
export async function run(call: Call): Promise<Ending> {
  const action = call.text('action') ?? 'list';
  const filter = readFilter(call);
  if (isComplaint(filter)) return filter;
  const given = givenIds(call);
  if (isComplaint(given)) return given;
  if (given && filter.isGiven && (!filter.recipients || given.recipients.length > 0)) return idsAndFilters();
  return withHome(call.door, async (home) => {
    if (action === 'list' || action === 'show') return look(call, home, given, filter, action);
    return moveAll(call, home, given, filter, action as Move);
  });
}

// These filters and ids together would mean less than what is named: nobody should lose a whole post by that.
function idsAndFilters(): Complaint {
  return complaint(
    exit.usage,
    'ids and filters are given: which of them?',
    'give ids or filters; with the id of a post, --domain, --reply, --state deferred and --kind recipient mean recipients of it',
  );
}

async function look(
  call: Call,
  home: Home,
  given: Named | undefined,
  filter: QueueFilter,
  action: 'list' | 'show',
): Promise<Ending> {
  if (given && !filter.isGiven) return lookAtNamed(call, home, given, action);
  if (!given && !filter.isGiven && action === 'show') {
    const named = await idsFromInput(call);
    return isComplaint(named) ? named : lookAtNamed(call, home, named, action);
  }
  if (!given && filter.entries) {
    for await (const entries of home.queue.entries(filter.entries))
      for (const entry of entries)
        await (action === 'list' ? printEntryLine(call, entry) : printEntry(call, home, entry));
  }
  for await (const recipients of found(home, given, filter.recipients))
    for (const one of recipients) await (action === 'list' ? printRecipientLine : printRecipient)(call, one);
  return exit.done;
}

async function lookAtNamed(call: Call, home: Home, named: Named, action: 'list' | 'show'): Promise<Ending> {
  let missing = 0;
  const miss = (what: string): void => {
    missing++;
    call.door.say(what);
  };
  for (const id of named.entries) {
    const entry = await home.queue.entry(id);
    if (!entry) miss(`there is no entry ${id}`);
    else await (action === 'list' ? printEntryLine(call, entry) : printEntry(call, home, entry));
  }
  for (const key of named.recipients) {
    const [one] = await firstPage(home.queue.recipients.find(key));
    if (!one) miss(`nobody waits as ${recipientId(key)}`);
    else await (action === 'list' ? printRecipientLine : printRecipient)(call, one);
  }
  return missing === 0 ? exit.done : exit.noInput;
}

async function moveAll(
  call: Call,
  home: Home,
  given: Named | undefined,
  filter: QueueFilter,
  move: Move,
): Promise<Ending> {
  const wanted = await wantedOf(call, home, given, filter);
  if (isComplaint(wanted)) return wanted;
  const isHeld = move === 'hold' || move === 'release';
  if (isHeld && wanted.recipients && !wanted.entries) return recipientsAreNotHeld(move);
  const none: Moved = { asked: 0, moved: 0 };
  const entries = wanted.entries ? await moveEntries(call, home, wanted.entries, move) : none;
  const recipients = wanted.recipients && !isHeld ? await moveRecipients(call, home, wanted.recipients, move) : none;
  const moved = entries.moved + recipients.moved;
  const isDry = call.flag('dry-run');
  if (moved > 0 && !isDry) await tellDaemon(call.door);
  const ofThem = recipients.moved > 0 ? `, ${recipients.moved} of them recipients of posts` : '';
  call.door.say(
    isDry ? `${moved} would be ${done[move]}${ofThem}; nothing was changed` : `${moved} ${done[move]}${ofThem}`,
  );
  if (move === 'drop' && filter.recipients)
    await sayUncut(call, home, postsOf(home, given, filter.recipients), filter.recipients);
  if (move === 'hold' && wanted.recipients && (await firstPage(wanted.recipients)).length > 0) sayNotHeld(call, filter);
  return moved === entries.asked + recipients.asked ? exit.done : exit.noInput;
}

// Ids as arguments, else all that the filters find, else standard input: never the whole queue by an oversight.
async function wantedOf(
  call: Call,
  home: Home,
  given: Named | undefined,
  filter: QueueFilter,
): Promise<Wanted | Complaint> {
  if (filter.isGiven) {
    const entries = given ? undefined : filter.entries && (await idsOf(home, filter));
    return { entries, recipients: filter.recipients && found(home, given, filter.recipients) };
  }
  const named = given ?? (await idsFromInput(call));
  if (isComplaint(named)) return named;
  const { entries, recipients } = named;
  const isOnly = recipients.length > 0 && entries.length === 0;
  return {
    entries: isOnly ? undefined : entries,
    recipients: recipients.length > 0 ? pagesOf(recipients) : undefined,
  };
}

async function idsOf(home: Home, filter: QueueFilter): Promise<Id[]> {
  const ids: Id[] = [];
  for await (const entries of home.queue.entries(filter.entries ?? {})) ids.push(...entries.map(({ id }) => id));
  return ids;
}

// The recipients that a filter finds, of all posts or of those that were named; the id that "ezlm send" printed stands for its post, too.
async function* found(
  { queue }: Home,
  given: Named | undefined,
  filter: RecipientFilter | undefined,
): AsyncGenerator<WaitingRecipient[]> {
  if (!filter) return;
  if (!given) yield* queue.recipients.find(filter);
  for (const id of given?.entries ?? []) {
    const post = (await queue.entry(id))?.id ?? id;
    yield* queue.recipients.find({ ...filter, post });
  }
}

// The posts that recipients are looked for in.
async function* postsOf({ queue }: Home, given: Named | undefined, filter: RecipientFilter): AsyncGenerator<Entry> {
  for (const id of given?.entries ?? []) {
    const entry = await queue.entry(id);
    if (entry?.kind === 'post') yield entry;
  }
  if (given) return;
  const { list, olderThan, newerThan } = filter;
  const narrowed = {
    ...(list ? { list } : {}),
    ...(olderThan ? { olderThan } : {}),
    ...(newerThan ? { newerThan } : {}),
  };
  for await (const page of queue.entries({ ...narrowed, kind: 'post' })) yield* page;
}

async function firstPage<Row>(pages: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> {
  for await (const page of pages) return page;
  return [];
}

function sayNotHeld(call: Call, { domain = 'DOMAIN' }: QueueFilter): void {
  call.door.say(
    `recipients of posts are not held by this: "ezlm lane pause ${domain}" keeps a domain from being tried, "ezlm queue hold ID" a post`,
  );
}
