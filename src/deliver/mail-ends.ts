import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import { statusOf } from '../mail/dsn.ts';
import { logNotice, type News, noticeOf, type NoticeParts } from '../queue/notice.ts';
import type { Claimant, Entry, QueueStore } from '../queue/store.ts';
import type { AttemptResult } from './delivery.ts';

/** What an operator may change while delivery runs: read at each use. */
export interface DeliveryLimits {
  readonly lifetimeMs: number;
  /** A mail that is older is delayed: senders who have asked for it are told, once. */
  readonly delayNoticeMs: number;
  /** Every delivered copy is an event, not only those that were not delivered. */
  readonly tellsDelivered: boolean;
}

export interface MailEndsParts {
  readonly queue: QueueStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: DeliveryLimits;
  readonly notices: NoticeParts;
  /** A notice is in the queue, for an address of ours or for delivery. */
  readonly onNotice: () => void;
}

/** An attempt of a single mail. */
export interface EndedMail {
  readonly entry: Entry;
  /** As it was sent: it is in memory, while the queue would give a copy for each of its recipients. */
  readonly message: Buffer;
  readonly result: AttemptResult;
  /** When it is tried again; undefined: this was the last attempt. */
  readonly next: number | undefined;
}

/**
 * Ends the attempt of a single mail in the queue. The notice to its sender goes in with the same commit: a crash before it tries the mail
 * again, one after it has told.
 */
export async function endMail({ entry, message, result, next }: EndedMail, parts: MailEndsParts): Promise<void> {
  const { queue, claimant, log } = parts;
  const news = newsOf(entry, result, next, parts);
  const notice = news && (await noticeOf(entry, news, async () => message, parts.notices));
  const isDone =
    next === undefined
      ? await queue.finish(claimant, entry.id, notice?.messages ?? [], notice?.entries ?? [])
      : await queue.defer(claimant, entry.id, next, result.reply, notice);
  const fields = { entry: entry.id, recipient: entry.recipient, host: result.host, reply: result.reply };
  if (next !== undefined) log('delivery.deferred', { ...fields, next });
  else log(result.state === 'delivered' ? 'delivery.delivered' : 'delivery.failed', fields);
  if (!isDone || !news || !notice) return;
  logNotice(entry, news, notice, log);
  parts.onNotice();
}

function newsOf(
  entry: Entry,
  { state, host, reply, onward }: AttemptResult,
  next: number | undefined,
  { clock, limits: { lifetimeMs, delayNoticeMs } }: MailEndsParts,
): News | undefined {
  if (next !== undefined) {
    if (clock.now() - entry.created < delayNoticeMs) return undefined;
    return { action: 'delayed', status: statusOf(reply, '4'), host, reply, retryUntil: entry.created + lifetimeMs };
  }
  if (state === 'failed') return { action: 'failed', status: statusOf(reply, '5'), host, reply };
  // RFC 3464 §2.3.4: the code of the last try stays when the time is over.
  if (state !== 'delivered') return { action: 'failed', status: statusOf(reply, '4', '4.4.7'), host, reply };
  // A host that knows DSN tells the sender itself (RFC 3461 §5.2.1).
  if (onward === 'tells') return undefined;
  return { action: onward === 'arrived' ? 'delivered' : 'relayed', status: statusOf(reply, '2'), host, reply };
}
