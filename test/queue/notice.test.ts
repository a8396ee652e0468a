import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idMaker } from '../../src/lib/ids.ts';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { logNotice, type News, type Notice, noticeOf, type NoticeParts, type Reader } from '../../src/queue/notice.ts';
import type { Entry } from '../../src/queue/store.ts';
import { HandClock } from '../helpers/hand-clock.ts';

const clock = new HandClock();
const newId = idMaker(clock);
const domain = 'lists.example.org';
const postmaster = `postmaster@${domain}`;

const readers: Readonly<Record<string, Reader>> = {
  'ann@x.example': { kind: 'elsewhere' },
  [`news-return-1.aaaa-ann=x.example@${domain}`]: { kind: 'here', list: `news@${domain}` },
  [postmaster]: { kind: 'postmaster' },
  [`abuse@${domain}`]: { kind: 'postmaster' },
};

const parts: NoticeParts = {
  clock,
  newId,
  hostname: domain,
  domain,
  readerOf: (address) => readers[address] ?? { kind: 'nobody' },
};

const failed: News = { action: 'failed', status: '5.1.1', host: 'mx.y.example[192.0.2.1]', reply: '550 5.1.1 no' };
const letter = (fields = ''): Buffer => Buffer.from(`${fields}Subject: hello\r\n\r\nhello\r\n`);

function entryOf(change: Partial<Entry> = {}): Entry {
  const [id, message] = [newId(), newId()];
  const sent = { sender: 'ann@x.example', recipient: 'bob@y.example', list: '', cause: id, due: 0 };
  const kept = { state: 'claimed', created: clock.now(), attempts: 1, reply: '', size: 1 } as const;
  return { id, kind: 'mail', message, ...sent, ...kept, ...change };
}

function told(entry: Entry, news: News = failed, message = letter()): Promise<Notice | undefined> {
  return noticeOf(entry, news, async () => message, parts);
}

test('a sender elsewhere is told by mail, a sender here by an entry of its list, both from nobody', async () => {
  for (const [sender, { kind, ...where }] of Object.entries(readers).slice(0, 2)) {
    const entry = entryOf({ sender });
    const notice = await told(entry);
    const [follows] = notice!.entries;
    assert.deepEqual(
      [follows?.kind, follows?.sender, follows?.recipient, follows?.list, follows?.cause],
      [kind === 'elsewhere' ? 'mail' : 'arrived', '', sender, 'list' in where ? where.list : '', `${entry.id}:failed`],
    );
    assert.equal(follows?.message, notice?.messages[0]?.id);
  }
});

// Whom a failure is told to: by the sender, the recipient, and what the header bears; '' is nobody, and a line in the log.
const failures: readonly (readonly [sender: string, recipient: string, fields: string, to: string])[] = [
  ['', 'bob@y.example', '', postmaster],
  [`nobody@${domain}`, 'bob@y.example', '', postmaster],
  ['', postmaster, '', ''],
  ['', 'root@y.example', `Delivered-To: ${postmaster}\r\n`, ''],
  ['', 'root@y.example', `Delivered-To: news-owner@${domain}\r\nDelivered-To: abuse@${domain}\r\n`, ''],
  ['', 'root@y.example', `Delivered-To: news-owner@${domain}\r\n`, postmaster],
  ['ann@x.example', 'root@y.example', `Delivered-To: ${postmaster}\r\n`, 'ann@x.example'],
];

for (const [sender, recipient, fields, to] of failures) {
  test(`a mail of <${sender}> to ${recipient} with "${fields.trim()}" that fails is told to ${to || 'nobody'}`, async () => {
    const notice = await told(entryOf({ sender, recipient }), failed, letter(fields));
    assert.equal(notice?.to, to);
    assert.equal(notice.entries[0]?.recipient, to === '' ? undefined : to);
    const lines: string[] = [];
    logNotice(entryOf({ sender, recipient }), failed, notice, (event, about) =>
      lines.push(`${event} ${about['to'] ?? ''}`),
    );
    assert.deepEqual(lines, [to === '' ? 'dsn.lost ' : `dsn.queued ${to}`]);
  });
}

test('nobody but the sender is told of a success or a delay, and a delay only once', async () => {
  const dsn = { notify: ['success', 'delay'] } as const;
  for (const action of ['delivered', 'relayed', 'delayed'] as const) {
    const news = { ...failed, action };
    assert.equal((await told(entryOf({ dsn }), news))?.to, 'ann@x.example');
    assert.equal(await told(entryOf({ dsn, sender: '' }), news), undefined);
    assert.equal(await told(entryOf(), news), undefined);
  }
  assert.equal(await told(entryOf({ dsn, isDelayTold: true }), { ...failed, action: 'delayed' }), undefined);
});

test('NOTIFY=NEVER keeps a failure from everybody, and the message is not even looked at', async () => {
  const entry = entryOf({ sender: '', dsn: { notify: [] } });
  assert.equal(await noticeOf(entry, failed, () => assert.fail('looked at'), parts), undefined);
});

test('a message that is gone, and a home without domains, harm nothing', async () => {
  const notice = await noticeOf(entryOf(), failed, async () => undefined, parts);
  assert.equal(notice?.entries.length, 1);
  assert.equal(
    (await noticeOf(entryOf({ sender: '' }), failed, async () => letter(), { ...parts, domain: '' }))?.to,
    '',
  );
});

test('a reply in UTF-8, which came as octets, is read as such', async () => {
  const reply = Buffer.from('550 5.1.1 grün ist unbekannt').toString('latin1');
  const notice = await told(entryOf(), { ...failed, reply });
  const body = Buffer.from(notice!.messages[0]!.body);
  assert.match(body.toString(), /gr=C3=BCn/);
  assert.equal(valueOf(parseHeader(body), 'from'), `Mail Delivery System <mailer-daemon@${domain}>`);
});
