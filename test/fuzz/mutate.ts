import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The fixtures, and the mails of Sisimai's corpus where `EZLM_CORPORA` names its folder. */
export function seedMails(corpora: string | undefined): Buffer[] {
  const folders = [join(import.meta.dirname, '../fixtures/bounces')];
  if (corpora) folders.push(join(corpora, 'sisimai/bounces'), join(corpora, 'sisimai/not-bounces'));
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.eml'))
      .toSorted()
      .map((name) => readFileSync(join(folder, name))),
  );
}

type Mutation = (mail: Buffer, at: number, next: () => number, seeds: readonly Buffer[]) => Buffer;

/** What a pattern, a decoder or a splitter may choke on, when it comes a thousand times. */
const runs = [' ', '<', '@', '.', ':', '=', '-', '"', '\n', '\n\n', '>', '(', '\t', 'a', '5', 'a.', '=3D', '--', '\r'];
const fragments = [
  'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n',
  'Content-Transfer-Encoding: base64\n',
  'Content-Type: text/html\n\n',
  'Content-Type: text/plain; charset=utf-16\n',
  'Final-Recipient: rfc822; a@b.example\nAction: failed\n',
  '>>> RCPT To:<a@b.example>\n<<< 550 ',
  '<a@b.example>:\n',
  '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[null]}}',
  'From: MAILER-DAEMON@example.org\n',
  '__proto__: x\n',
  '\0',
  '\n\n',
];
const join3 = (mail: Buffer, at: number, put: Buffer, skip = 0): Buffer =>
  Buffer.concat([mail.subarray(0, at), put, mail.subarray(at + skip)]);

const mutations: readonly Mutation[] = [
  (mail, at, next) => join3(mail, at, Buffer.from([next() * 256]), 1),
  (mail, at, next) => join3(mail, at, Buffer.alloc(0), next() * 400),
  (mail, at, next) => join3(mail, at, mail.subarray(Math.max(0, at - next() * 2_000), at)),
  (mail, at, next) => join3(mail, at, Buffer.alloc(next() * 5_000, runs[Math.floor(next() * runs.length)])),
  (mail, at, next) => join3(mail, at, Buffer.from(fragments[Math.floor(next() * fragments.length)]!)),
  (mail, at, next, seeds) => join3(mail, at, seeds[Math.floor(next() * seeds.length)]!.subarray(0, next() * 4_000)),
  (mail, at) => mail.subarray(0, at),
  (mail) => Buffer.from(mail.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1'),
];
const octetsMost = 300_000;

/** A mail that went through something: up to eight changes, and one in fifty is blown up. */
export function mutate(seeds: readonly Buffer[], next: () => number): Buffer {
  let mail = seeds[Math.floor(next() * seeds.length)]!;
  for (let left = 1 + Math.floor(next() * 8); left > 0; left--) {
    const at = Math.floor(next() * (mail.length + 1));
    mail = mutations[Math.floor(next() * mutations.length)]!(mail, at, next, seeds);
  }
  if (next() < 0.02) mail = blownUp(mail, next);
  return mail.subarray(0, octetsMost);
}

// A piece of it many times, as a loop between two gateways makes it.
function blownUp(mail: Buffer, next: () => number): Buffer {
  const at = Math.floor(next() * mail.length);
  const piece = mail.subarray(at, at + 1 + Math.floor(next() * 300));
  return piece.length === 0 ? mail : join3(mail, at, Buffer.alloc(Math.floor(next() * octetsMost), piece));
}
