import { randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { List } from '../list/list.ts';
import type { PostRecord } from '../list/store.ts';
import type { Log } from '../log.ts';
import { valueOf } from '../mail/header.ts';
import { permanent, type Failure } from '../mail/failure.ts';
import { decodeWords, plainLine } from '../mail/words.ts';
import { causeOfPost } from '../queue/cause.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry, NewEntry, NewMessage } from '../queue/store.ts';
import { dressPost } from './edits.ts';
import { postFacts } from './facts.ts';
import { judgePost, type PostFacts, type PostVerdict } from './rules.ts';

/** What follows a post that is rejected after it was accepted: a mail to its sender, or nothing. */
export interface Notice {
  readonly messages: readonly NewMessage[];
  readonly entries: readonly NewEntry[];
}

export interface PostTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => Id;
  /** The text that is appended to posts. */
  readonly trailerOf: (list: List) => Promise<string>;
  /** Tells the sender of a rejection that no reply could carry, as far as allowances let it. */
  readonly notice: (entry: Entry, list: List, text: string) => Promise<Notice>;
  /** The entry came from the owner: by the command line, or with a password. */
  readonly isOwner: (entry: Entry, list: List) => Promise<boolean>;
}

/** Judges a post before the reply to DATA; a failure is what the client reads. What is discarded is accepted first. */
export async function judgeBeforeReply(
  sender: string,
  list: List,
  message: Buffer,
  isOwner = false,
): Promise<Failure | undefined> {
  const verdict = judgePost(await postFacts(sender, list, message, isOwner));
  return verdict.kind === 'reject' ? permanent('5.7.1', verdict.text) : undefined;
}

/**
 * Takes a post: judged again (roles may have changed since the reply), archived, numbered, dressed, and handed on as an entry of kind
 * `post`. The order is archive file, list.db, then the one queue commit by dispatch; the entry's id is the cause of all three, so that a
 * run after a crash goes on where the last one stopped.
 */
export async function handlePost(entry: Entry, message: Buffer, list: List, tools: PostTools): Promise<Handled> {
  const facts = await postFacts(entry.sender, list, message, await tools.isOwner(entry, list));
  const next = await list.store.nextPost(entry.id);
  const verdict: PostVerdict = next.record ? { kind: 'accept' } : judgePost(facts);
  if (verdict.kind !== 'accept') return refused(entry, list, verdict, tools);
  const record = next.record ?? (await number(entry, message, list, facts, next.number, tools));
  const dressed = await dress(message, list, facts, record, tools);
  const body = { id: tools.newId(), body: dressed };
  const work = {
    list: list.name.address,
    number: record.number,
    role: 'subscriber' as const,
    lastMember: record.lastMember,
  };
  const post: NewEntry = {
    id: tools.newId(),
    kind: 'post',
    message: body.id,
    sender: entry.sender,
    recipient: list.name.address,
    list: list.name.address,
    cause: causeOfPost(entry.id),
    due: tools.clock.now(),
    post: work,
  };
  return { kind: 'done', messages: [body], entries: [post], result: `post ${record.number}` };
}

async function number(
  entry: Entry,
  message: Buffer,
  list: List,
  facts: PostFacts,
  next: number,
  { clock, log }: PostTools,
): Promise<PostRecord> {
  if (facts.settings.archived) {
    await list.archive.write(next, message);
    log('post.archived', { entry: entry.id, list: list.name.address, number: next });
  }
  const record = await list.store.recordPost({
    number: next,
    cause: entry.id,
    at: clock.now(),
    subject: plainLine(decodeWords(valueOf(facts.header, 'subject') ?? '')),
    from: plainLine(decodeWords(valueOf(facts.header, 'from') ?? '')),
    messageId: plainLine(valueOf(facts.header, 'message-id') ?? ''),
    size: message.length,
  });
  log('post.numbered', { entry: entry.id, list: list.name.address, number: record.number });
  return record;
}

async function dress(
  message: Buffer,
  list: List,
  facts: PostFacts,
  record: PostRecord,
  tools: PostTools,
): Promise<Buffer> {
  const { settings } = facts;
  return dressPost(message, {
    list: list.name,
    settings,
    number: record.number,
    trailer: settings.trailer ? await tools.trailerOf(list) : '',
    boundary: `=_list_${randomBytes(12).toString('hex')}`,
  });
}

async function refused(
  entry: Entry,
  list: List,
  verdict: Exclude<PostVerdict, { kind: 'accept' }>,
  tools: PostTools,
): Promise<Handled> {
  tools.log('post.rejected', { entry: entry.id, list: list.name.address, sender: entry.sender, rule: verdict.rule });
  if (verdict.kind === 'discard') return { ...doneWith(`discarded: ${verdict.rule}`), isRefused: true };
  const notice = await tools.notice(entry, list, verdict.text);
  return { kind: 'done', ...notice, result: `rejected: ${verdict.rule}`, isRefused: true };
}
