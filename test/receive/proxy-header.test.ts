import assert from 'node:assert/strict';
import test from 'node:test';
import { readProxyHeader } from '../../src/receive/proxy-header.ts';
import { greeted, openSession } from '../helpers/session.ts';
import { domain, startStation, stationSettings } from '../helpers/station.ts';

const signature = '0d0a0d0a000d0a515549540a';
const binary = (hex: string): string => Buffer.from(signature + hex, 'hex').toString('latin1');
const v4 = binary('2111000cc0000201c0000202303900196162'.slice(0, 32));
const v6 = binary(`21210024${'20010db8000000000000000000000001'.repeat(2)}30390019`);

// A header, and the client it names; '' is the front end itself, undefined a wrong header.
const rows: readonly (readonly [octets: string, client: string | undefined])[] = [
  ['PROXY TCP4 192.0.2.1 192.0.2.2 12345 25\r\n', '192.0.2.1 12345'],
  ['PROXY TCP6 2001:db8::1 2001:db8::2 12345 25\r\n', '2001:db8::1 12345'],
  ['PROXY UNKNOWN\r\n', ''],
  ['PROXY UNKNOWN ffff::1 ::2 65535 1\r\n', ''],
  ['PROXY TCP4 2001:db8::1 192.0.2.2 1 25\r\n', undefined],
  ['PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n', undefined],
  ['PROXY TCP4 192.0.2.1 192.0.2.2 1 25 more\r\n', undefined],
  ['PROXY TCP4 192.0.2.1\r\n', undefined],
  [`PROXY UNKNOWN ${'x'.repeat(100)}\r\n`, undefined],
  ['EHLO c\r\n', undefined],
  ['\r\n\r\nx', undefined],
  [v4, '192.0.2.1 12345'],
  [v6, '2001:db8:0:0:0:0:0:1 12345'],
  [binary('20000000'), ''],
  [binary('21000000'), ''],
  [binary('2111000400000000'), undefined],
  [binary('31110000'), undefined],
  [binary('2111ffff'), undefined],
]; // prettier-ignore

test('headers of both versions are read, whole ones only, and wrong ones are told', () => {
  for (const [text, client] of rows) {
    const octets = Buffer.from(text, 'latin1');
    const read = readProxyHeader(Buffer.concat([octets, Buffer.from('EHLO')]));
    const found = read.kind === 'read' ? (read.client ? `${read.client.address} ${read.client.port}` : '') : undefined;
    assert.equal(found, client, JSON.stringify(text));
    if (read.kind !== 'read') continue;
    assert.equal(read.octets, octets.length);
    for (let length = 0; length < octets.length; length++)
      assert.equal(readProxyHeader(octets.subarray(0, length)).kind, 'incomplete', `${text} to ${length}`);
  }
});

const lines = ['EHLO c', 'MAIL FROM:<a@x.example>', `RCPT TO:<news@${domain}>`, 'DATA', 'Subject: a\r\n\r\nx\r\n.'];
const traceOf = (body: Uint8Array): string => /\(\[(\S+)\]\)/.exec(Buffer.from(body).toString('latin1'))![1]!;

test('behind a front end the client is who its header names, and no other connection is heard', async (t) => {
  const { port, messages } = await startStation(t, { settings: stationSettings({ proxyFrom: ['127.0.0.1'] }) });
  for (const [header, address] of [
    [v4, '192.0.2.1'],
    [v6, 'IPv6:2001:db8::1'],
    ['PROXY TCP4 192.0.2.7 192.0.2.2 12345 25\r\n', '192.0.2.7'],
    ['PROXY UNKNOWN\r\n', '127.0.0.1'],
  ] as const) {
    const session = openSession(t, port);
    await session.writeApart([...Buffer.from(header, 'latin1')].map((octet) => Buffer.from([octet])));
    assert.match(await session.reply(), /^220 /);
    assert.equal(await session.codes(...lines), '250 250 250 354 250');
    assert.equal(traceOf(messages.at(-1)!.body), address);
    session.close();
  }
  for (const wrong of ['EHLO c\r\n', 'PROXY TCP4 x\r\n', signature]) {
    const session = openSession(t, port);
    session.write(wrong);
    assert.equal(await session.reply(), '');
  }
});

test('who is no front end cannot say who it is', async (t) => {
  const settings = stationSettings({ proxyFrom: ['192.0.2.9'], xclientFrom: ['192.0.2.9'] });
  const { port } = await startStation(t, { settings });
  const session = await greeted(t, port);
  assert.equal(await session.codes('PROXY TCP4 192.0.2.1 192.0.2.2 1 25', 'EHLO c'), '500 250');
  assert.equal(await session.codes('XCLIENT ADDR=192.0.2.1'), '550');
});

test('a named front end names its client with XCLIENT, once, and no user', async (t) => {
  const { port, messages } = await startStation(t, { settings: stationSettings({ xclientFrom: ['127.0.0.1'] }) });
  const session = await greeted(t, port);
  assert.match(await session.say('EHLO front'), /XCLIENT/);
  assert.equal(await session.codes('XCLIENT ADDR=192.0.2.1 LOGIN=ann@example.org'), '220');
  assert.equal(await session.codes(...lines, 'XCLIENT ADDR=192.0.2.2'), '250 250 250 354 250 550');
  assert.equal(traceOf(messages[0]!.body), '192.0.2.1');
});
