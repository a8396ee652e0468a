import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import type { List } from '../../src/list/list.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter } from '../helpers/letter.ts';
import { mountIsAbsent, mountSmallDisk, unmount, withReadOnly } from '../helpers/mounts.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@example.net';
const news = `news@${listDomain}`;

async function stationWithAnn(
  t: TestContext,
  settings: Record<string, unknown> = {},
  directory = '',
): Promise<[Station, List]> {
  const station = await startStation(t, {}, directory);
  const list = await stationList(station.daemon, 'news', settings);
  await list.store.add('subscriber', [parseAddress(ann)!], { id: 'test', tag: 'manual', at: Date.now() });
  return [station, list];
}

/** The reply to a post of about so many octets. */
async function post({ daemon }: Station, subject: string, octets = 0): Promise<string> {
  const filler = 'and so on and so forth, for a line of fifty octets\r\n'.repeat(octets / 52);
  const message = letter(ann, news, subject) + filler;
  const { end, recipients } = await transact(daemon.smtpPort, { from: ann, to: news, message });
  return end[0] ?? recipients[0]!;
}

async function isDeferred({ logged }: Station): Promise<void> {
  await until('a deferral', () => logged.some(({ event }) => event === 'entry.deferred'));
}

describe('trouble of the machine and of its operator', { concurrency: true }, () => {
  test('a full disk is 452 4.3.1, leaves nothing half-written, and passes', { skip: mountIsAbsent() }, async (t) => {
    const disk = await mkdtemp(join(tmpdir(), 'ezlm-full-'));
    const directory = join(disk, 'home');
    mountSmallDisk(disk);
    const [station, list] = await stationWithAnn(t, {}, directory).finally(() =>
      t.after(async () => {
        unmount(disk);
        await rmdir(disk);
      }),
    );
    assert.match(await post(station, 'before'), /^250 /);
    await station.peer.nth(ann, 1);
    const filler = join(disk, 'filler');
    await assert.rejects(writeFile(filler, Buffer.alloc(64 << 20)), { code: 'ENOSPC' });
    // A body in the queue's database, and one that gets a file.
    for (const octets of [200_000, 400_000]) {
      assert.match(await post(station, `of ${octets}`, octets), /^452 4\.3\.1 /);
    }
    const bodies = await readdir(join(directory, 'queue', 'body')).catch(() => []);
    assert.deepEqual(bodies, []);
    await rm(filler);
    assert.match(await post(station, 'after', 200_000), /^250 /);
    await station.peer.nth(ann, 2);
    assert.equal(await list.store.lastPost(), 2);
    assert.deepEqual(
      station.peer.of(ann).map((copy) => fieldOf(copy, 'Subject')),
      ['before', 'after'],
    );
  });

  test(
    'a post for a list directory that cannot be written waits until it can',
    { skip: mountIsAbsent() },
    async (t) => {
      const [station, list] = await stationWithAnn(t);
      await withReadOnly(list.directory, async () => {
        assert.match(await post(station, 'patience'), /^250 /);
        await isDeferred(station);
      });
      const copy = await station.peer.nth(ann, 1);
      assert.equal(fieldOf(copy, 'Subject'), 'patience');
      assert.equal(await list.store.lastPost(), 1);
    },
  );

  test('a post for a list whose database another process has locked waits until it is free', async (t) => {
    const [station, list] = await stationWithAnn(t);
    const other = new DatabaseSync(join(list.directory, 'list.db'));
    try {
      other.exec('BEGIN IMMEDIATE');
      assert.match(await post(station, 'patience'), /^250 /);
      await isDeferred(station);
    } finally {
      other.close();
    }
    await station.peer.nth(ann, 1);
    assert.equal(await list.store.lastPost(), 1);
  });

  test('while another process has locked the queue a post is taken in, and goes out when it is free', async (t) => {
    const [station, list] = await stationWithAnn(t);
    const other = new DatabaseSync(join(station.directory, 'queue', 'queue.db'));
    try {
      other.exec('BEGIN IMMEDIATE');
      assert.match(await post(station, 'patience'), /^250 /);
      assert.match(await post(station, 'too large for a journal', 70_000), /^451 4\.3\.0 /);
      assert.deepEqual(station.peer.of(ann), []);
    } finally {
      other.close();
    }
    assert.equal(fieldOf(await station.peer.nth(ann, 1), 'Subject'), 'patience');
    assert.equal(await list.store.lastPost(), 1);
  });

  test('every mistake of a hand-edited list.json is told with its line; the last good settings go on', async (t) => {
    const [station, list] = await stationWithAnn(t, { prefix: '[news]' });
    assert.match(await post(station, 'before'), /^250 /);
    await station.peer.nth(ann, 1);
    const path = join(list.directory, 'list.json');
    await writeFile(path, '{\n  "posting": "anybody",\n  "prefx": "[new]",\n  "bytesMost": 12\n}\n');
    assert.match(await post(station, 'after'), /^250 /);
    assert.equal(fieldOf(await station.peer.nth(ann, 2), 'Subject'), '[news] after');
    const problems = station.logged
      .filter(({ event }) => event === 'settings.problem')
      .map(({ fields }) => String(fields['problem']).slice(path.length));
    assert.equal(problems.length, 3);
    assert.match(problems[0]!, /^:2: posting: must be one of everybody, subscribers, owner, nobody/);
    assert.match(problems[1]!, /^:3: prefx: .*prefix/);
    assert.match(problems[2]!, /^:4: bytesMost: .*1024/);
  });
});
