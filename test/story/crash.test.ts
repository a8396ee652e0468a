import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { List } from '../../src/list/list.ts';
import type { EventName } from '../../src/log.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { parseReadableVerp } from '../../src/mail/verp.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter } from '../helpers/letter.ts';
import { type Mortal, startMortal } from '../helpers/mortal.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';
import { deliveredOnDisk } from '../soak/outcomes.ts';

const poster = 'member0@d0.example';
const news = `news@${listDomain}`;

function member(at: number): string {
  return `member${at}@d${at % 7}.example`;
}

/** A home with the list `news` and its members, no daemon running. */
async function restingHome(t: TestContext, members: number): Promise<Station> {
  const station = await startStation(t);
  const list = await stationList(station.daemon, 'news');
  const addresses = Array.from({ length: members }, (_, at) => parseAddress(member(at))!);
  await list.store.add('subscriber', addresses, { id: 'test', tag: 'manual', at: Date.now() });
  await station.daemon.stop();
  return station;
}

function listOf({ daemon }: Station): List {
  return daemon.home.lists.open(daemon.home.lists.find('news', listDomain)!);
}

async function post(port: number, subject: string): Promise<string> {
  const { end } = await transact(port, { from: poster, to: news, message: letter(poster, news, subject) });
  return end[0] ?? '';
}

async function allIsSent({ daemon }: Station): Promise<void> {
  await until('an empty queue', async () => {
    const { ready, claimed, chunks } = await daemon.home.queue.counts();
    return ready + claimed + chunks === 0;
  });
}

/** The posts of the archive: number (directory and file) and text. */
async function archived(station: Station): Promise<string[]> {
  const directory = join(station.directory, 'lists', listDomain, 'news', 'archive');
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(files.toSorted().map((path) => readFile(path, 'latin1')));
}

const steps: readonly EventName[] = ['message.accepted', 'post.archived', 'post.numbered', 'post.queued'];

test('a post that is killed between two steps exists once, under one number, and everybody gets one copy', async (t) => {
  const station = await restingHome(t, 3);
  for (const [at, event] of steps.entries()) {
    await t.test(`killed at ${event}`, async (part) => {
      const mortal = await startMortal(part, station.directory, station.peer.port, event);
      // The reply may die with the daemon: what counts is the commit before it.
      await post(mortal.port, `post ${at}`).catch(() => '');
      await mortal.ended;
      await station.start();
      await allIsSent(station);
      const list = listOf(station);
      assert.equal(await list.store.lastPost(), at + 1);
      assert.equal((await archived(station)).length, at + 1);
      const copies = station.peer.copies.splice(0);
      assert.deepEqual(copies.map(({ recipient }) => recipient).toSorted(), [0, 1, 2].map(member).toSorted());
      for (const { sender } of copies) assert.ok(sender.startsWith(`news-return-${at + 1}.`), sender);
      await station.daemon.stop();
    });
  }
});

test('every message that was answered before a kill is there after it', async (t) => {
  const station = await restingHome(t, 1);
  const mortal = await startMortal(t, station.directory, station.peer.port);
  const answered: string[] = [];
  const load = Array.from({ length: 8 }, async (_, session) => {
    for (let count = 0; ; count++) {
      const subject = `load ${session}-${count}`;
      const reply = await post(mortal.port, subject).catch(() => '');
      if (!reply.startsWith('250')) return;
      answered.push(subject);
    }
  });
  await until('some answers', () => answered.length >= 40);
  await mortal.kill();
  await Promise.all(load);
  await station.start();
  await allIsSent(station);
  const kept = (await archived(station)).map((message) => fieldOf({ message }, 'Subject'));
  assert.equal(kept.length, new Set(kept).size, 'a post stands twice in the archive');
  assert.deepEqual(
    answered.filter((subject) => !kept.includes(subject)),
    [],
  );
});

test('a fan-out that is killed again and again reaches everybody, each under their own sender', async (t) => {
  const members = 500;
  const station = await restingHome(t, members);
  const { peer } = station;
  const reached = (): Set<string> => new Set(peer.copies.map(({ recipient }) => recipient));
  let mortal: Mortal = await startMortal(t, station.directory, peer.port);
  await post(mortal.port, 'to all');
  let extraMost = 0;
  for (const copies of [60, 180, 330]) {
    await until(`${copies} copies`, () => reached().size >= copies);
    await mortal.kill();
    await peer.isAlone();
    // What stands on disk is never sent again.
    const onDisk = deliveredOnDisk(station.directory);
    extraMost += [...reached()].filter((recipient) => !onDisk.has(recipient)).length;
    mortal = await startMortal(t, station.directory, peer.port);
  }
  await mortal.kill();
  await station.start();
  await allIsSent(station);
  const keys = await listOf(station).keys();
  assert.equal(reached().size, members);
  const extra = peer.copies.length - members;
  assert.ok(extra <= extraMost, `${extra} copies too many, ${extraMost} results were not on disk`);
  for (const { sender, recipient } of peer.copies) {
    const verp = parseReadableVerp(/^news-return-(.*)@/.exec(sender)?.[1] ?? '');
    assert.equal(verp?.address.text, recipient);
    assert.ok(keys.verpMatches(1, recipient, verp.mac), sender);
  }
});

test('a second daemon on the same home is refused, and says why', async (t) => {
  const station = await startStation(t);
  const second = await startMortal(t, station.directory, station.peer.port);
  assert.equal(second.said, `another daemon serves ${station.directory}; stop it first`);
});
