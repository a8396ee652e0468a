import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type RoundTools, runRound } from '../../src/bounce/round.ts';
import { bounceRulesOf } from '../../src/list/bounce-rules.ts';
import type { NewBounce } from '../../src/list/bounce-store.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import type { NewEntry } from '../../src/queue/store.ts';
import { type Dialogue, startDialogue } from '../helpers/dialogue.ts';

const dayMs = 86_400_000;
const ann = 'ann@example.net';
const owner = 'news-owner@lists.example.org';

interface Rounds {
  readonly talk: Dialogue;
  /** Entries that the queue has taken, with their subjects. */
  readonly queued: { readonly entry: NewEntry; readonly subject: string }[];
  readonly pass: (days: number) => void;
  readonly round: (tools?: Partial<RoundTools>) => Promise<number | undefined>;
  readonly bounce: (...some: Partial<NewBounce>[]) => Promise<void>;
}

let causes = 0;

async function rounds(t: TestContext, settings: Record<string, unknown> = {}, members = [ann]): Promise<Rounds> {
  const talk = await startDialogue(t, settings);
  const { store } = talk.list;
  const addresses = members.map((text) => parseAddress(text)!);
  await store.add('subscriber', addresses, { id: 'add', tag: '', at: talk.now });
  const queued: Rounds['queued'] = [];
  const accept: RoundTools['accept'] = async (messages, entries) => {
    for (const entry of entries) {
      const { body } = messages.find(({ id }) => id === entry.message)!;
      queued.push({ entry, subject: valueOf(parseHeader(Buffer.from(body)), 'subject') ?? '' });
    }
  };
  return {
    talk,
    queued,
    pass: (days) => {
      talk.now += days * dayMs;
    },
    round: (tools) => runRound(talk.list, { ...talk.tools, accept, ...tools }),
    bounce: async (...some) => {
      const bounces = some.map((more): NewBounce => ({ ...usual, at: talk.now, cause: `b${++causes}`, ...more }));
      await store.recordBounces(bounces, bounceRulesOf(await talk.list.settings()));
    },
  };
}

const usual = {
  member: 1,
  address: ann,
  number: 1,
  how: 'mail',
  reason: 'userunknown',
  grounds: 'address',
  permanent: true,
  status: '5.1.1',
  host: 'mx.example.net',
  text: '550 5.1.1 nobody here',
  weight: 1,
} as const;
const policy = { grounds: 'policy', reason: 'blocked', permanent: false, text: '554 5.7.1 listed', weight: 0 } as const;

/** The step that the sender of an entry names, and when it was taken. */
function stepOf({ talk }: Rounds, { entry }: Rounds['queued'][number]): { step: 'warn' | 'probe'; since: number } {
  const way = talk.route(entry.sender);
  assert.ok(way.kind === 'bounce' && way.step, entry.sender);
  return { step: way.step.step, since: way.step.since };
}

test('a warning goes out when it is due, a probe after its bounce, and each only once', async (t) => {
  const all = await rounds(t, { bounceSummary: false });
  const { talk, queued, pass, round, bounce } = all;
  assert.equal(await round(), undefined, 'nothing is due');
  await bounce({});
  const due = talk.now + 10 * dayMs;
  assert.equal(await round(), due);
  pass(9.9);
  assert.equal(await round(), due);
  assert.equal(queued.length, 0);
  pass(0.2);
  assert.equal(await round(), talk.now + 10 * dayMs);
  assert.deepEqual([queued.length, queued[0]?.entry.recipient], [1, ann]);
  const warning = stepOf(all, queued[0]!);
  assert.equal(warning.step, 'warn');
  assert.ok(talk.logged.some((line) => /^bounce\.stepped news@lists\.example\.org 1 0 0$/.test(line)));
  pass(1);
  await bounce({ number: 0, step: warning });
  pass(10);
  await round();
  await round();
  assert.equal(queued.length, 2);
  assert.equal(stepOf(all, queued[1]!).step, 'probe');
});

test('nothing comes back: the member is well again and hears nothing more', async (t) => {
  const { talk, queued, pass, round, bounce } = await rounds(t);
  await bounce({});
  pass(10);
  await round();
  pass(10);
  assert.equal(await round(), undefined);
  assert.equal(queued.filter(({ entry }) => entry.recipient === ann).length, 1);
  assert.ok(talk.logged.some((line) => line.startsWith('bounce.stepped') && line.endsWith(' 0 0 1')));
});

test('after a crash behind the commit of a warning it goes once more, with the same sender and the same cause', async (t) => {
  const all = await rounds(t);
  const { queued, pass, round, bounce } = all;
  const lost: NewEntry[] = [];
  const crash: RoundTools['accept'] = async (_messages, entries) => {
    lost.push(...entries);
    throw new Error('the lights went out');
  };
  await bounce({});
  pass(10);
  for (let n = 0; n < 2; n++) {
    await assert.rejects(round({ accept: crash }), /lights/);
    pass(0.5);
  }
  assert.equal(await all.talk.list.store.nextStep(), 0);
  await round();
  assert.equal(queued.length, 1);
  for (const { sender, cause } of lost)
    assert.deepEqual([sender, cause], [queued[0]!.entry.sender, queued[0]!.entry.cause]);
  assert.equal(lost.length, 2);
  const [logged] = [(await allLog(all)).filter((event) => event === 'warned')];
  assert.equal(logged.length, 1, 'the step itself was taken once');
  pass(1);
  await bounce({ number: 0, step: stepOf(all, { entry: lost[0]!, subject: '' }) });
  assert.ok((await allLog(all)).includes('warning returned'), 'the first one counts as well');
});

async function allLog({ talk }: Rounds): Promise<string[]> {
  const events: string[] = [];
  for await (const page of talk.list.store.log()) events.push(...page.map(({ event }) => event));
  return events;
}

test('many are asked in commits of a few hundred, each once', async (t) => {
  const members = Array.from({ length: 210 }, (_, at) => `u${at}@example.net`);
  const { talk, queued, pass, round, bounce } = await rounds(t, {}, members);
  await bounce(...members.map((address, at) => ({ member: at + 1, address })));
  pass(10);
  const commits: number[] = [];
  const accept: RoundTools['accept'] = async (_messages, entries) => {
    commits.push(entries.length);
    queued.push(...entries.map((entry) => ({ entry, subject: '' })));
  };
  await round({ accept });
  const asked = queued.map(({ entry }) => entry.recipient);
  assert.deepEqual(asked.toSorted(), members.toSorted());
  assert.ok(Math.max(...commits) <= 200);
  assert.equal(new Set(queued.map(({ entry }) => entry.sender)).size, 210);
  talk.now += 10 * dayMs;
  await round();
  assert.equal(queued.filter(({ entry }) => entry.recipient !== owner).length, 210);
  assert.ok(!(await allLog({ talk, queued, pass, round, bounce })).includes('probed'));
});

test('a list that only records warns nobody, also of those who were on the ladder before', async (t) => {
  const { queued, pass, round, bounce } = await rounds(t, { bounces: 'record', bounceSummary: false });
  for (let number = 1; number <= 30; number++) {
    pass(1);
    await bounce({ number }, { number, grounds: 'unreachable', member: 1 }, { number: number + 40, grounds: 'full' });
    assert.equal(await round(), undefined);
  }
  assert.deepEqual(queued, []);
  const before = await rounds(t);
  await before.bounce({});
  const settings = await before.talk.list.settings();
  before.pass(30);
  const recording = {
    name: before.talk.list.name,
    store: before.talk.list.store,
    settings: async () => ({ ...settings, bounces: 'record', bounceSummary: false }) as const,
  };
  await runRound(recording as unknown as typeof before.talk.list, {
    ...before.talk.tools,
    accept: async () => assert.fail('a mail'),
  });
  assert.equal(await before.talk.list.store.nextStep(), undefined);
});

test('the owner is told of an alarm once', async (t) => {
  const { talk, queued, round, bounce, pass } = await rounds(t, { bounceSummary: false });
  await bounce(...Array.from({ length: 12 }, () => policy));
  await assert.rejects(round({ accept: async () => Promise.reject(new Error('full')) }), /full/);
  for (let n = 0; n < 3; n++) {
    await round();
    await bounce(policy);
  }
  assert.deepEqual(
    queued.map(({ entry, subject }) => [entry.recipient, entry.sender, subject]),
    [[owner, '', 'Hosts refuse the mail of news@lists.example.org']],
  );
  assert.ok(talk.logged.some((line) => line.startsWith('bounce.alarm news@lists.example.org 12 blocked')));
  pass(2);
  await bounce(...Array.from({ length: 10 }, () => policy));
  await round();
  assert.equal(queued.length, 2, 'the next trouble is told again');
});

test('the owner gets a summary each week in which something came back', async (t) => {
  const { queued, round, bounce, pass } = await rounds(t);
  const subjects = (): string[] =>
    queued.filter(({ entry }) => entry.recipient === owner).map(({ subject }) => subject);
  await bounce({ number: 3 });
  await round();
  assert.deepEqual(subjects(), [], 'the first week has just begun');
  pass(6.9);
  await bounce({ number: 4, ...policy });
  await round();
  assert.deepEqual(subjects(), []);
  pass(0.1);
  await round();
  await round();
  assert.equal(subjects().length, 1);
  assert.match(subjects()[0]!, /since 2026-08-03/);
  pass(7.5);
  await bounce(policy);
  pass(0.5);
  await round();
  assert.equal(subjects().length, 2);
  pass(3);
  await round();
  for (let n = 0; n < 4; n++) {
    pass(7);
    await round();
  }
  const before = subjects().length;
  pass(7);
  await round();
  assert.equal(subjects().length, before, 'nothing came back and nothing happened');
});

test('a list that wants no summary gets none, and no arrears when it wants them again', async (t) => {
  const { talk, queued, round, bounce, pass } = await rounds(t, { bounceSummary: false });
  await round();
  for (let n = 0; n < 3; n++) {
    await bounce(policy);
    pass(7);
    await round();
  }
  assert.deepEqual(queued, []);
  assert.equal(await talk.list.store.lastSummary(), talk.now);
});

test('old bounces and what came back are forgotten', async (t) => {
  const { talk, round, bounce, pass } = await rounds(t, { bounceKeepDays: 30 });
  await bounce({ ...policy, evidence: Buffer.from('x') });
  const { id } = (await talk.list.store.bounces(1))[0]!;
  pass(29.9);
  await round();
  assert.ok(await talk.list.store.evidence(id));
  pass(0.2);
  await round();
  assert.deepEqual([await talk.list.store.bounces(1), await talk.list.store.evidence(id)], [[], undefined]);
});
