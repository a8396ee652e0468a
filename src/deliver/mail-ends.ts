import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import type { Claimant, Entry, QueueStore } from '../queue/store.ts';
import type { AttemptResult } from './delivery.ts';

export interface MailEndsParts {
  readonly queue: QueueStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ends the attempt of a single mail in the queue: `next` is when it is tried again, undefined that this was the last attempt. */
export async function endMail(
  entry: Entry,
  result: AttemptResult,
  next: number | undefined,
  { queue, claimant, log }: MailEndsParts,
): Promise<void> {
  const fields = { entry: entry.id, recipient: entry.recipient, host: result.host, reply: result.reply };
  if (next !== undefined) {
    await queue.defer(claimant, entry.id, next, result.reply);
    log('delivery.deferred', { ...fields, next });
    return;
  }
  await queue.finish(claimant, entry.id, [], []);
  log(result.state === 'delivered' ? 'delivery.delivered' : 'delivery.failed', fields);
}
