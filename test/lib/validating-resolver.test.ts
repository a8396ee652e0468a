import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Resolver } from '../../src/lib/dns.ts';
import { validatingResolver } from '../../src/lib/validating-resolver.ts';
import { type NameServer, rdata, type Said, startNameServer } from '../helpers/name-server.ts';

const v6 = Buffer.from('20010db8000000000000000000000001', 'hex');

const zone: Record<string, Said> = {
  'd.example MX': { records: [rdata.mx(10, 'Mx.d.example'), rdata.mx(20, 'b.d.example')], isSigned: true },
  'null.example MX': { records: [rdata.mx(0, '')] },
  'mx.d.example A': { records: [rdata.a('192.0.2.1')], isSigned: true },
  'mx.d.example AAAA': { records: [v6], isSigned: true },
  'half.example A': { records: [rdata.a('192.0.2.1')], isSigned: true },
  'half.example AAAA': { records: [v6] },
  'four.example A': { records: [rdata.a('192.0.2.1')], isSigned: true },
  'four.example AAAA': { isSigned: true },
  'alias.example A': { alias: 'four.example', isSigned: true },
  'text.example TXT': { records: [rdata.txt('v=STSv1; ', 'id=1;'), rdata.txt('other')] },
  'long.example TXT': { records: [rdata.txt(...Array.from({ length: 20 }, () => 'x'.repeat(250)))], isLong: true },
  '_25._tcp.mx.d.example TLSA': {
    records: [rdata.tlsa(3, 1, 1, Buffer.alloc(32, 7)), Buffer.from([3])],
    isSigned: true,
  },
  'bad.example MX': { records: [Buffer.from([0])] },
  'broken.example MX': { rcode: 2 },
};

async function start(t: TestContext): Promise<{ server: NameServer; resolver: Resolver }> {
  const server = await startNameServer(t, zone);
  return { server, resolver: validatingResolver(server.place, 200) };
}

test('records come with the word whether they were proved', async (t) => {
  const { resolver } = await start(t);
  const mx = await resolver.mx('D.example');
  assert.deepEqual(mx, {
    kind: 'found',
    records: [
      { preference: 10, host: 'mx.d.example' },
      { preference: 20, host: 'b.d.example' },
    ],
    isSigned: true,
    owner: 'd.example',
  });
  const nobody = await resolver.mx('null.example');
  assert.deepEqual(nobody.kind === 'found' && [nobody.records, nobody.isSigned], [
    [{ preference: 0, host: '' }],
    false,
  ]);
  const tlsa = await resolver.tlsa!('_25._tcp.mx.d.example');
  assert.deepEqual(tlsa.kind === 'found' && tlsa.records, [
    { usage: 3, selector: 1, matching: 1, octets: Buffer.alloc(32, 7) },
    { usage: 3, selector: 255, matching: 255, octets: Buffer.alloc(0) },
  ]);
});

test('addresses of both families are proved only together', async (t) => {
  const { resolver } = await start(t);
  const table: [host: string, records: string[], isSigned: boolean, owner: string][] = [
    ['mx.d.example', ['192.0.2.1', '2001:db8::1'], true, 'mx.d.example'],
    ['half.example', ['192.0.2.1', '2001:db8::1'], false, 'half.example'],
    ['four.example', ['192.0.2.1'], true, 'four.example'],
    ['alias.example', ['192.0.2.1'], true, 'four.example'],
  ];
  for (const [host, records, isSigned, owner] of table)
    assert.deepEqual(await resolver.addresses(host), { kind: 'found', records, isSigned, owner });
});

test('no name, no record, and a server in trouble are three things', async (t) => {
  const { resolver } = await start(t);
  assert.deepEqual(await resolver.mx('nowhere.example'), { kind: 'missing' });
  assert.deepEqual(await resolver.mx('four.example'), { kind: 'none', isSigned: false });
  assert.equal((await resolver.mx('bad.example')).kind, 'trouble', 'an answer that cannot be read');
  assert.deepEqual(await resolver.mx('broken.example'), { kind: 'trouble', cause: 'the name server answered 2' });
  assert.equal((await resolver.mx('no name')).kind, 'trouble');
});

test('texts are joined, and what does not fit is asked for over TCP', async (t) => {
  const { server, resolver } = await start(t);
  const text = await resolver.texts('text.example');
  assert.deepEqual(text.kind === 'found' && text.records, ['v=STSv1; id=1;', 'other']);
  const long = await resolver.texts('long.example');
  assert.equal(long.kind === 'found' && long.records[0]!.length, 5_000);
  assert.deepEqual(server.asked.slice(1), ['long.example TXT', 'long.example TXT over TCP']);
});

test('answers to something else, or under another id, are not heard', async (t) => {
  const { server, resolver } = await start(t);
  const spoiled = (at: number, value: number) => (reply: Buffer) => {
    const copy = Buffer.from(reply);
    copy[at] = value;
    return copy;
  };
  for (const spoil of [
    (reply: Buffer) => spoiled(0, reply[0]! ^ 1)(reply),
    spoiled(13, 0x65),
    spoiled(24, 16),
    spoiled(2, 0x01),
    (reply: Buffer) => reply.subarray(0, 20),
  ]) {
    server.spoil = (reply) => [spoil(reply)];
    assert.deepEqual(await resolver.mx('d.example'), { kind: 'trouble', cause: 'there was no answer in time' });
    server.spoil = (reply) => [spoil(reply), reply];
    assert.equal((await resolver.mx('d.example')).kind, 'found', 'the right one behind it');
  }
  assert.equal(server.asked.length, 5 * 4, 'three tries');
});

test('where no name server is, there is trouble', async () => {
  assert.equal((await validatingResolver('127.0.0.1:1', 500).mx('d.example')).kind, 'trouble');
});
