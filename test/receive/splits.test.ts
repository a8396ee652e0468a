import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { array, assert as check, asyncProperty, constantFrom, nat, uniqueArray } from 'fast-check';
import { greeted, openSession } from '../helpers/session.ts';
import { codesOf, domain, type Station, startStation, talk } from '../helpers/station.ts';

const begin = `MAIL FROM:<a@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\n`;
const chunked = begin.slice(0, -'DATA\r\n'.length);
const bdat = (text: string, last = ''): string => `BDAT ${text.length}${last}\r\n${text}`;

/** The text of a stored message without our trace line. */
function storedText(station: Station, at: number): string {
  return Buffer.from(station.messages[at]!.body)
    .toString('latin1')
    .replace(/^.*\r\n.*\r\n.*\r\n/, '');
}

function pieces(wire: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % wire.length).toSorted((a, b) => a - b), wire.length];
  return at.slice(1).map((end, index) => wire.subarray(at[index], end));
}

const three = `${chunked}RCPT TO:<closed@${domain}>\r\nRCPT TO:<news-help@${domain}>\r\n`;

// A session at each door, and how many recipients are accepted in it.
const sessions: readonly (readonly [protocol: 'smtp' | 'lmtp', wire: readonly string[], accepted: number])[] = [
  ['smtp', [
    `EHLO c\r\nNOOP\r\nFOO\r\n${begin}Subject: \u00e4\r\n\r\n..dot\r\n...\r\n\r\n.x\r\n.\r\n`,
    `RSET\r\nMAIL FROM:<>\r\nRCPT TO:<nobody@${domain}>\r\nDATA\r\nVRFY x\r\n`,
    `RSET\r\n${begin}.\r\n${begin}..\r\n.\r\n${begin}a\0b\r\n.\r\n${begin}x\r\n.\r\n`,
    `${chunked}${bdat('a\r\n.')}${bdat('b\r')}${bdat('')}${bdat('\nQUIT\r\n', ' LAST')}${bdat('NOOP\r\n')}${chunked}${bdat('c\r\n')}`,
    `DATA\r\n${bdat('DATA\r\n', ' LAST')}${chunked}${bdat('x\0')}${bdat('', ' LAST')}${chunked}${bdat('', ' LAST')}`,
    `${begin}a\rb\r\n.\r\n${begin}never read\r\n.\r\nQUIT\r\n`,
  ], 6],
  ['lmtp', [
    `LHLO c\r\n${three}DATA\r\nx\r\n..y\r\n.\r\n${three}${bdat('a\r\n.\r')}${bdat('\nNOOP\r\n', ' LAST')}`,
    `${three}${bdat('x'.repeat(1_300))}${bdat('\r\n')}RSET\r\n${bdat('QUIT\r\n', ' LAST')}${three}${bdat('b\r\n')}${bdat('', ' LAST')}`,
    `${three}${bdat('a\0\r\n', ' LAST')}${three}${bdat('c', ' LAST')}${three}${bdat('a\n', ' LAST')}${three}${bdat('never read\r\n', ' LAST')}QUIT\r\n`,
  ], 8],
]; // prettier-ignore

for (const [protocol, parts, accepted] of sessions) {
  test(`a session of everything (${protocol}), cut anywhere, has the same replies and stores the same messages`, async (t) => {
    const station = await startStation(t, {}, protocol);
    const wire = Buffer.from(parts.join(''), 'latin1');
    const told = async (some: readonly Buffer[]): Promise<readonly string[]> => {
      const first = station.messages.length;
      const lines = await talk(station.port, some);
      const texts = station.messages.slice(first).map((_, at) => storedText(station, first + at));
      return [...lines.map((line) => line.replace(/ ok \w+$/, ' ok')), ...texts];
    };
    const wanted = await told([wire]);
    assert.equal(wanted.filter((line) => line === '250 2.0.0 ok').length, accepted);
    assert.deepEqual(await told([...wire].map((octet) => Buffer.from([octet]))), wanted);
    await check(
      asyncProperty(uniqueArray(nat(wire.length - 1), { maxLength: 40 }), async (cuts) => {
        assert.deepEqual(await told(pieces(wire, cuts)), wanted);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });
}

/** Every text of CR, LF and NUL with so many octets. */
function mixes(length: number): string[] {
  return length === 0 ? [''] : mixes(length - 1).flatMap((text) => ['\r', '\n', '\0'].map((one) => text + one));
}

/** True when there is a CR or LF that is not part of a CRLF. */
const isBare = (text: string): boolean => /\r(?!\n)|(?<!\r)\n/.test(text);

const evil = `MAIL FROM:<evil@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\nSubject: evil\r\n\r\nx\r\n.\r\n`;

test('three octets of CR, LF and NUL around a dot, cut anywhere, never end a message', async (t) => {
  const station = await startStation(t);
  const endings = [0, 1, 2, 3].flatMap((before) =>
    mixes(before).flatMap((a) => mixes(3 - before).map((b) => `${a}.${b}`)),
  );
  assert.equal(endings.length, 108);
  const attack = async (ending: string, cut: number): Promise<void> => {
    const session = await greeted(t, station.port);
    assert.equal(await session.codes('EHLO c', ...begin.trimEnd().split('\r\n')), '250 250 250 354');
    const [before, after] = [ending.slice(0, cut), ending.slice(cut)];
    const wire = [`Subject: a\r\n\r\nx${before}`, after, evil.slice(0, -5), '\r\n.\r\nNOOP\r\n'];
    await session.writeApart(wire.map((part) => Buffer.from(part, 'latin1')));
    const what = `${JSON.stringify(ending)} cut at ${cut}`;
    assert.match(await session.reply(), /^550 5\.6\.0 /, what);
    // Against a message without such line ends there is only its NUL, and the session goes on.
    assert.equal((await session.reply()).slice(0, 3), isBare(`x${ending}MAIL`) ? '' : '250', what);
    assert.equal(session.rest, '', what);
    session.close();
  };
  const attacks = endings.flatMap((ending) => [0, 1, 2, 3, 4].map((cut) => [ending, cut] as const));
  for (let at = 0; at < attacks.length; at += 90)
    await Promise.all(attacks.slice(at, at + 90).map(([ending, cut]) => attack(ending, cut)));
  assert.deepEqual(station.messages, []);
});

test('whatever stands in a message, it is one message: stored as it was, or refused', async (t) => {
  const station = await startStation(t);
  // Greeted beforehand: each has to wait for it.
  const sessions = await Promise.all(Array.from({ length: 300 }, () => greeted(t, station.port)));
  let session = sessions.pop()!;
  await session.say('EHLO c');
  const words = constantFrom('\r\n', '\r\n.', '\r\n..', '.', '\r', '\n', '\0', 'x', '.\r\n', '\r\n.\r', 'QUIT\r\n');
  const text = array(words, { maxLength: 12 }).map((parts) => parts.join(''));
  // What ends it by the book is no part of it.
  const message = text.filter((one) => !`\r\n${one}\r\n.`.includes('\r\n.\r\n'));
  await check(
    asyncProperty(message, array(nat(60), { maxLength: 5 }), async (body, cuts) => {
      const count = station.messages.length;
      assert.equal(await session.codes(...begin.trimEnd().split('\r\n')), '250 250 354');
      await session.writeApart(pieces(Buffer.from(`${body}\r\n.\r\n`, 'latin1'), cuts));
      const reply = await session.reply();
      const isClean = !body.includes('\0') && !isBare(`${body}\r\n`);
      assert.match(reply, isClean ? /^250 2\.0\.0/ : /^550 5\.6\.0/);
      assert.equal(station.messages.length, count + (isClean ? 1 : 0));
      // A dot that was not doubled (no client by the book sends one) stays.
      if (isClean) assert.equal(storedText(station, count), `\r\n${body}\r\n`.replaceAll('\r\n..', '\r\n.').slice(2));
      assert.equal(await session.codes('NOOP'), isBare(`${body}\r\n`) ? '' : '250');
      if (!isBare(`${body}\r\n`)) return;
      session = sessions.pop()!;
      await session.say('EHLO c');
    }),
    { numRuns: 290, endOnFailure: true },
  );
});

test('a stream without a line end is ended, and takes no room', async (t) => {
  const { port } = await startStation(t);
  const session = await greeted(t, port);
  for (let sent = 0; sent < 64 && session.rest === ''; sent++) await session.writeApart([Buffer.alloc(1_024, 'x')]);
  assert.match(await session.reply(), /^421 /);
  assert.equal(await session.reply(), '');
});

async function afterMany(t: TestContext, lines: string, count: number): Promise<string> {
  const { port } = await startStation(t);
  const session = openSession(t, port);
  await session.reply();
  await session.say('EHLO c');
  session.write(lines.repeat(count));
  let last = '';
  for (let reply = await session.reply(); reply !== ''; reply = await session.reply()) last = reply;
  return last.slice(0, 3);
}

test('who says what we do not know, or guesses addresses, is shown the door', async (t) => {
  assert.equal(await afterMany(t, 'FOO\r\n', 30), '421');
  assert.equal(await afterMany(t, `RSET\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<no@${domain}>\r\n`, 120), '421');
});

test('many small commands in one write are answered one by one', async (t) => {
  const { port } = await startStation(t);
  const lines = await talk(port, [`${'NOOP\r\n'.repeat(90)}QUIT\r\n`]);
  assert.equal(codesOf(lines).filter((code) => code === '250').length, 90);
});

test('who only keeps the connection is shown the door; a message earns more', async (t) => {
  for (const command of ['NOOP\r\n', 'RSET\r\n', 'VRFY ann\r\n', 'EHLO c.example\r\n'])
    assert.equal(await afterMany(t, command, 120), '421', command);
  const { port } = await startStation(t);
  const message = `MAIL FROM:<a@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\nSubject: s\r\n\r\n.\r\n`;
  const lines = await talk(port, [
    'EHLO c.example\r\n',
    'NOOP\r\n'.repeat(90),
    message,
    `${'NOOP\r\n'.repeat(90)}QUIT\r\n`,
  ]);
  assert.equal(codesOf(lines).at(-1), '221');
});
