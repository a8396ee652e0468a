import type { User } from '../domain/users.ts';
import { type Failure, temporary } from '../mail/failure.ts';

/** What is counted together. A limit holds over the last hour or day, to this. */
const stepMs = 300_000;
const stepsOf = { hour: 12, day: 288 } as const;

interface Count {
  messages: number;
  recipients: number;
}

/** Counts what each user hands in. It is forgotten when the daemon ends. */
export class Quota {
  readonly #now: () => number;
  /** By user and step. */
  readonly #counts = new Map<string, Map<number, Count>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts one message; a failure when the user has sent too many. */
  take(user: User, recipients: number): Failure | undefined {
    const step = Math.floor(this.#now() / stepMs);
    const counts = this.#counts.get(user.name) ?? new Map<number, Count>();
    this.#counts.set(user.name, counts);
    for (const at of counts.keys()) if (at <= step - stepsOf.day) counts.delete(at);
    const [hour, day] = [sum(counts, step - stepsOf.hour), sum(counts, step - stepsOf.day)];
    const isTooMuch =
      hour.messages + 1 > user.messagesPerHour ||
      day.messages + 1 > user.messagesPerDay ||
      hour.recipients + recipients > user.recipientsPerHour ||
      day.recipients + recipients > user.recipientsPerDay;
    if (isTooMuch) return temporary('4.7.1', 'you have sent as much as you may; try again later');
    const now = counts.get(step) ?? { messages: 0, recipients: 0 };
    counts.set(step, { messages: now.messages + 1, recipients: now.recipients + recipients });
    return undefined;
  }
}

function sum(counts: ReadonlyMap<number, Count>, after: number): Count {
  const total = { messages: 0, recipients: 0 };
  for (const [at, { messages, recipients }] of counts) {
    if (at <= after) continue;
    total.messages += messages;
    total.recipients += recipients;
  }
  return total;
}
