import type { SMTPServerSession } from 'smtp-server';
import type { ServerSettings } from '../config.ts';
import type { User } from '../domain/users.ts';
import { type Failure, permanent, temporary } from '../mail/failure.ts';
import type { Route } from '../route.ts';
import { failureReply } from '../smtp/reply.ts';
import { bareLineEnd } from './check.ts';
import type { Collected } from './collect.ts';
import { dsnRequests, type Named, readRecipient, readSender, type Refusal, withoutTwins } from './envelope.ts';
import { type Arrival, intake, type IntakeParts, type Verdict } from './intake.ts';
import type { Path, Recipient } from './path.ts';
import { ReplyError } from './smtp-engine.ts';
import type { Submission } from './submission.ts';

/** What sessions talk to. */
export interface DoorParts extends Omit<IntakeParts, 'judgeUser'> {
  readonly settings: ServerSettings;
  /** Forms of addresses that are answered; the others are refused at RCPT. */
  readonly isOffered: (route: Route) => boolean;
  /** Who may log in; without it nobody can. */
  readonly submission?: Submission;
  /** Requests of RFC 3461 are announced. */
  readonly isDsnHonoured: boolean;
}

/** What comes in at a door: mail for us by SMTP or LMTP, or what our users hand in. */
export type DoorKind = 'smtp' | 'lmtp' | 'submission';

/** Refused senders and recipients of a session since its last message: a hundred and more are guesses. */
const refusalsMost = 100;

/** The sessions of one receiver: what they say becomes a queue entry, or a refusal. */
export class Door {
  readonly #kind: DoorKind;
  readonly #parts: DoorParts;
  readonly #refusals = new WeakMap<SMTPServerSession, number>();

  constructor(kind: DoorKind, parts: DoorParts) {
    this.#kind = kind;
    this.#parts = parts;
  }

  /** Hears a name and password; gives the user, or the reply of a refusal. */
  async login(name: string, password: string, session: SMTPServerSession): Promise<User | ReplyError> {
    const { submission, log } = this.#parts;
    const address = session.remoteAddress;
    if (!submission) return asReply(permanent('5.7.0', 'nobody logs in here'), 503);
    const known = await submission.authenticate({ name, password, address });
    if (known.ok) return known.value;
    const { text, cause, temporary: passes } = known.failure;
    log('session.refused', { peer: address, what: `AUTH ${name}`.slice(0, 300), reason: cause ?? text });
    return asReply(known.failure, passes ? 454 : 535);
  }

  sender(path: Path, session: SMTPServerSession): Error | null {
    if (this.#kind === 'submission' && !userOf(session)) {
      const text = session.secure ? 'log in first' : 'begin with STARTTLS and log in';
      return this.#answered({ failure: permanent('5.7.0', text), code: 530 }, path, session);
    }
    const read = readSender(path, this.#named(session));
    if (typeof read === 'string') {
      path.sender = read;
      return null;
    }
    // What a refused MAIL has asked for is not asked for by the next one.
    session.envelope.smtpUtf8 = false;
    return this.#answered(read, path, session);
  }

  recipient(path: Path, session: SMTPServerSession): Error | null {
    const { domains } = this.#parts.settings;
    const found = readRecipient(path, this.#named(session), { ...this.#parts, domains });
    const refusal = 'failure' in found ? found : this.#twinRefusal(found, session);
    if ('text' in found) path.recipient = found;
    return this.#answered(refusal, path, session);
  }

  /** Takes a message; the replies, in LMTP one for each recipient, else one for all. A message that broke off has none. */
  async message(collected: Collected, session: SMTPServerSession): Promise<(string | Error)[]> {
    if (collected.trouble === 'broken off') {
      const reason = 'the connection ended within a message';
      this.#parts.log('session.refused', { peer: session.remoteAddress, reason });
      return [];
    }
    const envelope = this.#envelope(session);
    try {
      const verdicts = await this.#verdicts(collected, envelope, session);
      if (verdicts.some((verdict) => 'id' in verdict)) this.#refusals.delete(session);
      return this.#replies(
        verdicts.map((verdict) => ('id' in verdict ? `2.0.0 ok ${verdict.id}` : asReply(verdict.failure))),
      );
    } catch (error) {
      const reply = this.trouble(error);
      return this.#replies(envelope.recipients.map(() => reply));
    } finally {
      collected.release();
    }
  }

  /** The reply when we have a bug. */
  trouble(error: unknown): Error {
    const cause = error instanceof Error ? error.message : String(error);
    this.#parts.log('storage.trouble', { doing: 'taking a message', cause });
    return asReply(temporary('4.3.0', 'local trouble; try again later'));
  }

  // SMTP has one reply for all: the acceptance when there is one.
  #replies(replies: (string | Error)[]): (string | Error)[] {
    if (this.#kind === 'lmtp') return replies;
    return [replies.find((reply) => typeof reply === 'string') ?? replies[0] ?? noRecipients];
  }

  #verdicts(
    { trouble, chunks }: Collected,
    envelope: Arrival['envelope'],
    session: SMTPServerSession,
  ): readonly Verdict[] | Promise<readonly Verdict[]> {
    if (trouble !== undefined) return envelope.recipients.map(() => ({ failure: this.#notTaken(trouble) }));
    const user = userOf(session);
    const { submission } = this.#parts;
    const peer = {
      helo: session.hostNameAppearsAs || '',
      address: session.remoteAddress,
      protocol: traceWord(session),
    };
    return intake(
      { envelope, peer, chunks, isLmtp: this.#kind === 'lmtp', ...(user && { user: user.name }) },
      user && submission
        ? { ...this.#parts, judgeUser: (body) => submission.judge(user, body, envelope.recipients.length) }
        : this.#parts,
    );
  }

  #notTaken(trouble: NonNullable<Collected['trouble']>): Failure {
    const most = this.#parts.settings.messageBytesMost;
    return trouble === 'too large'
      ? permanent('5.3.4', `the message has more than ${most} octets`)
      : temporary('4.3.1', 'too many messages are coming in; try again later');
  }

  #named(session: SMTPServerSession): Named {
    const { isDsnHonoured } = this.#parts;
    return { isUtf8: isUtf8(session), user: userOf(session), isDsnHonoured };
  }

  // The package folds a recipient that is named twice into one, and LMTP would then owe a reply (RFC 2033 §4.2).
  #twinRefusal({ canonical }: Recipient, { envelope }: SMTPServerSession): Refusal | undefined {
    if (this.#kind !== 'lmtp') return undefined;
    const isTwice = envelope.rcptTo.some((one: Path) => one.recipient?.canonical === canonical);
    return isTwice ? { failure: temporary('4.5.3', 'named twice'), code: 452 } : undefined;
  }

  #answered(refusal: Refusal | undefined, { address }: Path, session: SMTPServerSession): Error | null {
    if (!refusal) return null;
    const count = (this.#refusals.get(session) ?? 0) + 1;
    this.#refusals.set(session, count);
    const reason = refusal.failure.text;
    this.#parts.log('session.refused', { peer: session.remoteAddress, what: address, reason });
    // 421 ends the session.
    return count > refusalsMost
      ? asReply(temporary('4.7.0', 'too many refused addresses'), 421)
      : asReply(refusal.failure, refusal.code);
  }

  #envelope({ envelope: { mailFrom, rcptTo } }: SMTPServerSession): Arrival['envelope'] {
    const recipients = rcptTo.flatMap(({ recipient }: Path) => recipient ?? []);
    const dsn = dsnRequests(mailFrom, rcptTo);
    return {
      sender: (mailFrom && (mailFrom as Path).sender) || '',
      // LMTP owes a reply for each, and has refused the second of two.
      recipients: this.#kind === 'lmtp' ? recipients : withoutTwins(recipients),
      ...(dsn && { dsn }),
    };
  }
}

const noRecipients = new ReplyError(554, '5.5.1 no recipients');

function userOf({ user }: SMTPServerSession): User | undefined {
  return (user as User | undefined | false) || undefined;
}

function isUtf8(session: SMTPServerSession): boolean {
  return session.envelope.smtpUtf8 ?? false;
}

// RFC 6531 §4.3: UTF8SMTP, UTF8SMTPS, UTF8LMTP … for ESMTP, ESMTPS, LMTP.
function traceWord(session: SMTPServerSession): string {
  const word = session.transmissionType;
  return isUtf8(session) ? `UTF8${word.replace(/^E/, '')}` : word;
}

function asReply(failure: Failure, code?: number): ReplyError {
  const reply = failureReply(failure, code);
  return new ReplyError(reply.code, reply.text, failure === bareLineEnd);
}
