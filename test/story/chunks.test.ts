import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/mail/address.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { placesOf } from '../helpers/places.ts';
import { transact } from '../helpers/smtp-client.ts';
import { startStation as startReceiving, stationSettings } from '../helpers/station.ts';
import { until } from '../helpers/until.ts';

const people = Array.from({ length: 40 }, (_, at) => `club${at}@people.example`);
const news = `news@${listDomain}`;

// The host that a post goes to is a receiver of our own: to one that announces CHUNKING delivery has several messages in flight.
test('what we send in chunks we take in chunks', async (t) => {
  const settings = stationSettings({ domains: ['people.example'] });
  const host = await startReceiving(t, { settings, places: placesOf(people) });
  const station = await startStation(t, { routes: { '*': `smtp://127.0.0.1:${host.port}` } });
  const list = await stationList(station.daemon, 'news');
  const members = people.map((one) => parseAddress(one)!);
  await list.store.add('subscriber', members, { id: 'test', tag: 'manual', at: Date.now() });
  const message = `${letter(people[0]!, news, 'a post')}.\r\n..\r\n${'a long line '.repeat(80)}\r\n`;
  const { end } = await transact(station.daemon.smtpPort, { from: people[0]!, to: news, message });
  assert.match(end[0] ?? '', /^250 /);
  await until('every copy', () => host.messages.length === people.length);
  assert.deepEqual(host.entries.map(({ recipient }) => recipient).toSorted(), people.toSorted());
  const texts = host.messages.map(({ body }) =>
    Buffer.from(body).toString().split('\r\n\r\n').slice(1).join('\r\n\r\n'),
  );
  assert.equal(new Set(texts).size, 1);
  assert.match(texts[0]!, /^.*\r\n\.\r\n\.\.\r\n(?:a long line ){80}\r\n$/s);
});
