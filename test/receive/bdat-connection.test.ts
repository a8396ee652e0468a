import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import test, { suite } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { MessageRoom } from '../../src/receive/collect.ts';
import { opensslIsAbsent, selfSigned } from '../helpers/certificate.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { greeted } from '../helpers/session.ts';
import { codesOf, domain, type Station, startStation, stationSettings, talk } from '../helpers/station.ts';
import { until } from '../helpers/until.ts';

const mail = 'MAIL FROM:<a@x.example>\r\n';
const rcpt = (name: string): string => `RCPT TO:<${name}@${domain}>\r\n`;
const begin = `${mail}${rcpt('news')}`;
const bdat = (text: string, last = ''): string => `BDAT ${text.length}${last}\r\n${text}`;
const letter = bdat('Subject: a\r\n\r\nx\r\n', ' LAST');
const large = 'x'.repeat(70_000);

/** The text of a stored message without our trace line. */
function storedText(station: Station, at: number): string {
  return Buffer.from(station.messages[at]!.body)
    .toString('latin1')
    .replace(/^.*\r\n.*\r\n.*\r\n/, '');
}

// What follows the greeting, the codes of the replies to it, and the messages that are stored.
const rows: readonly (readonly [what: string, wire: string, codes: string, stored: readonly string[]])[] = [
  ['a message in one chunk', `${begin}${bdat('a\r\n', ' LAST')}`, '250 250 250', ['a\r\n']],
  ['in several, cut within a line and between CR and LF', `${begin}${bdat('a')}${bdat('b\r')}${bdat('\nc\r\n', ' LAST')}`, '250 250 250 250 250', ['ab\r\nc\r\n']],
  ['the last one empty', `${begin}${bdat('a\r\n')}${bdat('', ' LAST')}`, '250 250 250 250', ['a\r\n']],
  ['empty ones between', `${begin}${bdat('')}${bdat('a\r\n')}${bdat('')}${bdat('', ' LAST')}`, '250 250 250 250 250 250', ['a\r\n']],
  ['nothing at all', `${begin}${bdat('', ' LAST')}`, '250 250 250', ['']],
  ['dots are dots', `${begin}${bdat('.\r\n..\r\n\r\n.\r\n.a\r\n', ' LAST')}`, '250 250 250', ['.\r\n..\r\n\r\n.\r\n.a\r\n']],
  ['commands are no commands', `${begin}${bdat(`QUIT\r\n${begin}DATA\r\n`, ' LAST')}NOOP\r\n`, '250 250 250 250', [`QUIT\r\n${begin}DATA\r\n`]],
  ['a last line without its end gets one', `${begin}${bdat('a\r\nb', ' LAST')}`, '250 250 250', ['a\r\nb\r\n']],
  ['two messages, the second by DATA', `${begin}${letter}${begin}DATA\r\n..b\r\n.\r\n`, '250 250 250 250 250 354 250', ['Subject: a\r\n\r\nx\r\n', '.b\r\n']],
  ['RSET between chunks begins anew', `${begin}${bdat('a\r\n')}RSET\r\n${begin}${bdat('b\r\n', ' LAST')}`, '250 250 250 250 250 250 250', ['b\r\n']],
  ['so does a greeting', `${begin}${bdat('a\r\n')}EHLO c\r\n${begin}${bdat('b\r\n', ' LAST')}`, '250 250 250 250 250 250 250', ['b\r\n']],
  ['after RSET the chunks that follow are read and refused', `${begin}${bdat('a\r\n')}RSET\r\n${bdat('NOOP\r\n')}${bdat('x', ' LAST')}`, '250 250 250 250 503 503', []],
  ['without MAIL', `${bdat('NOOP\r\n')}${bdat('NOOP\r\n', ' LAST')}`, '503 503', []],
  ['without a recipient', `${mail}${rcpt('nobody')}${letter}`, '250 550 503', []],
  ['behind the last one', `${begin}${letter}${bdat('NOOP\r\n', ' LAST')}`, '250 250 250 503', ['Subject: a\r\n\r\nx\r\n']],
  ['DATA among chunks ends the transaction', `${begin}${bdat('a\r\n')}DATA\r\n${bdat('b\r\n', ' LAST')}DATA\r\nRCPT TO:<news@${domain}>\r\n`, '250 250 250 503 503 503 503', []],
  ['RCPT and MAIL among chunks are refused, and the chunks go on', `${begin}${bdat('a\r\n')}${rcpt('news-help')}${mail}${bdat('b\r\n', ' LAST')}`, '250 250 250 503 503 250', ['a\r\nb\r\n']],
  ['other commands among chunks', `${begin}${bdat('a\r\n')}NOOP\r\nVRFY ann\r\nHELP\r\n${bdat('b\r\n', ' LAST')}`, '250 250 250 250 252 214 250', ['a\r\nb\r\n']],
  ['a NUL is refused at the end', `${begin}${bdat('a\0\r\n')}${bdat('b\r\n', ' LAST')}${begin}${letter}`, '250 250 250 550 250 250 250', ['Subject: a\r\n\r\nx\r\n']],
  ['too large in the last chunk', `${begin}${bdat(large, ' LAST')}${begin}${letter}`, '250 250 552 250 250 250', ['Subject: a\r\n\r\nx\r\n']],
  ['too large before it: the chunks behind are read and refused', `${begin}${bdat(large)}${bdat('NOOP\r\n')}${bdat('', ' LAST')}DATA\r\n${begin}${letter}`, '250 250 552 503 503 503 250 250 250', ['Subject: a\r\n\r\nx\r\n']],
  ['too large in many chunks', `${begin}${bdat('x'.repeat(998).concat('\r\n')).repeat(66)}${bdat('', ' LAST')}`, `250 250${' 250'.repeat(65)} 552 503`, []],
]; // prettier-ignore

suite('messages in chunks', { concurrency: 8 }, () => {
  for (const [what, wire, codes, stored] of rows) {
    test(what, async (t) => {
      const station = await startStation(t);
      const lines = await talk(station.port, [Buffer.from(`EHLO c\r\n${wire}QUIT\r\n`, 'latin1')]);
      assert.equal(codesOf(lines).join(' '), `220 250 ${codes} 221`, lines.join('\n'));
      assert.deepEqual(
        station.messages.map((_, at) => storedText(station, at)),
        stored,
      );
    });
  }
});

// Nothing behind these is read.
const ends: readonly (readonly [what: string, wire: string, codes: string])[] = [
  ['no number', `${begin}BDAT x LAST\r\nNOOP\r\n`, '250 250 501'],
  ['less than nothing', `${begin}BDAT -5\r\nNOOP\r\n`, '250 250 501'],
  ['more than can be counted', `${begin}BDAT 18446744073709551621 LAST\r\nNOOP\r\n`, '250 250 501'],
  ['a word that is not LAST', `${begin}BDAT 5 FIRST\r\nNOOP\r\n`, '250 250 501'],
  ['without a number, before MAIL', 'BDAT\r\nNOOP\r\n', '501'],
  ['a CR of its own', `${begin}${bdat('a\rb\r\n', ' LAST')}${begin}${letter}`, '250 250 550'],
  ['an LF of its own, cut off from what stands before it', `${begin}${bdat('a')}${bdat('\nb\r\n', ' LAST')}${begin}${letter}`, '250 250 250 550'],
  ['a CR at the very end', `${begin}${bdat('a\r', ' LAST')}${begin}${letter}`, '250 250 550'],
]; // prettier-ignore

suite('what ends a session with chunks', { concurrency: 8 }, () => {
  for (const [what, wire, codes] of ends) {
    test(what, async (t) => {
      const { port, messages } = await startStation(t);
      const lines = await talk(port, [Buffer.from(`EHLO c\r\n${wire}NOOP\r\nQUIT\r\n`, 'latin1')]);
      assert.equal(codesOf(lines).join(' '), `220 250 ${codes}`, lines.join('\n'));
      assert.deepEqual(messages, []);
    });
  }
});

test('LMTP has one reply for each chunk, and for the last one a reply for each recipient', async (t) => {
  const { port, entries } = await startStation(t, {}, 'lmtp');
  const to = `${mail}${rcpt('news')}${rcpt('nobody')}${rcpt('closed')}${rcpt('news-help')}`;
  const told = async (wire: string): Promise<string> =>
    codesOf(await talk(port, [Buffer.from(`LHLO c\r\n${to}${wire}QUIT\r\n`, 'latin1')])).join(' ');
  const begun = '220 250 250 250 550 250 250';
  assert.equal(await told(`${bdat('Subject: a\r\n')}${bdat('\r\nx\r\n', ' LAST')}`), `${begun} 250 250 550 250 221`);
  assert.equal(entries.length, 2);
  assert.equal(await told(`${bdat('a\r\n')}${bdat('', ' LAST')}`), `${begun} 250 250 550 250 221`);
  assert.equal(await told(bdat(large, ' LAST')), `${begun} 552 552 552 221`);
  assert.equal(await told(`${bdat(large)}${bdat('', ' LAST')}`), `${begun} 552 503 221`);
  assert.equal(await told(bdat('a\nb\r\n', ' LAST')), `${begun} 550 550 550`);
  assert.equal(entries.length, 4);
});

test('chunks that come while a message awaits its reply wait for it', async (t) => {
  const clock = new HandClock();
  let accept = (): void => {};
  const accepted = new Promise<void>((resolve) => (accept = resolve));
  const station = await startStation(t, { clock, accept: () => accepted });
  const session = await greeted(t, station.port);
  session.write(`EHLO c\r\n${begin}${letter}${begin}${letter}`);
  for (let count = 0; count < 3; count++) assert.match(await session.reply(), /^250/);
  await until('nothing more is said', () => session.rest === '');
  accept();
  for (const text of [/^250 2\.0\.0 ok/, /^250 2\.1\.0/, /^250 2\.1\.5/, /^250 2\.0\.0 ok/])
    assert.match(await session.reply(), text);
});

test('a connection that ends between chunks, or within one, stores nothing, and its room is free', async (t) => {
  for (const rest of ['', 'BDAT 30000\r\nxyz', 'BDAT 30000 LAST\r\nxyz', 'BDAT 3']) {
    const logged: unknown[] = [];
    const log = (_event: string, { reason }: { readonly reason?: unknown }): unknown => logged.push(reason);
    const room = new MessageRoom(20_000);
    const { port, messages } = await startStation(t, { room, log });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(`EHLO c\r\n${begin}${bdat('a\r\n')}${rest}`);
    await until('its room is taken', () => {
      const isFree = room.take(20_000);
      if (isFree) room.give(20_000);
      return !isFree;
    });
    socket.destroy();
    await until('its room is free', () => room.take(20_000));
    assert.deepEqual([logged, messages], [['the connection ended within a message'], []]);
  }
});

test('RSET, a greeting and DATA among chunks give their room back', async (t) => {
  const room = new MessageRoom(20_000);
  const { port } = await startStation(t, { room });
  for (const command of ['RSET', 'EHLO c', 'DATA']) {
    const session = await greeted(t, port);
    session.write(`EHLO c\r\n${begin}${bdat('a\r\n')}`);
    for (let count = 0; count < 4; count++) await session.reply();
    assert.ok(!room.take(20_000), command);
    await session.say(command);
    assert.ok(room.take(20_000), command);
    room.give(20_000);
    session.close();
  }
});

test('when there is no room a chunk is put off, and the transaction with it', async (t) => {
  const room = new MessageRoom(10_000);
  const { port, messages } = await startStation(t, { room });
  const lines = await talk(port, [`EHLO c\r\n${begin}${bdat('a\r\n')}${bdat('b\r\n', ' LAST')}DATA\r\nQUIT\r\n`]);
  assert.equal(codesOf(lines).join(' '), '220 250 250 250 452 503 503 221');
  assert.deepEqual(messages, []);
  assert.ok(room.take(10_000));
});

test('very many chunks of one octet are one message, in the room of one', async (t) => {
  const lines = 1_000;
  const line = `${'.'.repeat(98)}\r\n`;
  const room = new MessageRoom(lines * 100 + 16_384);
  const station = await startStation(t, { room, settings: stationSettings({ messageBytesMost: lines * 100 }) });
  const session = await greeted(t, station.port);
  session.write(`EHLO c\r\n${begin}`);
  for (let count = 0; count < 3; count++) await session.reply();
  const chunks = line
    .split('')
    .map((octet) => bdat(octet))
    .join('');
  for (let sent = 0; sent < lines; sent += 10) {
    session.write(chunks.repeat(10));
    await until('they have their replies', () => session.rest === '250 2.0.0 1 octets\r\n'.repeat(1_000));
    session.forget();
  }
  session.write(bdat('', ' LAST'));
  assert.match(await session.reply(), /^250 2\.0\.0 ok/);
  assert.equal(storedText(station, 0), line.repeat(lines));
});

test('very many recipients and chunks that were on the way behind a refusal are refused one by one', async (t) => {
  const { port } = await startStation(t);
  const wire = `MAIL FROM:<a@-x.example>\r\n${rcpt('news').repeat(400)}${bdat('a\r\n').repeat(400)}${bdat('', ' LAST')}`;
  const lines = await talk(port, [`EHLO c\r\n${wire}${begin}${letter}QUIT\r\n`]);
  assert.equal(codesOf(lines).join(' '), `220 250 553${' 503'.repeat(801)} 250 250 250 221`);
});

test('empty chunks, and what is out of order or form, are ways to keep a connection, and end it', async (t) => {
  const { port } = await startStation(t);
  for (const wire of [
    `${begin}${'BDAT 0\r\n'.repeat(120)}`,
    'BDAT 1\r\nx'.repeat(1_100),
    mail.repeat(1_100),
    'DATA\r\n'.repeat(1_100),
    'MAIL FROM:a@x.example\r\n'.repeat(1_100),
  ])
    assert.equal(codesOf(await talk(port, [`EHLO c\r\n${wire}`])).at(-1), '421');
});

test('chunks that come too slowly are broken off, with pauses between them too', async (t) => {
  for (const write of ['', bdat('x')]) {
    const clock = new HandClock();
    const { port } = await startStation(t, { clock });
    const session = await greeted(t, port);
    session.write(`EHLO c\r\n${begin}${bdat('a')}`);
    for (let at = 0; at < 4; at++) await session.reply();
    const end = await until('it has had enough', async () => {
      clock.move(5_000);
      session.write(write);
      return /^421.*$/m.exec(session.rest)?.[0];
    });
    assert.equal(end.trimEnd(), '421 4.4.2 the message comes too slowly');
  }
});

test(
  'a message by BDAT comes through TLS; what came in the clear behind STARTTLS is forgotten',
  { skip: opensslIsAbsent() },
  async (t) => {
    const station = await startStation(t, { tls: await selfSigned(t) });
    const session = await greeted(t, station.port);
    await session.say('EHLO c');
    session.write(`${begin}${bdat('a\r\n')}`);
    for (let count = 0; count < 3; count++) await session.reply();
    session.write(`STARTTLS\r\n${bdat('injected\r\n', ' LAST')}`);
    assert.match(await session.reply(), /^220 /);
    await session.secure();
    session.write(bdat('b\r\n', ' LAST'));
    assert.match(await session.reply(), /^503 /);
    assert.match(await session.say('EHLO c'), /CHUNKING/);
    session.write(`${begin}${bdat('c\r\n')}${bdat('d\r\n', ' LAST')}`);
    for (const code of ['250', '250', '250', '250']) assert.equal((await session.reply()).slice(0, 3), code);
    assert.deepEqual([station.messages.length, storedText(station, 0)], [1, 'c\r\nd\r\n']);
  },
);

test('what comes in the clear behind the end of TLS is no part of a chunk', { skip: opensslIsAbsent() }, async (t) => {
  const logged: unknown[] = [];
  const log = (_event: string, { reason }: { readonly reason?: unknown }): unknown => logged.push(reason);
  const { port, messages } = await startStation(t, { tls: await selfSigned(t), log });
  const raw = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  raw.on('error', () => {});
  t.after(() => raw.destroy());
  const replies = async (text: string): Promise<unknown> => raw.write(text) && once(raw, 'data');
  await once(raw, 'data');
  await replies('EHLO c\r\n');
  await replies('STARTTLS\r\n');
  // Ends TLS, and keeps the connection under it.
  const below = new Duplex({
    read: () => {},
    write: (octets: Buffer, _encoding, done) => void raw.write(octets, done),
    final: (done) => done(),
  });
  raw.on('data', (octets) => below.push(octets));
  const secured = connectTls({ socket: below, rejectUnauthorized: false });
  secured.on('error', () => {});
  await once(secured, 'secureConnect');
  secured.write(`EHLO c\r\n${begin}BDAT 10 LAST\r\nabc`);
  let told = '';
  secured.on('data', (octets) => (told += String(octets)));
  await until('the recipient is taken', () => told.includes('250 2.1.5'));
  secured.end();
  await once(secured, 'finish');
  raw.write(`defghi\r\n${begin}${letter}`);
  await until('the session has ended', () => logged.includes('the connection ended within a message'));
  assert.deepEqual(messages, []);
  assert.doesNotMatch(told, /2\.0\.0 ok/);
});
