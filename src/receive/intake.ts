import type { ServerSettings } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import { StorageError } from '../lib/storage-trouble.ts';
import type { ListName } from '../list/name.ts';
import type { Log } from '../log.ts';
import { type Failure, temporary } from '../mail/failure.ts';
import type { DsnRequest } from '../mail/dsn-request.ts';
import { receivedField } from '../mail/received.ts';
import { causeOfUser } from '../queue/cause.ts';
import type { NewEntry, NewMessage } from '../queue/store.ts';
import type { Places, Route } from '../route.ts';
import { checkMessage } from './check.ts';
import type { Recipient } from './path.ts';

/** Says before the reply to DATA why a list will not take a post; undefined: it may be accepted. */
export type Judge = (sender: Sender, list: ListName, message: Buffer) => Promise<Failure | undefined>;

/** Who sends: the envelope sender, and the name of the user who has logged in. */
export interface Sender {
  readonly address: string;
  readonly user?: string;
}

/** What becomes of one recipient: accepted under an entry's id, or refused. */
export type Verdict = { readonly id: Id } | { readonly failure: Failure };

export interface Arrival {
  readonly envelope: {
    readonly sender: string;
    readonly recipients: readonly Recipient[];
    /** What was asked about notifications, by recipient. */
    readonly dsn?: ReadonlyMap<string, DsnRequest>;
  };
  /** The name of the user who has logged in: mail of theirs is relayed, and its From is an address of theirs. */
  readonly user?: string;
  readonly peer: { readonly helo: string; readonly address: string; readonly protocol: string };
  readonly chunks: readonly Buffer[];
  /** One reply per recipient: each may be refused alone. */
  readonly isLmtp: boolean;
}

export interface IntakeParts {
  readonly settings: ServerSettings;
  readonly hostname: string;
  readonly places: Places;
  readonly judge: Judge;
  /** Looks at what a user hands in, and counts it. */
  readonly judgeUser?: (message: Buffer) => Failure | undefined;
  /** Puts it on disk; `routes`: where they lead, by entry. */
  readonly accept: (
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
    routes: ReadonlyMap<Id, Route>,
  ) => Promise<void>;
  /** Something is in the queue; `isMail`: some of it for delivery. */
  readonly onAccepted: (isMail: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => Id;
}

/** Checks a whole message, judges it for every list, and puts it on disk; a verdict per recipient, in their order. */
export async function intake(arrival: Arrival, parts: IntakeParts): Promise<Verdict[]> {
  const { recipients } = arrival.envelope;
  const message = parts.newId();
  const body = traced(arrival, message, parts);
  // Our own trace line is not counted.
  const wrong = checkMessage(body, parts.settings.receivedMost + 1) ?? parts.judgeUser?.(body);
  if (wrong) return refusedAll(arrival, wrong, parts);
  const isPost = recipients.some(({ route }) => route.kind === 'post');
  const verdicts = isPost ? await Promise.all(recipients.map(({ route }) => judged(route, arrival, body, parts))) : [];
  const refusals = verdicts.filter((verdict) => verdict !== undefined);
  if (refusals.length === recipients.length) return refusedAll(arrival, refusals[0]!, parts);
  // Where SMTP has one reply for all, a list that refuses says so after the commit.
  const taken = recipients.map((recipient, at) =>
    arrival.isLmtp && verdicts[at] ? undefined : entryFor(recipient, arrival, message, parts),
  );
  const entries = taken.filter((entry) => entry !== undefined);
  const routes = new Map(taken.flatMap((entry, at) => (entry ? [[entry.id, recipients[at]!.route]] : [])));
  const trouble = await stored({ id: message, body }, entries, routes, parts);
  if (trouble) return refusedAll(arrival, trouble, parts);
  parts.onAccepted(entries.some(({ kind }) => kind === 'mail'));
  return taken.map((entry, at) => (entry ? { id: entry.id } : { failure: verdicts[at]! }));
}

async function judged(
  route: Route,
  { envelope, user }: Arrival,
  body: Buffer,
  parts: IntakeParts,
): Promise<Failure | undefined> {
  const sender = { address: envelope.sender, ...(user !== undefined && { user }) };
  return route.kind === 'post' ? parts.judge(sender, route.list, body) : undefined;
}

function traced({ peer, chunks }: Arrival, id: Id, parts: IntakeParts): Buffer {
  const { clock, hostname } = parts;
  const field = receivedField({ ...peer, by: hostname, id, at: clock.now() });
  return Buffer.concat([Buffer.from(field, 'latin1'), ...chunks]);
}

function entryFor({ text, route }: Recipient, arrival: Arrival, message: Id, parts: IntakeParts): NewEntry {
  const { user, envelope } = arrival;
  const id = parts.newId();
  const dsn = envelope.dsn?.get(text);
  return {
    id,
    // RCPT has let a foreign address pass for a user alone.
    kind: route.kind === 'foreign' ? 'mail' : 'arrived',
    message,
    sender: envelope.sender,
    recipient: text,
    list: 'list' in route ? route.list.address : '',
    cause: user === undefined ? id : causeOfUser(user, id),
    due: parts.clock.now(),
    ...(dsn && { dsn }),
  };
}

async function stored(
  message: NewMessage,
  entries: readonly NewEntry[],
  routes: ReadonlyMap<Id, Route>,
  parts: IntakeParts,
): Promise<Failure | undefined> {
  try {
    await parts.accept([message], entries, routes);
  } catch (error) {
    return storageFailure(error, parts);
  }
  for (const { id, sender, recipient } of entries) {
    parts.log('message.accepted', { entry: id, sender, recipient, octets: message.body.length });
  }
  return undefined;
}

function storageFailure(error: unknown, parts: IntakeParts): Failure {
  const cause = String(error);
  parts.log('storage.trouble', { doing: 'accepting a message', cause });
  const { code } = error as NodeJS.ErrnoException;
  const isFull = (error instanceof StorageError && error.kind === 'full') || code === 'ENOSPC' || code === 'EDQUOT';
  return isFull
    ? temporary('4.3.1', 'the disk is full; try again later', cause)
    : temporary('4.3.0', 'local trouble; try again later', cause);
}

function refusedAll({ envelope, peer }: Arrival, failure: Failure, parts: IntakeParts): Verdict[] {
  parts.log('message.refused', { peer: peer.address, sender: envelope.sender, reason: failure.text });
  return envelope.recipients.map(() => ({ failure }));
}
