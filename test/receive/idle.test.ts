import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { opensslIsAbsent, selfSigned } from '../helpers/certificate.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { greeted, openSession, type Session } from '../helpers/session.ts';
import { codesOf, domain, startStation, stationSettings, talk } from '../helpers/station.ts';
import { until } from '../helpers/until.ts';

const letter = `EHLO c\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<news@${domain}>\r\nDATA\r\nSubject: a\r\n\r\nx\r\n.\r\nQUIT\r\n`;
const halves = ['', 'EHLO idle\r\n', 'EHLO idle\r\nMAIL FR', 'EHLO idle\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<new'];

interface Idle {
  readonly socket: Socket;
  heard: string;
}

/** Connections that are greeted, say a half of something, and then nothing. */
async function idlers(t: TestContext, port: number, count: number): Promise<Idle[]> {
  const some = await Promise.all(
    Array.from({ length: count }, async (_, at): Promise<Idle> => {
      const idle: Idle = { socket: connect(port, '127.0.0.1'), heard: '' };
      idle.socket.on('error', () => {});
      idle.socket.on('data', (octets) => (idle.heard += octets.toString('latin1')));
      t.after(() => idle.socket.destroy());
      await once(idle.socket, 'data');
      idle.socket.write(halves[at % halves.length]!);
      return idle;
    }),
  );
  const replies = (at: number): string =>
    at % halves.length === 0 ? '220' : at % halves.length === 3 ? '250 2.1.0' : '250 ';
  await until('their commands are answered', () => some.every(({ heard }, at) => heard.includes(replies(at))));
  return some;
}

test('five hundred connections that say nothing keep nobody from being served', async (t) => {
  const { port, messages } = await startStation(t, { settings: stationSettings({ connectionsMost: 600 }) });
  const idle = await idlers(t, port, 500);
  const replies = await Promise.all(Array.from({ length: 20 }, () => talk(port, [letter])));
  for (const lines of replies) assert.equal(codesOf(lines).join(' '), '220 250 250 250 354 250 221');
  assert.equal(messages.length, 20);
  assert.ok(idle.every(({ socket }) => !socket.destroyed));
});

test('where there is no room the silent make it, as many as are needed and those who were silent longest first', async (t) => {
  const clock = new HandClock();
  const { port, messages } = await startStation(t, { clock, settings: stationSettings({ connectionsMost: 100 }) });
  const old = await idlers(t, port, 50);
  clock.move(3_000);
  const young = await idlers(t, port, 50);
  assert.match((await talk(port, [letter]))[0]!, /^421 4\.3\.2/, 'nobody has been silent for long');
  clock.move(2_000);
  for (let count = 1; count <= 3; count++) assert.equal(codesOf(await talk(port, [letter])).at(-2), '250');
  assert.equal(messages.length, 3);
  await until('one has gone', () => old.some(({ socket }) => socket.destroyed));
  const gone = old.filter(({ heard }) => /^421 4\.3\.2 others are waiting/m.test(heard));
  assert.ok(gone.length >= 1 && gone.length <= 3, `${gone.length} had to go`);
  assert.ok(young.every(({ heard }) => !heard.includes('421')));
});

/** A connection that a front end passes on from this address; gives the first reply and keeps the connection. */
async function from(t: TestContext, port: number, address: string): Promise<{ reply: string; socket: Socket }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  socket.write(`PROXY ${address.includes(':') ? 'TCP6' : 'TCP4'} ${address} ${address} 1000 25\r\n`);
  const [octets] = (await once(socket, 'data')) as [Buffer];
  return { reply: octets.toString('latin1').slice(0, 9), socket };
}

test('one address, or one /64, has but its part of the connections, and its own silent ones go for its new ones', async (t) => {
  const clock = new HandClock();
  const settings = stationSettings({ connectionsPerAddress: 3, proxyFrom: ['127.0.0.1'] });
  const { port } = await startStation(t, { clock, settings });
  for (const [own, other] of [
    [['192.0.2.1', '192.0.2.1', '192.0.2.1'], '192.0.2.2'],
    [['2001:db8::1', '2001:db8::2', '2001:db8:0:0:9::'], '2001:db8:0:1::1'],
  ] as const) {
    const held = await Promise.all(own.map((address) => from(t, port, address)));
    for (const { reply } of held) assert.match(reply, /^220 /);
    assert.equal((await from(t, port, own[0])).reply, '421 4.7.0');
    assert.match((await from(t, port, other)).reply, /^220 /);
    held[0]!.socket.destroy();
    await until('its place is free', async () => (await from(t, port, own[0])).reply.startsWith('220 '));
    assert.equal((await from(t, port, own[0])).reply, '421 4.7.0');
    clock.move(5_000);
    assert.match((await from(t, port, own[0])).reply, /^220 /);
  }
});

/** Lets time pass, some seconds at each look at the session, until the receiver says something or closes, and gives that. */
async function overTime(session: Session, clock: HandClock, meanwhile: () => void = () => {}): Promise<string> {
  const replies: string[] = [];
  void session.reply().then((reply) => replies.push(reply));
  return until('it has had enough', () => {
    if (replies.length > 0) return { reply: replies[0]! };
    clock.move(5_000);
    meanwhile();
    return undefined;
  }).then(({ reply }) => reply);
}

const begin = ['EHLO c', 'MAIL FROM:<a@x.example>', `RCPT TO:<news@${domain}>`, 'DATA'];

test('a message that comes octet by octet is broken off, stored nowhere, and its room is free', async (t) => {
  const clock = new HandClock();
  const logged: unknown[] = [];
  const log = (_event: string, { reason }: { readonly reason?: unknown }): unknown => logged.push(reason);
  const { port, messages } = await startStation(t, { clock, log });
  const session = await greeted(t, port);
  assert.equal(await session.codes(...begin), '250 250 250 354');
  const reply = await overTime(session, clock, () => session.write('x'));
  assert.equal(reply, '421 4.4.2 the message comes too slowly');
  assert.equal(await session.reply(), '');
  await until('it is told', () => logged.length === 2);
  assert.deepEqual(logged, ['127.0.0.1: the message comes too slowly', 'the connection ended within a message']);
  assert.deepEqual(messages, []);
});

test('a message above the limit has no time of its own, so that one without end has an end', async (t) => {
  const clock = new HandClock();
  const { port, messages } = await startStation(t, { clock });
  const session = await greeted(t, port);
  assert.equal(await session.codes(...begin), '250 250 250 354');
  const reply = await overTime(session, clock, () => session.write(`${'x'.repeat(10_000)}\r\n`));
  assert.equal(reply, '552 5.3.4 the message is too large');
  assert.equal(await session.reply(), '');
  assert.deepEqual(messages, []);
});

test('a large message at the least speed comes in, however long it takes', async (t) => {
  const clock = new HandClock();
  const { port, messages } = await startStation(t, {
    clock,
    settings: stationSettings({ messageOctetsPerSecond: 10 }),
  });
  const session = await greeted(t, port);
  assert.equal(await session.codes(...begin), '250 250 250 354');
  const line = Buffer.from(`${'x'.repeat(98)}\r\n`);
  for (let seconds = 0; seconds < 1_000; seconds += 10) {
    session.write(line);
    clock.move(10_000);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  assert.match(await session.say('.'), /^250 /);
  assert.equal(messages.length, 1);
  assert.equal(await session.codes('NOOP'), '250');
});

test('a command that is not whole in time ends the session: the first one, and a later one', async (t) => {
  for (const before of [[], ['EHLO c']]) {
    const clock = new HandClock();
    const { port } = await startStation(t, { clock });
    const session = await greeted(t, port);
    await session.codes(...before);
    const reply = await overTime(session, clock, () => session.write('N'));
    assert.equal(reply, '421 4.4.2 no whole command for 5 minutes');
    assert.equal(await session.reply(), '');
  }
});

test('whoever waits for us is not too slow', async (t) => {
  const clock = new HandClock();
  let accept = (): void => {};
  const accepted = new Promise<void>((resolve) => (accept = resolve));
  const { port } = await startStation(t, { clock, accept: () => accepted });
  const session = await greeted(t, port);
  await session.codes(...begin);
  session.write('x\r\n.\r\n');
  for (let count = 0; count < 3; count++) {
    clock.move(200_000);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  }
  accept();
  assert.match(await session.reply(), /^250 /);
  clock.move(200_000);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.equal(await session.codes('NOOP'), '250');
});

test('neither a header of a front end nor a handshake may take longer', { skip: opensslIsAbsent() }, async (t) => {
  const tls = await selfSigned(t);
  const hello = Buffer.from('160301020001', 'hex');
  for (const [protocol, first, settings] of [
    ['smtp', 'PROXY TC', stationSettings({ proxyFrom: ['127.0.0.1'] })],
    ['submissions', hello, stationSettings()],
  ] as const) {
    const clock = new HandClock();
    const { port } = await startStation(t, { clock, tls, settings }, protocol);
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(first);
    await until('the socket is closed', () => {
      clock.move(5_000);
      return socket.destroyed || socket.readableEnded || socket.closed;
    });
  }
  const clock = new HandClock();
  const { port } = await startStation(t, { clock, tls });
  const session = openSession(t, port);
  await session.reply();
  await session.codes('EHLO c', 'STARTTLS');
  session.write(hello);
  assert.equal(await overTime(session, clock), '');
});
