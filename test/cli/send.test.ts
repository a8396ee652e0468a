import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Door } from '../../src/cli/door.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { engines } from '../../src/engines.ts';
import { type Home, initialSettings, openHome } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type Id, parseId } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import type { List } from '../../src/list/list.ts';
import { parseListName } from '../../src/list/name.ts';
import { packMembers } from '../../src/list/packed.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';
import type { Outcome, OutcomeState } from '../../src/queue/outcome.ts';
import { answerAt } from './test-daemon.ts';
import { ezlm, homeWithList, keepingDoor, news } from './test-door.ts';

const message = 'Subject: Issue 12\n\nHello.\n';
const daemon = { owner: 'daemon', leaseMs: 60_000 };
const people = ['ann@a.example', 'bob@b.example', 'eve@b.example'];

/** A daemon that does one step whenever somebody waits. */
class StepDaemon {
  readonly home: Home;
  readonly list: List;
  post: Id | undefined;

  constructor(home: Home) {
    this.home = home;
    this.list = home.lists.open(parseListName(news)!);
  }

  /** The message becomes post 1, cut into one chunk. */
  async take(): Promise<void> {
    const { queue } = this.home;
    const [entry] = await queue.claim(daemon, ['arrived'], 1);
    await this.list.store.recordPost({
      number: 1,
      cause: entry!.id,
      at: Date.now(),
      subject: 's',
      from: 'f',
      messageId: '',
      size: 1,
    });
    this.post = this.home.newId();
    const work = { list: news, number: 1, role: 'subscriber', lastMember: 99 } as const;
    const body = { id: this.home.newId(), body: Buffer.from(message) };
    await queue.finish(
      daemon,
      entry!.id,
      [body],
      [
        {
          id: this.post,
          kind: 'post',
          message: body.id,
          sender: '',
          recipient: news,
          list: news,
          cause: `${entry!.id}:post`,
          due: 0,
          post: work,
        },
      ],
    );
    await queue.claim(daemon, ['post'], 1);
    const members = people.map((address, at) => ({ member: at + 1, address }));
    await queue.cutChunk(
      daemon,
      this.post,
      { domain: '', packed: packMembers(members), count: members.length },
      undefined,
    );
    await queue.cutChunk(daemon, this.post, undefined, undefined);
  }

  async deliver(states: readonly OutcomeState[], from = 0): Promise<void> {
    const outcomes = states.map((state, at): Outcome => {
      const next = state === 'deferred' ? { next: Date.UTC(2030, 0, 1) } : {};
      const address = people[from + at]!;
      return {
        post: this.post!,
        position: from + at,
        member: from + at + 1,
        address,
        state,
        at: Date.now(),
        host: 'mx',
        reply: '450 4.2.1 no',
        ...next,
      };
    });
    await this.home.queue.record(batchOf(outcomes));
  }

  async endChunk(): Promise<void> {
    for (const chunk of await this.home.queue.claimChunks(daemon, 1_000))
      await this.home.queue.finishChunk(daemon, chunk.id);
    await this.home.queue.finishPost(this.post!);
  }
}

interface Watched {
  readonly code: number;
  readonly output: string;
  readonly talk: string;
  /** What was shown over the last line, one after the other. */
  readonly shown: string[];
}

/** Runs `send` at a terminal; each time it waits, the next of the steps is done. */
async function watchedSend(
  t: TestContext,
  home: string,
  steps: ((daemon: StepDaemon) => Promise<unknown>)[],
  words: string[] = [],
): Promise<Watched> {
  const opened = await openHome({
    directory: home,
    settings: initialSettings(),
    storage: inlineStorage(engines),
    clock: systemClock,
    log: () => {},
  });
  t.after(() => opened.close());
  const stepping = new StepDaemon(opened);
  const { door, kept } = keepingDoor(home, message);
  const shown: string[] = [];
  let interrupt = (): void => {};
  const terminal: Door = {
    ...door,
    progress: (text) => shown.push(text),
    onInterrupt: (stop) => {
      interrupt = stop;
      return () => {};
    },
    clock: {
      ...systemClock,
      sleep: async () => {
        const step = steps.shift();
        if (step) await step(stepping);
        else interrupt();
      },
    },
  };
  const code = await runCommandLine(['send', news, ...words], terminal, '1');
  return { code, ...kept, shown };
}

async function homeWithPeople(t: TestContext): Promise<string> {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, ...people]);
  return home;
}

test('at a terminal a post is shown until each was tried, with the words that pause it and what came of it', async (t) => {
  const home = await homeWithPeople(t);
  await answerAt(t, home, []);
  const ran = await watchedSend(t, home, [
    (one) => one.take(),
    (one) => one.deliver(['delivered']),
    async (one) => {
      await one.deliver(['deferred', 'failed'], 1);
      await one.endChunk();
    },
  ]);
  assert.equal(ran.code, 0, ran.talk);
  const id = parseId(ran.output.trim());
  assert.ok(id);
  assert.equal(ran.shown[0], `waits as ${id}`);
  assert.match(ran.shown[1]!, /^post 1: 0 of 3 \(0 %\), 0 deferred, 0 failed, 0\/s, ETA -$/);
  assert.match(ran.shown[2]!, /^post 1: 1 of 3 \(33 %\), 0 deferred, 0 failed, \d\S*\/s, ETA \d+s$/);
  assert.equal(ran.shown.at(-1), '');
  assert.match(ran.talk, /"ezlm queue hold \w+" pauses it, "ezlm queue release \w+" lets it go on\n/);
  assert.match(ran.talk, /post 1: 1 delivered, 1 deferred, 1 failed; the next try is at 2030-01-01T00:00:00Z\n/);
  assert.match(ran.talk, /"ezlm trace news@lists\.example\.org 1 --not-delivered --latest" says to whom not/);
});

test('a post that everybody has got ends without advice', async (t) => {
  const home = await homeWithPeople(t);
  await answerAt(t, home, []);
  const ran = await watchedSend(t, home, [
    async (one) => {
      await one.take();
      await one.deliver(['delivered', 'delivered', 'delivered']);
      await one.endChunk();
    },
  ]);
  assert.equal(ran.code, 0);
  assert.equal(ran.talk, 'post 1: 3 delivered, 0 deferred, 0 failed\n');
});

test('Ctrl-C ends the watching, not the post, and says how to go on', async (t) => {
  const home = await homeWithPeople(t);
  await answerAt(t, home, []);
  const ran = await watchedSend(t, home, [(one) => one.take()]);
  assert.equal(ran.code, 0);
  assert.match(
    ran.talk,
    /no longer watched; the post goes on\n"ezlm top" shows how far it is, "ezlm trace news@lists\.example\.org 1 --summary"/,
  );
  assert.match((await ezlm(home, ['queue', 'list', '--kind', 'post'])).output, / post +ready /);
});

test('without a daemon nobody waits; without a terminal, or with --no-wait, neither', async (t) => {
  const home = await homeWithPeople(t);
  const ran = await watchedSend(t, home, []);
  assert.equal(ran.code, 0);
  assert.match(ran.talk, /no daemon runs: the post goes on when one does/);
  await answerAt(t, home, []);
  assert.deepEqual((await watchedSend(t, home, [], ['--no-wait'])).shown, []);
  const plain = await ezlm(home, ['send', news], message);
  assert.equal(plain.code, 0);
  assert.equal(plain.talk, '');
});

test('a message that the list did not take is a complaint', async (t) => {
  const home = await homeWithPeople(t);
  await answerAt(t, home, []);
  const ran = await watchedSend(t, home, [
    async ({ home: { queue } }) => {
      const [entry] = await queue.claim(daemon, ['arrived'], 1);
      await queue.finish(daemon, entry!.id, [], []);
    },
  ]);
  assert.equal(ran.code, 65);
  assert.match(ran.talk, /did not take the message\n.*post\.rejected/);
});

test('the id that send prints holds and releases the message, and then the post that was made of it', async (t) => {
  const home = await homeWithPeople(t);
  await answerAt(t, home, []);
  const ran = await watchedSend(t, home, [(one) => one.take()]);
  const id = ran.output.trim();
  for (const [action, state] of [
    ['hold', 'held'],
    ['release', 'ready'],
  ] as const) {
    const moved = await ezlm(home, ['queue', action, id]);
    assert.equal(moved.code, 0, moved.talk);
    assert.match((await ezlm(home, ['queue', 'show', id])).output, new RegExp(`kind: post\nstate: ${state}\n`));
  }
  assert.equal((await ezlm(home, ['queue', 'release', id])).code, 66);
  assert.match((await ezlm(home, ['queue', 'hold', id, '--dry-run'])).talk, /1 would be held/);
});
