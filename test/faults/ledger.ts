import type { Copy } from '../soak/sink-log.ts';

/** What the client heard at the end of its message. `silence`: the connection died, or nothing came in time: kept or not, both are right. */
export type Answer = 'accepted' | 'refused' | 'silence';

/** One message that was sent. */
export interface Sent {
  readonly subject: string;
  /** Who has to get it. */
  readonly readers: readonly string[];
  readonly answer: Answer;
  /** The reply to the end of the message, or why there is none. */
  readonly reply: string;
}

/** What came of a run. All but `runs` and `duplicates` must be 0. */
export interface Verdict {
  readonly runs: number;
  /** Pairs of an accepted message and a reader who did not get it. */
  readonly lost: number;
  /** Copies beyond the first of a message to a reader. */
  readonly duplicates: number;
  /** Copies under another reader's envelope, messages with two numbers, and numbers with two messages. */
  readonly crossed: number;
  /** Copies of messages that were refused or never sent, and refusals for good. */
  readonly strange: number;
}

/** Compares what was answered with what the sink took. `copies` are those of these messages alone. */
export function judge(sent: readonly Sent[], copies: readonly Copy[]): Verdict {
  const accepted = sent.filter(({ answer }) => answer === 'accepted');
  const got = new Set(copies.map(keyOf));
  const lost = accepted.reduce((sum, message) => sum + missing(message, got), 0);
  return {
    runs: 1,
    lost,
    duplicates: copies.length - got.size,
    crossed: copies.filter(isUnderAnothersEnvelope).length + crossedNumbers(copies),
    strange: strangeCopies(sent, copies) + sent.filter(isRefusedForGood).length,
  };
}

/** Whether every reader of every accepted message has got it. */
export function isComplete(sent: readonly Sent[], copies: readonly Copy[]): boolean {
  return judge(sent, copies).lost === 0;
}

/** One verdict for several. */
export function sum(verdicts: readonly Verdict[]): Verdict {
  const of = (key: keyof Verdict): number => verdicts.reduce((total, verdict) => total + verdict[key], 0);
  return {
    runs: of('runs'),
    lost: of('lost'),
    duplicates: of('duplicates'),
    crossed: of('crossed'),
    strange: of('strange'),
  };
}

function keyOf({ subject, recipient }: Copy): string {
  return `${subject} ${recipient}`;
}

function missing({ subject, readers }: Sent, got: ReadonlySet<string>): number {
  return readers.filter((reader) => !got.has(`${subject} ${reader}`)).length;
}

// Trouble of ours is temporary.
function isRefusedForGood({ answer, reply }: Sent): boolean {
  return answer === 'refused' && !reply.startsWith('4');
}

function strangeCopies(sent: readonly Sent[], copies: readonly Copy[]): number {
  const readersOf = new Map(
    sent.filter(({ answer }) => answer !== 'refused').map(({ subject, readers }) => [subject, new Set(readers)]),
  );
  return copies.filter(({ subject, recipient }) => !readersOf.get(subject)?.has(recipient)).length;
}

const returnSender = /-return-(\d+)\.[a-z0-9]+-([^@]+)@/;

// Mail to a list's owner is forwarded under a sender of its own.
function isUnderAnothersEnvelope({ sender, recipient }: Copy): boolean {
  const named = returnSender.exec(sender)?.[2];
  return named !== undefined && named !== recipient.replace('@', '=');
}

function crossedNumbers(copies: readonly Copy[]): number {
  const pairs = new Set<string>();
  const subjects = new Set<string>();
  const numbers = new Set<string>();
  for (const { sender, subject } of copies) {
    const number = returnSender.exec(sender)?.[1];
    if (number === undefined) continue;
    const list = sender.slice(0, sender.indexOf('-return-'));
    pairs.add(`${list} ${number} ${subject}`);
    subjects.add(`${list} ${subject}`);
    numbers.add(`${list} ${number}`);
  }
  return pairs.size - subjects.size + (pairs.size - numbers.size);
}
