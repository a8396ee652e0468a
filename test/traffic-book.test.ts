import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FromTraffic, ToTraffic } from '../src/deliver/traffic-messages.ts';
import { engines } from '../src/engines.ts';
import { type Home, homePaths, initialSettings, openHome } from '../src/home.ts';
import { systemClock } from '../src/lib/clock.ts';
import { idMaker } from '../src/lib/ids.ts';
import { inlineStorage } from '../src/lib/storage.ts';
import { openTraffic } from '../src/traffic-book.ts';

async function directoryOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-traffic-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A run on a home: what happens in it, and what was logged. */
async function run(
  directory: string,
  happens: (say: (lane: string, reply?: string) => FromTraffic[], tell: (message: ToTraffic) => void) => void,
  queued: (home: Home) => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const logged: string[] = [];
  const log = (event: string, fields: object): void => void logged.push([event, ...Object.values(fields)].join(' '));
  const storage = inlineStorage(engines);
  const home = await openHome({ directory, settings: initialSettings(), storage, clock: systemClock, log });
  await queued(home);
  const { traffic, close } = await openTraffic(home, log);
  const heard: FromTraffic[] = [];
  const tell = traffic.join((message) => heard.push(message));
  happens((lane, reply) => {
    tell({ kind: 'want', lane: { lane, hosts: [lane], isRoute: false }, count: 1, isFirst: true });
    if (reply !== undefined) tell({ kind: 'refusal', lane, domain: 'example.net', reply });
    return heard;
  }, tell);
  await close();
  await storage.close();
  return logged;
}

const refusal = '421 4.7.0 too many connections from you, slow down';

test('a lane that is left alone is left alone by the next run', async (t) => {
  const directory = await directoryOf(t);
  await run(directory, (say) => {
    assert.ok(say('mx.example.net', refusal).some(({ kind }) => kind === 'lease'));
  });
  const logged = await run(directory, (say) => {
    assert.ok(!say('mx.example.net').some(({ kind }) => kind === 'lease'));
    assert.ok(say('mx.example.com').some((message) => message.kind === 'lease' && message.lane === 'mx.example.com'));
  });
  assert.deepEqual(logged, []);
});

test('without its database, or with nonsense in it, mail goes out all the same', async (t) => {
  const directory = await directoryOf(t);
  await writeFile(homePaths(directory).server, 'this is no database, and long enough to be looked at\n'.repeat(50));
  const logged = await run(directory, (say) => {
    assert.ok(say('mx.example.net', refusal).some(({ kind }) => kind === 'lease'));
  });
  assert.ok(logged.some((line) => line.startsWith('storage.trouble writing down which hosts are left alone')));
});

test("an owner's profiles hold, and a mistake in them is told", async (t) => {
  const directory = await directoryOf(t);
  const own = '[{ "name": "club", "hosts": [".club.example"], "connections": 1 }, { "name": "" }]';
  await writeFile(homePaths(directory).providers, own);
  const logged = await run(directory, (say) => {
    say('mx.club.example');
    assert.equal(say('mx.club.example').filter(({ kind }) => kind === 'lease').length, 1);
  });
  assert.match(logged.join('\n'), /settings\.problem \S*providers\.json profile 2: name: must be a word/);
});

test('a post that a provider refuses for what it is stays put off there in the next run, and is forgotten with it', async (t) => {
  const directory = await directoryOf(t);
  const post = idMaker(systemClock)();
  const list = 'news@lists.example.org';
  const work = { list, number: 1, role: 'subscriber', lastMember: 1 } as const;
  const names = { id: post, message: post, cause: post, sender: '', recipient: list, list } as const;
  const body = Buffer.from('Subject: a\r\n\r\na\r\n');
  const accept = ({ queue }: Home): Promise<void> =>
    queue.accept([{ id: post, body }], [{ ...names, kind: 'post', due: 0, post: work }]);
  const offs = (heard: readonly FromTraffic[]): FromTraffic[] => heard.filter(({ kind }) => kind === 'post');
  let off: FromTraffic[] = [];
  await run(
    directory,
    (say, tell) => {
      say('mx.example.net');
      const blame = { post, list, results: 1 };
      for (let n = 0; n < 10; n++) tell({ kind: 'blame', lane: 'mx.example.net', blame, reply: '550 5.7.1 spam' });
      off = offs(say('mx.example.net'));
    },
    accept,
  );
  assert.equal(off.length, 1);
  await run(directory, (say) => assert.deepEqual(offs(say('mx.example.net')), off));
  await run(
    directory,
    (say) => assert.deepEqual(offs(say('mx.example.net')), []),
    ({ queue }) => queue.drop(post),
  );
});
