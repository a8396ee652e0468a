import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { HandClock } from '../helpers/hand-clock.ts';
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
