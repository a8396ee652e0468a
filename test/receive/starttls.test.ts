import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { opensslIsAbsent, selfSigned } from '../helpers/certificate.ts';
import { domain, startStation } from '../helpers/station.ts';

const skip = opensslIsAbsent();

/** Writes, and reads until a line that ends a reply matches. */
async function say(socket: Socket, text: string, until: RegExp): Promise<string> {
  if (text !== '') socket.write(text);
  let replies = '';
  while (!until.test(replies)) replies += String((await once(socket, 'data'))[0]);
  return replies;
}

async function startTls(t: TestContext, port: number, command = 'STARTTLS\r\n'): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(10_000, () => socket.destroy(new Error('no reply')));
  t.after(() => socket.destroy());
  await say(socket, '', /^220 .*\r\n/);
  assert.match(await say(socket, 'EHLO c\r\n', /^250 .*\r\n$/m), /^250[- ]STARTTLS\r$/m);
  await say(socket, command, /^220 .*\r\n/m);
  // The certificate is the test's own.
  const secured = connectTls({ socket, rejectUnauthorized: false });
  await once(secured, 'secureConnect');
  t.after(() => secured.destroy());
  return secured;
}

test('with a certificate a session can be secured, and its trace line says so', { skip }, async (t) => {
  const { port, messages } = await startStation(t, { tls: await selfSigned(t) });
  const secured = await startTls(t, port);
  const begin = `EHLO c\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\n`;
  assert.doesNotMatch(await say(secured, begin, /^354 /m), /STARTTLS/);
  await say(secured, 'Subject: a\r\n\r\nx\r\n.\r\n', /^250 2\.0\.0 ok/m);
  assert.match(Buffer.from(messages[0]!.body).toString(), /\tby lists\.example\.org with ESMTPS id/);
});

test('what was said in the clear behind STARTTLS is forgotten', { skip }, async (t) => {
  const { port, entries } = await startStation(t, { tls: await selfSigned(t) });
  const injected = `STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<news@${domain}>\r\n`;
  const secured = await startTls(t, port, injected);
  const replies = await say(secured, 'EHLO c\r\nDATA\r\nQUIT\r\n', /^221 /m);
  assert.doesNotMatch(replies, /^354 /m);
  assert.match(replies, /^503 5\.5\.1 /m);
  assert.deepEqual(entries, []);
});
