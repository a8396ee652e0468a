import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureKeys } from '../../src/domain/signing-keys.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { keyRecord } from '../../src/mail/dkim.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { signaturesOf } from '../helpers/receiver.ts';
import { startSink } from '../helpers/sink.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@people.example';
const news = `news@${listDomain}`;

for (const algorithm of ['rsa', 'ed25519'] as const) {
  test(`every copy of a post and every reply of ours verifies with a receiver's tool (${algorithm})`, async (t) => {
    const sink = await startSink(['PIPELINING', '8BITMIME']);
    const old = await startSink([]);
    t.after(() => Promise.all([sink.close(), old.close()]));
    const routes = { 'old.example': `127.0.0.1:${old.port}`, '*': `127.0.0.1:${sink.port}` };
    const station = await startStation(t, { routes });
    const { current } = await ensureKeys(join(station.directory, 'keys'), listDomain, algorithm, Date.now());
    const record = { [`${current[0]!.selector}._domainkey.${listDomain}`]: keyRecord(current[0]!) };
    const list = await stationList(station.daemon, 'news', { posting: 'everybody', trailer: true });
    const people = [ann, 'ben@people.example', 'eve@old.example'].map((one) => parseAddress(one)!);
    await list.store.add('subscriber', people, { id: 'made', tag: 'manual', at: Date.now() });
    const head = 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n';
    const message = `${head}${letter(ann, news, 'a post')}.Grüße\r\n`;
    await transact(station.daemon.smtpPort, { from: ann, to: news, message });
    await transact(station.daemon.smtpPort, {
      from: ann,
      to: `news-help@${listDomain}`,
      message: letter(ann, news, 'help'),
    });
    await until('three copies and a reply', () => sink.taken.length + old.taken.length === 4);
    for (const { message: taken, recipient } of [...sink.taken, ...old.taken]) {
      const octets = Buffer.from(taken.replace(/^\.\./gm, '.'), 'latin1');
      assert.deepEqual(await signaturesOf(octets, listDomain, record), ['pass'], `to ${recipient}:\n${taken}`);
    }
  });
}

test('each member has a way out of their own in their copies, which verify all the same', async (t) => {
  const sink = await startSink(['PIPELINING', '8BITMIME', 'SIZE']);
  const old = await startSink([]);
  t.after(() => Promise.all([sink.close(), old.close()]));
  const routes = { 'old.example': `127.0.0.1:${old.port}`, '*': `127.0.0.1:${sink.port}` };
  const station = await startStation(t, { routes });
  const { current } = await ensureKeys(join(station.directory, 'keys'), listDomain, 'ed25519', Date.now());
  const record = { [`${current[0]!.selector}._domainkey.${listDomain}`]: keyRecord(current[0]!) };
  const list = await stationList(station.daemon, 'news', { posting: 'everybody', unsubscribe: 'member' });
  const names = Array.from({ length: 60 }, (_, at) => `user${at}@${at % 3 === 0 ? 'old' : 'people'}.example`);
  const people = names.map((one) => parseAddress(one)!);
  await list.store.add('subscriber', people, { id: 'made', tag: 'manual', at: Date.now() });
  const head = 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n';
  const message = `${head}${letter(ann, news, 'a post')}.Grüße\r\n`;
  await transact(station.daemon.smtpPort, { from: ann, to: news, message });
  await until('all copies', () => sink.taken.length + old.taken.length === names.length);
  const ways = new Map<string, string>();
  for (const { message: taken, recipient } of [...sink.taken, ...old.taken]) {
    const octets = Buffer.from(taken.replace(/^\.\./gm, '.'), 'latin1');
    assert.deepEqual(await signaturesOf(octets, listDomain, record), ['pass'], `to ${recipient}:\n${taken}`);
    const found = /^List-Unsubscribe: <mailto:(confirm\..+)>\r$/m.exec(taken);
    assert.equal(taken.match(/^List-Unsubscribe:/gim)?.length, 1);
    ways.set(recipient, found![1]!);
  }
  assert.equal(new Set(ways.values()).size, names.length);
  const leaving = 'user7@people.example';
  await transact(station.daemon.smtpPort, { from: ann, to: ways.get(leaving)!, message: letter(ann, news, 'bye') });
  await until('the member is gone', async () => (await list.store.count('subscriber')) === names.length - 1);
  assert.equal(await list.store.memberOf('subscriber', leaving), undefined);
});
