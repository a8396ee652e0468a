import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { authenticate } from 'mailauth';
import { ensureKeys } from '../../src/domain/signing-keys.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { keyRecord } from '../../src/mail/dkim.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
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
      assert.deepEqual(await resultsOf(octets, record), ['pass'], `to ${recipient}:\n${taken}`);
    }
  });
}

/** What a receiver says of the signatures in our name. */
async function resultsOf(message: Buffer, records: Readonly<Record<string, string>>): Promise<string[]> {
  const resolver = async (name: string, type: string): Promise<string[][]> => {
    const record = type === 'TXT' ? records[name] : undefined;
    if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return [[record]];
  };
  const { dkim } = await authenticate(message, { ip: '192.0.2.1', helo: 'lists.example.org', sender: ann, resolver });
  return dkim.results.filter((one) => one.signingDomain === listDomain).map(({ status }) => status.result);
}
