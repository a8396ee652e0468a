import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import type { Clock } from '../lib/clock.ts';
import { safeName } from '../lib/files.ts';

/** What the tour looks at in a mail that somebody has received. */
export interface Received {
  readonly subject: string;
  /** Envelope sender, from Return-Path. */
  readonly sender: string;
  /** Where a simple reply would go. */
  readonly replyTo: string;
  readonly messageId: string;
  readonly text: string;
}

const pollMs = 25;

/** One person's Maildir in the sandbox; `next` gives each mail once, in the order of arrival. */
export class Mailbox {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #seen = new Set<string>();

  constructor(root: string, address: string, clock: Clock) {
    this.#directory = join(root, safeName(address), 'new');
    this.#clock = clock;
  }

  /** The next mail that has not been given yet; undefined when none has come within `patienceMs`. */
  async next(patienceMs: number): Promise<Received | undefined> {
    for (let waited = 0; waited <= patienceMs; waited += pollMs) {
      const [name] = await this.#unseen();
      if (name !== undefined) {
        this.#seen.add(name);
        return readMail(await readFile(join(this.#directory, name)));
      }
      await this.#clock.sleep(pollMs);
    }
    return undefined;
  }

  /** How many mails are there that `next` has not given. */
  async unread(): Promise<number> {
    return (await this.#unseen()).length;
  }

  async #unseen(): Promise<string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    return names.filter((name) => !this.#seen.has(name)).toSorted();
  }
}

async function readMail(octets: Buffer): Promise<Received> {
  const mail = await simpleParser(octets, { skipHtmlToText: true, skipTextToHtml: true });
  const answer = mail.replyTo?.value[0]?.address ?? mail.from?.value[0]?.address ?? '';
  return {
    subject: mail.subject ?? '',
    sender: returnPath(octets),
    replyTo: answer,
    messageId: mail.messageId ?? '',
    text: mail.text ?? '',
  };
}

function returnPath(octets: Buffer): string {
  return /^Return-Path: <([^>\r\n]*)>/i.exec(octets.toString('latin1', 0, 500))?.[1] ?? '';
}
