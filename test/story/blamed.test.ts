import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/mail/address.ts';
import { ezlm } from '../cli/test-door.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@people.example';
const count = 3_000;

test('a post that its receiver takes for spam is put off there, and goes on when the operator says so', async (t) => {
  const station = await startStation(t, { routeConnections: 1 });
  const people = Array.from({ length: count }, (_, n) => `p${n}@b.example`);
  for (const one of people) station.peer.refusals.set(one, { code: 550, text: '5.7.1 this message looks like spam' });
  const list = await stationList(station.daemon, 'news', { posting: 'everybody' });
  const addresses = people.map((one) => parseAddress(one)!);
  await list.store.add('subscriber', addresses, { id: 'made', tag: 'manual', at: Date.now() });
  const to = `news@${listDomain}`;
  await transact(station.daemon.smtpPort, { from: ann, to, message: letter(ann, to, 'a post') });
  const blamed = await until('the post is blamed', () => station.logged.find(({ event }) => event === 'post.blamed'));
  assert.match(String(blamed.fields['reason']), /looks like spam/);
  const { queue } = station.daemon.home;
  const post = (await queue.entries({ kind: 'post' })[Symbol.asyncIterator]().next()).value![0]!;
  await until('what is left waits', async () => {
    const progress = await queue.progress(post.id);
    return progress?.isCut && progress.chunks > 0 && progress.postponed === progress.chunks;
  });
  const { failed } = await queue.tally(post.id);
  assert.ok(failed >= 10 && failed < count, `${failed} have failed`);
  station.peer.refusals.clear();
  await ezlm(station.directory, ['init', '--domain', listDomain]);
  const moved = await ezlm(station.directory, ['queue', 'retry', post.id]);
  assert.equal(moved.code, 0, moved.talk);
  await until('the others have it', () => station.peer.copies.length >= count - failed);
  await until('the post is sent', () => station.logged.some(({ event }) => event === 'post.sent'));
  assert.equal(new Set(station.peer.copies.map(({ recipient }) => recipient)).size, count - failed);
  assert.equal((await queue.tally(post.id)).failed, failed);
});
