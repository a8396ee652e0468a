import type { Done } from './handled.ts';
import { isUtf8 } from 'node:buffer';
import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { Log } from '../log.ts';
import { composeDsn } from '../mail/dsn.ts';
import type { DsnReport } from '../mail/dsn-report.ts';
import { parseHeader, valuesOf } from '../mail/header.ts';
import { causeOfNotice } from './cause.ts';
import type { Entry, Following, NewEntry } from './store.ts';

/** Where an address leads, as far as news for it care. `nobody`: an address of ours where nobody reads, or the null sender. */
export type Reader =
  | { readonly kind: 'here'; readonly list: string }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'postmaster' }
  | { readonly kind: 'nobody' };

export interface NoticeParts {
  readonly clock: Clock;
  readonly newId: () => Id;
  /** The name that reports. */
  readonly hostname: string;
  /** The domain of mailer-daemon and postmaster. */
  readonly domain: string;
  readonly readerOf: (address: string) => Reader;
}

/** What became of an entry. */
export type News = Pick<DsnReport, 'action' | 'status' | 'host' | 'reply' | 'retryUntil'>;

/** Who is told of what, to be committed with the end or the deferral of the entry. */
export interface Notice extends Following {
  /** Empty: it is the notice to the postmaster that failed, and is only logged. */
  readonly to: string;
}

/** True when its sender has asked for news of this kind, or, of a failure, has said nothing (RFC 3461 §4.1). */
function isAsked({ dsn, isDelayTold }: Entry, action: News['action']): boolean {
  if (action === 'failed') return dsn?.notify?.includes('failure') ?? true;
  if (action === 'delayed') return !isDelayTold && (dsn?.notify?.includes('delay') ?? false);
  return dsn?.notify?.includes('success') ?? false;
}

/** Gives the message of an entry, which not every notice needs; undefined when it is gone. */
export type MessageOf = () => Promise<Buffer | undefined>;

/**
 * The notice of what became of an entry: for its sender or, where a failure can be told to nobody, for the postmaster. Undefined when nobody
 * has asked for it. A mail that has been through the postmaster's address is the end: what becomes of that one is nobody's news.
 */
export async function noticeOf(
  entry: Entry,
  news: News,
  messageOf: MessageOf,
  parts: NoticeParts,
): Promise<Notice | undefined> {
  if (!isAsked(entry, news.action)) return undefined;
  const reader = parts.readerOf(entry.sender);
  if (reader.kind === 'nobody' && news.action !== 'failed') return undefined;
  const message = (await messageOf()) ?? Buffer.alloc(0);
  if (reader.kind !== 'nobody') return written(entry, news, message, { to: entry.sender, reader }, parts);
  if (parts.domain === '' || isPostmasters(entry, message, parts)) return { to: '', messages: [], entries: [] };
  return written(entry, news, message, { to: `postmaster@${parts.domain}`, reader }, parts);
}

function written(
  entry: Entry,
  news: News,
  message: Buffer,
  { to, reader }: { readonly to: string; readonly reader: Reader },
  { clock, newId, hostname, domain }: NoticeParts,
): Notice {
  const [id, at] = [newId(), clock.now()];
  const { recipient, dsn: request, created: arrived } = entry;
  const asked = request ? { request } : {};
  const report = { ...news, ...asked, reply: readable(news.reply), recipient, arrived, attempted: at, message };
  const from = `mailer-daemon@${domain || hostname}`;
  const body = composeDsn({ reporter: hostname, from, to, id, at, report, isForPostmaster: reader.kind === 'nobody' });
  const follows: NewEntry = {
    id: newId(),
    kind: reader.kind === 'elsewhere' ? 'mail' : 'arrived',
    message: id,
    sender: '',
    recipient: to,
    list: reader.kind === 'here' ? reader.list : '',
    cause: causeOfNotice(entry.id, news.action),
    due: at,
  };
  return { to, messages: [{ id, body }], entries: [follows] };
}

// Whoever reads there has it forwarded with this mark.
function isPostmasters({ recipient }: Entry, message: Buffer, { readerOf }: NoticeParts): boolean {
  const passed = [recipient, ...valuesOf(parseHeader(message), 'delivered-to')];
  return passed.some((address) => readerOf(address).kind === 'postmaster');
}

/** Says in the log who was told, once that is on disk. */
export function logNotice({ id, recipient, sender }: Entry, { action }: News, { to }: Notice, log: Log): void {
  if (to === '') log('dsn.lost', { entry: id, recipient, sender });
  else log('dsn.queued', { entry: id, recipient, to, action });
}

// Replies come as octets; many hosts write UTF-8.
function readable(reply: string): string {
  const octets = Buffer.from(reply, 'latin1');
  return isUtf8(octets) && octets.toString('latin1') === reply ? octets.toString('utf8') : reply;
}

/** What is to be told of how an entry ended; undefined when its sender has a reply already. */
export function newsOf({ failure, isRefused }: Done): News | undefined {
  if (isRefused) return undefined;
  if (!failure) return { action: 'delivered', status: '2.0.0', host: '', reply: '' };
  const { status, text } = failure;
  return { action: 'failed', status, host: '', reply: `${failure.temporary ? 451 : 550} ${status} ${text}` };
}
