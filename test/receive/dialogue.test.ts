import assert from 'node:assert/strict';
import test, { suite } from 'node:test';
import { codesOf, domain, startStation, stationSettings, talk } from '../helpers/station.ts';

const mail = 'MAIL FROM:<a@x.example>';
const rcpt = `RCPT TO:<news@${domain}>`;
const text = ['Subject: a', '', 'x', '.'];

// What a client says, line by line, and the codes of the replies behind the greeting and to QUIT.
const smtp: readonly (readonly [what: string, lines: readonly string[], codes: string])[] = [
  ['the old greeting', ['HELO c', mail, rcpt, 'DATA', ...text], '250 250 250 354 250'],
  ['two messages in one session', ['EHLO c', mail, rcpt, 'DATA', ...text, mail, rcpt, 'DATA', ...text], '250 250 250 354 250 250 250 354 250'],
  ['MAIL before a greeting', [mail], '503'],
  ['RCPT before MAIL', ['EHLO c', rcpt], '250 503'],
  ['DATA before RCPT', ['EHLO c', mail, 'DATA'], '250 250 503'],
  ['DATA when nobody was accepted', ['EHLO c', mail, `RCPT TO:<nobody@${domain}>`, 'DATA'], '250 250 550 503'],
  ['MAIL twice', ['EHLO c', mail, mail], '250 250 503'],
  ['RSET forgets the recipients', ['EHLO c', mail, rcpt, 'RSET', 'DATA'], '250 250 250 250 503'],
  ['the null sender', ['EHLO c', 'MAIL FROM:<>', rcpt], '250 250 250'],
  ['small letters', ['ehlo c', 'mail from:<a@x.example>', `rcpt to:<news@${domain}>`], '250 250 250'],
  ['a list in capitals', ['EHLO c', mail, `RCPT TO:<NEWS@${domain.toUpperCase()}>`], '250 250 250'],
  ['BODY=8BITMIME', ['EHLO c', `${mail} BODY=8BITMIME`, rcpt], '250 250 250'],
  ['a sender that is none', ['EHLO c', 'MAIL FROM:<a..b@x.example>'], '250 501'],
  ['a sender with a control character', ['EHLO c', 'MAIL FROM:<a\u0001b@x.example>'], '250 501'],
  ['a sender at no domain name', ['EHLO c', 'MAIL FROM:<a@-x.example>'], '250 553'],
  ['a path without brackets', ['EHLO c', 'MAIL FROM:'], '250 501'],
  ['NOOP, and VRFY that tells nothing', ['EHLO c', 'NOOP', 'VRFY ann'], '250 250 252'],
  ['EXPN', ['EHLO c', 'EXPN news'], '250 500'],
  ['AUTH and STARTTLS without their settings', ['EHLO c', 'AUTH PLAIN AAAA', 'STARTTLS'], '250 500 500'],
  ['a chunk', ['EHLO c', mail, rcpt, 'BDAT 3 LAST', 'x'], '250 250 250 250'],
  ['a command of LMTP', ['LHLO c'], '500'],
  ['XCLIENT and XFORWARD', ['EHLO c', 'XCLIENT ADDR=192.0.2.1', 'XFORWARD ADDR=192.0.2.1'], '250 550 550'],
  ['what old sendmails knew', ['EHLO c', 'WIZ x', 'SHELL id', 'KILL x'], '250 500 500 500'],
]; // prettier-ignore

suite('SMTP', { concurrency: 8 }, () => {
  for (const [what, lines, codes] of smtp) {
    test(what, async (t) => {
      const { port } = await startStation(t);
      const replies = await talk(port, [[...lines, 'QUIT', ''].join('\r\n')]);
      assert.equal(codesOf(replies).join(' '), `220 ${codes} 221`, replies.join('\n'));
    });
  }
});

const closed = `RCPT TO:<closed@${domain}>`;
const help = `RCPT TO:<news-help@${domain}>`;
const lmtp: readonly (readonly [what: string, lines: readonly string[], codes: string])[] = [
  ['one reply for each that was accepted at RCPT', ['LHLO c', mail, rcpt, `RCPT TO:<nobody@${domain}>`, closed, help, 'DATA', ...text], '250 250 250 550 250 250 354 250 550 250'],
  ['a recipient that is named twice owes no reply', ['LHLO c', mail, rcpt, rcpt.replace('news', 'News'), 'DATA', ...text], '250 250 250 452 354 250'],
  ['everybody is refused for a message that cannot be taken', ['LHLO c', mail, rcpt, help, 'DATA', 'Subject: a', '', 'a\0b', '.'], '250 250 250 250 354 550 550'],
  ['all lists refuse', ['LHLO c', mail, closed, 'DATA', ...text], '250 250 250 354 550'],
  ['nobody is relayed for here either', ['LHLO c', mail, 'RCPT TO:<bob@other.example>', 'DATA'], '250 250 550 503'],
  ['commands of SMTP', ['EHLO c', 'HELO c'], '500 500'],
]; // prettier-ignore

suite('LMTP', { concurrency: 8 }, () => {
  for (const [what, lines, codes] of lmtp) {
    test(what, async (t) => {
      const { port } = await startStation(t, {}, 'lmtp');
      const replies = await talk(port, [[...lines, 'QUIT', ''].join('\r\n')]);
      assert.equal(codesOf(replies).join(' '), `220 ${codes} 221`, replies.join('\n'));
    });
  }
});

test('a message with a CR or LF of its own is answered, to each recipient in LMTP, and nothing behind it is read', async (t) => {
  for (const [protocol, hello, count] of [
    ['smtp', 'EHLO c', 1],
    ['lmtp', 'LHLO c', 2],
  ] as const) {
    const { port, messages } = await startStation(t, {}, protocol);
    for (const bare of ['a\rb', 'a\nb', '\n.\n', '\r.\r', 'x\r']) {
      const wire = [hello, mail, rcpt, help, 'DATA', bare, '.', mail, rcpt, 'DATA', ...text, 'QUIT', ''].join('\r\n');
      for (const parts of [[wire], wire.split(/(?<=\n)/)]) {
        const lines = await talk(port, parts);
        assert.deepEqual(lines.slice(-count), Array(count).fill(lines.at(-1)));
        assert.match(lines.at(-1)!, /^550 5\.6\.0 .*CR or LF/);
        assert.equal(codesOf(lines).join(' '), `220 250 250 250 250 354${' 550'.repeat(count)}`);
      }
    }
    assert.deepEqual(messages, []);
  }
});

test('a recipient above the limit is put off, and those before it are served', async (t) => {
  const { port, entries } = await startStation(t, { settings: stationSettings({ recipientsMost: 2 }) });
  const names = ['news', 'news-help', 'news-info'].map((name) => `RCPT TO:<${name}@${domain}>`);
  const lines = await talk(port, [['EHLO c', mail, ...names, 'DATA', ...text, 'QUIT', ''].join('\r\n')]);
  assert.ok(
    lines.some((line) => line.startsWith('452 4.5.3')),
    lines.join('\n'),
  );
  assert.deepEqual(codesOf(lines), ['220', '250', '250', '250', '250', '452', '354', '250', '221']);
  assert.equal(entries.length, 2);
});

test('a connection above the limit is told to come back', async (t) => {
  const { port } = await startStation(t, { settings: stationSettings({ connectionsMost: 1 }) });
  const first = talk(port, ['EHLO c\r\n', 'QUIT\r\n']);
  const second = talk(port, ['']);
  const replies = await Promise.all([first, second]);
  assert.ok(
    replies.flat().some((line) => line.startsWith('421 4.')),
    replies.flat().join('\n'),
  );
});

test('a list whose state cannot be read now is asked again later', async (t) => {
  const judge = async (): Promise<undefined> => Promise.reject(new Error('the database is locked'));
  for (const [protocol, hello] of [
    ['smtp', 'EHLO c'],
    ['lmtp', 'LHLO c'],
  ] as const) {
    const { port, entries } = await startStation(t, { judge }, protocol);
    const lines = await talk(port, [[hello, mail, rcpt, help, 'DATA', ...text, 'QUIT', ''].join('\r\n')]);
    const replies = lines.filter((line) => line.startsWith('451'));
    assert.deepEqual(replies, Array(protocol === 'lmtp' ? 2 : 1).fill('451 4.3.0 local trouble; try again later'));
    assert.deepEqual(entries, []);
  }
});

test('what a client calls itself reaches the trace line as a name only', async (t) => {
  const { port, messages } = await startStation(t);
  for (const name of ['a b) by evil', '[192.0.2.1]', 'x"><\u00e4', '(comment)']) {
    await talk(port, [[`EHLO ${name}`, mail, rcpt, 'DATA', ...text, 'QUIT', ''].join('\r\n')]);
  }
  for (const { body } of messages) {
    assert.match(Buffer.from(body).toString('latin1'), /^Received: from [A-Za-z0-9.:_[\]?-]+ \(\[127\.0\.0\.1\]\)\r\n/);
  }
});

const evil = 'other.example';
const forms = [
  `bob@${evil}`, `postmaster@${evil}`, `bob%${evil}@${domain}`, `bob%${evil}`, `"bob%${evil}"@${domain}`, `${evil}!bob@${domain}`, `${evil}!bob`,
  `${domain}!${evil}!bob`, `"${evil}!bob"@${domain}`, `@${domain}:bob@${evil}`, `@${domain},@a.example:bob@${evil}`, `@[127.0.0.1]:bob@${evil}`,
  `bob@${evil}@${domain}`, `bob@${domain}@${evil}`, `"bob@${evil}"@${domain}`, `"bob@${evil}"`, `bob@[127.0.0.1]`, 'bob@127.0.0.1', 'bob@[IPv6:::1]',
  `news@[127.0.0.1]`, `bob%${evil}@[127.0.0.1]`, `"bob@${evil}"@[127.0.0.1]`, 'bob@localhost', 'bob', '', ' ', `bob@${domain}.`, `bob@.${domain}`,
  `bob@${domain}.${evil}`, `bob@x.${domain}`, `news%${domain}@${evil}`, `bob@${evil},news@${domain}`, `bob @${evil}`, `bob@${evil} news@${domain}`,
  `news@${domain}>, <bob@${evil}`, `bob@${evil}#@${domain}`, `bob@${evil}\0@${domain}`, `bob@${evil}(news@${domain})`, `<bob@${evil}>`, `bob@${evil};${domain}`,
  `news-subscribe-bob=${evil}@${evil}`, `return.aaaaaaaa.b.b.aaaaaaaa@${domain}`, `\u212a@${domain}`, `__proto__@${domain}`,
]; // prettier-ignore

test('nobody is relayed for, in any form of path', async (t) => {
  const { port, entries } = await startStation(t);
  // At most as many connections at a time as a receiver takes.
  for (let at = 0; at < forms.length; at += 15) {
    const probe = async (form: string): Promise<void> => {
      const wire = Buffer.from(`EHLO c\r\n${mail}\r\nRCPT TO:<${form}>\r\nDATA\r\nQUIT\r\n`);
      const codes = codesOf(await talk(port, [wire]));
      assert.match(codes.join(' '), /^220 250 250 5\d\d 503 221$/, form);
    };
    await Promise.all(forms.slice(at, at + 15).map(probe));
  }
  assert.deepEqual(entries, []);
});
