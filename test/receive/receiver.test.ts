import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import test from 'node:test';
import { initialSettings } from '../../src/home.ts';
import { StorageError } from '../../src/lib/storage-trouble.ts';
import { placeText, type ReceiverParts, startReceiver } from '../../src/receive/receiver.ts';
import { codesOf, domain, startStation, talk } from '../helpers/station.ts';

const begin = `EHLO c\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\n`;
test('a message is answered 250 with its entry, and stored with a trace line before it', async (t) => {
  const { port, messages, entries } = await startStation(t);
  const lines = await talk(port, [`${begin}Subject: a\r\n\r\n..dot\r\n.\r\nQUIT\r\n`]);
  assert.deepEqual(codesOf(lines), ['220', '250', '250', '250', '354', '250', '221']);
  assert.ok(lines.some((line) => line === `250 2.0.0 ok ${entries[0]!.id}`));
  const text = Buffer.from(messages[0]!.body).toString('latin1');
  assert.match(
    text,
    /^Received: from c \(\[127\.0\.0\.1\]\)\r\n\tby lists\.example\.org with ESMTP id \w+;\r\n\t.+\r\nSubject: a\r\n\r\n\.dot\r\n$/,
  );
  assert.deepEqual(
    entries.map(({ kind, sender, recipient, list }) => [kind, sender, recipient, list]),
    [['arrived', 'a@x.example', `news@${domain}`, `news@${domain}`]],
  );
});

test('the same octets at any split give the same replies and the same message', async (t) => {
  const { port, messages } = await startStation(t);
  const wire = Buffer.from(
    `${begin}Subject: a\r\n\r\n.\r.\r\n`.replace('.\r.\r\n', '..x\r\nä\r\n.\r\n') + 'QUIT\r\n',
    'latin1',
  );
  const want = codesOf(await talk(port, [wire]));
  const splits = [...wire].map((octet) => Buffer.from([octet]));
  assert.deepEqual(codesOf(await talk(port, splits)), want);
  for (const step of [2, 3, 5, 7, 11]) {
    const parts = Array.from({ length: Math.ceil(wire.length / step) }, (_, at) =>
      wire.subarray(at * step, (at + 1) * step),
    );
    assert.deepEqual(codesOf(await talk(port, parts)), want);
  }
  const bodies = messages.map(({ body }) =>
    Buffer.from(body)
      .toString('latin1')
      .replace(/^.*\r\n.*\r\n.*\r\n/, ''),
  );
  assert.equal(new Set(bodies).size, 1);
});

test('no mixture of CR, LF and NUL around a dot makes two messages of one (smuggling)', async (t) => {
  const { port, messages } = await startStation(t);
  const ends = ['\r', '\n', '\0', '\r\n'];
  const mixes = ends
    .flatMap((a) => ends.flatMap((b) => ends.map((c) => `${a}.${b}${c}`)))
    .concat(ends.flatMap((a) => ends.map((b) => `${a}.${b}`)));
  const smuggled = `MAIL FROM:<evil@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\nSubject: evil\r\n\r\nx\r\n.\r\n`;
  const dangerous = mixes.filter((mix) => !mix.startsWith('\r\n.\r\n'));
  const attack = async (mix: string): Promise<void> => {
    const wire = Buffer.from(`${begin}Subject: a\r\n\r\nx${mix}${smuggled}QUIT\r\n`, 'latin1');
    const body = begin.length + 'Subject: a\r\n\r\nx'.length;
    const cuts = [0, ...Array.from({ length: mix.length + 1 }, (_, at) => body + at)];
    await Promise.all(
      cuts.map((cut) =>
        talk(
          port,
          [wire.subarray(0, cut), wire.subarray(cut)].filter((part) => part.length > 0),
        ),
      ),
    );
  };
  // Sessions at a time: each is kept waiting 100 ms for its greeting.
  for (let at = 0; at < dangerous.length; at += 20) await Promise.all(dangerous.slice(at, at + 20).map(attack));
  assert.deepEqual(
    messages.filter(({ body }) => /^Subject: evil/m.test(Buffer.from(body).toString('latin1').split('\r\n\r\n')[0]!)),
    [],
  );
  assert.deepEqual(messages, []);
});

test('what is refused says why, with the right code', async (t) => {
  const { port, messages } = await startStation(t);
  const rcpt = async (address: string): Promise<string> =>
    (await talk(port, [`EHLO c\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<${address}>\r\nQUIT\r\n`])).at(-2)!;
  assert.match(await rcpt(`nobody@${domain}`), /^550 5\.1\.1 there is no such address/);
  assert.match(await rcpt('bob@other.example'), /^550 5\.7\.1 .*relay/);
  const words = [
    'list',
    'log',
    'edit.help',
    'index.1_5',
    'index',
    'thread.3',
    'request',
    'accept-x',
    'digest-index',
    'tc.x-a=b.example',
  ];
  const replies = await Promise.all(words.map((word) => rcpt(`news-${word}@${domain}`)));
  assert.deepEqual(replies, Array(words.length).fill('550 5.1.1 not offered by this list'));
  const data = async (text: string, to = 'news'): Promise<string> =>
    (await talk(port, [begin.replace('<news@', `<${to}@`), `${text}.\r\n`, 'QUIT\r\n'])).at(-2)!;
  assert.match(await data('Subject: a\r\n\r\nx\r\n', 'closed'), /^550 5\.7\.1 this list takes no posts/);
  assert.match(await data('Subject: a\r\n\r\na\0b\r\n'), /^550 5\.6\.0 .*NUL/);
  assert.match(await data(`${'Received: x\r\n'.repeat(100)}\r\nx\r\n`), /^554 5\.4\.6/);
  assert.match(await data(`Subject: a\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(80)}`), /^552 5\.3\.4/);
  assert.equal(messages.length, 0);
  assert.match(await data(`${'Received: x\r\n'.repeat(99)}\r\nx\r\n`), /^250 2\.0\.0 ok/);
  assert.match(await data('__proto__: x\r\nconstructor: y\r\nSubject: a\r\n\r\nx\r\n'), /^250 2\.0\.0 ok/);
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
});

test('a declared size above the limit is refused at MAIL', async (t) => {
  const { port } = await startStation(t);
  const lines = await talk(port, ['EHLO c\r\nMAIL FROM:<a@x.example> SIZE=70000\r\nQUIT\r\n']);
  assert.match(lines.at(-2)!, /^552 5\.3\.4/);
  assert.ok(lines.includes('250-SIZE 65536') || lines.includes('250 SIZE 65536'));
  for (const word of ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'])
    assert.ok(
      lines.some((line) => line.endsWith(word)),
      word,
    );
  assert.ok(lines.every((line) => !line.includes('STARTTLS') && !line.includes('AUTH')));
});

test('LMTP answers for every recipient', async (t) => {
  const { port, entries } = await startStation(t, {}, 'lmtp');
  const to = ['news', 'closed', 'news-help'].map((name) => `RCPT TO:<${name}@${domain}>\r\n`).join('');
  const lines = await talk(port, [
    `LHLO c\r\nMAIL FROM:<a@x.example>\r\n${to}DATA\r\nSubject: a\r\n\r\nx\r\n.\r\nQUIT\r\n`,
  ]);
  assert.deepEqual(codesOf(lines).slice(-4), ['250', '550', '250', '221']);
  assert.deepEqual(
    entries.map(({ recipient }) => recipient),
    [`news@${domain}`, `news-help@${domain}`],
  );
});

test('in SMTP a message is taken when one recipient takes it', async (t) => {
  const { port, entries } = await startStation(t);
  const to = ['closed', 'news'].map((name) => `RCPT TO:<${name}@${domain}>\r\n`).join('');
  const lines = await talk(port, [
    `EHLO c\r\nMAIL FROM:<a@x.example>\r\n${to}DATA\r\nSubject: a\r\n\r\nx\r\n.\r\nQUIT\r\n`,
  ]);
  assert.equal(codesOf(lines).at(-2), '250');
  assert.equal(entries.length, 2);
});

test('trouble with the disk is temporary, and a full one says so', async (t) => {
  const reject = (kind: 'full' | 'io') => async () => Promise.reject(new StorageError({ kind, message: 'no' }));
  const send = async (port: number): Promise<string> =>
    (await talk(port, [`${begin}Subject: a\r\n\r\nx\r\n.\r\nQUIT\r\n`])).at(-2)!;
  assert.match(await send((await startStation(t, { accept: reject('full') })).port), /^452 4\.3\.1/);
  assert.match(await send((await startStation(t, { accept: reject('io') })).port), /^451 4\.3\.0/);
});

test('a port that is taken is a failure that says so', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const parts = { settings: initialSettings({ domains: [domain] }) } as ReceiverParts;
  const started = await startReceiver({ host: '127.0.0.1', port, protocol: 'smtp' }, { ...parts, hostname: domain });
  assert.match(started.ok ? '' : started.failure.text, new RegExp(`port 127\\.0\\.0\\.1:${port} is taken`));
});

test('an address of IPv6 is written in brackets', () => {
  assert.equal(placeText('::', 25), '[::]:25');
  assert.equal(placeText('192.0.2.1', 25), '192.0.2.1:25');
  assert.equal(placeText('localhost', 2525), 'localhost:2525');
});
