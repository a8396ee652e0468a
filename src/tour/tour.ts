import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Clock } from '../lib/clock.ts';
import { safeName } from '../lib/files.ts';
import type { List } from '../list/list.ts';
import { parseAddress } from '../mail/address.ts';
import { Mailbox, type Received } from './mailbox.ts';

/** What the tour plays on: a running daemon in sandbox mode. */
export interface TourParts {
  readonly list: List;
  /** Where the daemon takes SMTP. */
  readonly port: number;
  /** The directory of the sandbox's Maildirs. */
  readonly mail: string;
  readonly clock: Clock;
  /** Gets one readable line for each step. */
  readonly say: (line: string) => void;
}

/** How long one mail may take to arrive before the tour says that the step failed. */
const patienceMs = 10_000;

interface Person {
  readonly address: string;
  readonly box: Mailbox;
}

class StepFailed extends Error {}

/**
 * Plays the story of a list over real SMTP connections: three people join, one posts, all get it, one leaves, the next post
 * reaches two. Undefined when every step was seen, else the step that was not.
 */
export async function playTour(parts: TourParts): Promise<string | undefined> {
  try {
    await clearLastRun(parts);
    const [ann, ben, cleo] = newPeople(parts);
    for (const person of [ann, ben, cleo]) await joinList(parts, person);
    await post(parts, ann, 'Hello from Ann', [ann, ben, cleo]);
    await leave(parts, ben);
    await post(parts, cleo, 'Cleo answers', [ann, cleo]);
    await expectNothing(ben);
    parts.say(`${ben.address} got nothing, as asked`);
    return undefined;
  } catch (error) {
    if (error instanceof StepFailed) return error.message;
    throw error;
  }
}

async function joinList(parts: TourParts, person: Person): Promise<void> {
  const { name } = parts.list;
  const ask = `${name.name}-subscribe@${name.domain}`;
  await send(parts, person, ask, 'please');
  const request = await expectMail(person, `a request to confirm the subscription`);
  parts.say(`${person.address} wrote to ${ask} and was asked to confirm: "${request.subject}"`);
  await send(parts, person, request.replyTo, `Re: ${request.subject}`);
  const welcome = await expectMail(person, 'a welcome');
  parts.say(`${person.address} replied to ${request.replyTo} and got: "${welcome.subject}"`);
}

async function leave(parts: TourParts, person: Person): Promise<void> {
  const { name } = parts.list;
  const ask = `${name.name}-unsubscribe@${name.domain}`;
  await send(parts, person, ask, 'please');
  const request = await expectMail(person, 'a request to confirm the leaving');
  await send(parts, person, request.replyTo, `Re: ${request.subject}`);
  const goodbye = await expectMail(person, 'a goodbye');
  parts.say(`${person.address} wrote to ${ask}, replied to the request, and got: "${goodbye.subject}"`);
}

async function post(parts: TourParts, author: Person, subject: string, readers: readonly Person[]): Promise<void> {
  await send(parts, author, parts.list.name.address, subject);
  parts.say(`${author.address} posted "${subject}" to ${parts.list.name.address}`);
  const senders = new Set<string>();
  for (const reader of readers) {
    const copy = await expectMail(reader, `the post "${subject}"`);
    if (!copy.subject.endsWith(subject))
      throw new StepFailed(`${reader.address} got "${copy.subject}" instead of "${subject}"`);
    senders.add(copy.sender);
    parts.say(`  ${reader.address} got it from <${copy.sender}>`);
  }
  if (senders.size !== readers.length) throw new StepFailed('two readers got the post under the same envelope sender');
}

async function send(parts: TourParts, from: Person, to: string, subject: string): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: parts.port, ignoreTLS: true });
  try {
    const text = `${subject}\n\nThis mail is part of the tour.\n`;
    await transport.sendMail({ from: from.address, to, subject, text });
  } catch (error) {
    throw new StepFailed(`${from.address} could not send to ${to}: ${(error as Error).message}`);
  } finally {
    transport.close();
  }
}

async function expectMail(person: Person, what: string): Promise<Received> {
  const mail = await person.box.next(patienceMs);
  if (!mail) throw new StepFailed(`${person.address} did not get ${what} within ${patienceMs / 1_000} s`);
  return mail;
}

async function expectNothing(person: Person): Promise<void> {
  if ((await person.box.unread()) > 0) throw new StepFailed(`${person.address} got mail after leaving`);
}

// The first run has ann@…, the second ann.2@…: yesterday's requests and allowances are other people's then.
function newPeople(parts: TourParts): [Person, Person, Person] {
  let run = 1;
  while (existsSync(join(parts.mail, safeName(addressOf('ann', run))))) run++;
  const person = (name: string): Person => {
    const address = addressOf(name, run);
    return { address, box: new Mailbox(parts.mail, address, parts.clock) };
  };
  return [person('ann'), person('ben'), person('cleo')];
}

function addressOf(name: string, run: number): string {
  return run === 1 ? `${name}@example.org` : `${name}.${run}@example.org`;
}

async function clearLastRun(parts: TourParts): Promise<void> {
  const cause = { id: `tour-${parts.clock.now()}`, tag: 'manual', at: parts.clock.now() };
  let removed = 0;
  for await (const page of parts.list.store.addresses('subscriber')) {
    const old = page.filter((address) => /^(?:ann|ben|cleo)(?:\.\d+)?@example\.org$/.test(address));
    removed += await parts.list.store.remove(
      'subscriber',
      old.map((address) => parseAddress(address)!),
      cause,
    );
  }
  if (removed > 0) parts.say(`took ${removed} members of an earlier tour off the list`);
}
