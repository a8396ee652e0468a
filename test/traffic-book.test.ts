import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FromTraffic } from '../src/deliver/traffic-messages.ts';
import { engines } from '../src/engines.ts';
import { homePaths, initialSettings, openHome } from '../src/home.ts';
import { systemClock } from '../src/lib/clock.ts';
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
  happens: (say: (lane: string, reply?: string) => FromTraffic[]) => void,
): Promise<string[]> {
  const logged: string[] = [];
  const log = (event: string, fields: object): void => void logged.push([event, ...Object.values(fields)].join(' '));
  const storage = inlineStorage(engines);
  const home = await openHome({ directory, settings: initialSettings(), storage, clock: systemClock, log });
  const { traffic, close } = await openTraffic(home, log);
  const heard: FromTraffic[] = [];
  const tell = traffic.join((message) => heard.push(message));
  happens((lane, reply) => {
    tell({ kind: 'want', lane: { lane, hosts: [lane], isRoute: false }, count: 1, isFirst: true });
    if (reply !== undefined) tell({ kind: 'refusal', lane, domain: 'example.net', reply });
    return heard;
  });
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
