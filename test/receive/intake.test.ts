import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { idMaker } from '../../src/lib/ids.ts';
import { StorageError, type TroubleKind } from '../../src/lib/storage-trouble.ts';
import { permanent } from '../../src/mail/failure.ts';
import type { NewEntry, NewMessage } from '../../src/queue/store.ts';
import { type Arrival, intake, type IntakeParts, type Verdict } from '../../src/receive/intake.ts';
import type { Recipient } from '../../src/receive/path.ts';
import { routeText } from '../../src/route.ts';
import { placesOf } from '../helpers/places.ts';
import { domain, stationSettings } from '../helpers/station.ts';

interface Desk {
  readonly messages: NewMessage[];
  readonly entries: NewEntry[];
  readonly logged: string[];
  readonly take: (names: readonly string[], more?: Partial<Arrival>) => Promise<string[]>;
}

function desk(given: Partial<IntakeParts> = {}): Desk {
  const messages: NewMessage[] = [];
  const entries: NewEntry[] = [];
  const logged: string[] = [];
  const parts: IntakeParts = {
    settings: stationSettings(),
    hostname: domain,
    places,
    judge: async (_sender, { name }) => (name === 'closed' ? permanent('5.7.1', 'no posts') : undefined),
    accept: async (some, more) => {
      messages.push(...some);
      entries.push(...more);
    },
    onAccepted: () => void logged.push('rung'),
    clock: systemClock,
    log: (event) => void logged.push(event),
    newId: idMaker(systemClock),
    ...given,
  };
  const take: Desk['take'] = async (names, more = {}) => {
    const arrival: Arrival = {
      envelope: { sender: 'a@x.example', recipients: names.map((name) => recipient(`${name}@${domain}`)) },
      peer: { helo: 'c', address: '192.0.2.1', protocol: 'ESMTP' },
      chunks: [Buffer.from('Subject: a\r\n'), Buffer.from('\r\nx\r\n')],
      isLmtp: false,
      ...more,
    };
    return (await intake(arrival, parts)).map(said);
  };
  return { messages, entries, logged, take };
}

const places = placesOf([`news@${domain}`, `closed@${domain}`]);

function recipient(text: string): Recipient {
  return { text, canonical: text, route: routeText(text, places) };
}

function said(verdict: Verdict): string {
  return 'id' in verdict ? 'taken' : verdict.failure.status;
}

test('one message, and an entry for each recipient, in their order', async () => {
  const { take, messages, entries } = desk();
  assert.deepEqual(await take(['news', 'news-help']), ['taken', 'taken']);
  assert.equal(messages.length, 1);
  assert.deepEqual(
    entries.map(({ recipient, message, list }) => [recipient, message, list]),
    ['news', 'news-help'].map((name) => [`${name}@${domain}`, messages[0]!.id, `news@${domain}`]),
  );
  assert.ok(entries.every(({ id, cause }) => id === cause));
});

test('only after the commit is the queue told and the acceptance logged', async () => {
  const order: string[] = [];
  const accept = async (): Promise<void> => void order.push('committed');
  const log = (event: string): void => void order.push(event);
  await desk({ accept, log, onAccepted: () => void order.push('rung') }).take(['news']);
  assert.deepEqual(order, ['committed', 'message.accepted', 'rung']);
});

test('a list that refuses is answered alone in LMTP; in SMTP with the others it is told after the commit', async () => {
  const lmtp = desk();
  assert.deepEqual(await lmtp.take(['closed', 'news'], { isLmtp: true }), ['5.7.1', 'taken']);
  assert.equal(lmtp.entries.length, 1);
  const smtp = desk();
  assert.deepEqual(await smtp.take(['closed', 'news']), ['taken', 'taken']);
  assert.equal(smtp.entries.length, 2);
});

test('when all lists refuse nothing is stored', async () => {
  for (const isLmtp of [false, true]) {
    const { take, messages, logged } = desk();
    assert.deepEqual(await take(['closed', 'closed'], { isLmtp }), ['5.7.1', '5.7.1']);
    assert.deepEqual([messages, logged], [[], ['message.refused']]);
  }
});

test('what is wrong with the message goes before what a list thinks of it', async () => {
  const { take, messages } = desk();
  assert.deepEqual(await take(['closed', 'news'], { chunks: [Buffer.from('a\nb')] }), ['5.6.0', '5.6.0']);
  assert.deepEqual(messages, []);
});

test('our own trace line is not one of the hundred', async () => {
  const chunks = (count: number): Buffer[] => [Buffer.from(`${'Received: x\r\n'.repeat(count)}\r\n`)];
  assert.deepEqual(await desk().take(['news'], { chunks: chunks(99) }), ['taken']);
  assert.deepEqual(await desk().take(['news'], { chunks: chunks(100) }), ['5.4.6']);
});

const kinds: readonly TroubleKind[] = ['full', 'busy', 'readonly', 'io', 'corrupt', 'missing', 'bug'];
for (const kind of kinds) {
  test(`a commit that fails (${kind}) is temporary, and its cause is not told`, async () => {
    const accept = async (): Promise<void> => Promise.reject(new StorageError({ kind, message: '/secret/path' }));
    const { take, logged } = desk({ accept });
    assert.deepEqual(await take(['news'], { isLmtp: true }), [kind === 'full' ? '4.3.1' : '4.3.0']);
    assert.deepEqual(logged, ['storage.trouble', 'message.refused']);
  });
}

test('a body that finds no room outside the database is a full disk too', async () => {
  for (const code of ['ENOSPC', 'EDQUOT']) {
    const accept = async (): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }));
    assert.deepEqual(await desk({ accept }).take(['news']), ['4.3.1']);
  }
});
