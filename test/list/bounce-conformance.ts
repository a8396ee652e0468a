import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Bounce, BounceRules, MemberStanding, NewBounce, TakenStep } from '../../src/list/bounce-store.ts';
import type { Role } from '../../src/list/name.ts';
import { unpackMembers } from '../../src/list/packed.ts';
import type { ListStore } from '../../src/list/store.ts';
import { parseAddress } from '../../src/mail/address.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** A midnight. */
const start = Date.UTC(2026, 2, 1);
const rules: BounceRules = Object.freeze({
  action: 'remove',
  threshold: 1,
  halfLife: 30 * dayMs,
  warnAfter: 10 * dayMs,
  probeAfter: 10 * dayMs,
  unreachablePosts: 3,
  unreachableFor: 14 * dayMs,
  fullFor: 60 * dayMs,
  keepFor: 90 * dayMs,
  alarmRefusals: 10,
});
const [ann, bob] = ['ann@x.example', 'bob@y.example'];

let causes = 0;

/** A bounce of post 1 by the bad address of member 1, at the start. */
function bounceOf(more: Partial<NewBounce> = {}): NewBounce {
  return {
    member: 1,
    address: ann,
    number: 1,
    at: start,
    how: 'mail',
    reason: 'userunknown',
    grounds: 'address',
    permanent: true,
    status: '5.1.1',
    host: 'mx.x.example',
    text: '550 5.1.1 nobody here',
    weight: 1,
    cause: `bounce ${++causes}`,
    ...more,
  };
}

const policy = { grounds: 'policy', reason: 'blocked', permanent: false, text: '554 5.7.1 listed', weight: 0 } as const;
const late = { grounds: 'passing', reason: 'expired', permanent: false, text: '450 4.2.0 later', weight: 0 } as const;
const full = { grounds: 'full', reason: 'mailboxfull', permanent: false, text: '452 4.2.2 full', weight: 0 } as const;
const away = { grounds: 'unreachable', reason: 'expired', permanent: false, text: 'no answer', weight: 0 } as const;

/** Members 1 and 2, ann and bob, as subscribers unless it says otherwise. */
async function joined(store: ListStore, role: Role = 'subscriber'): Promise<ListStore> {
  for (const text of [ann, bob])
    await store.add(role, [parseAddress(text)!], { id: `join ${text}`, tag: 'manual', at: start - dayMs });
  return store;
}

async function recordPosts(store: ListStore, most: number, apartMs = 0): Promise<void> {
  for (let number = 1; number <= most; number++) {
    const post = { from: ann, messageId: `<${number}@x.example>`, size: 9, subject: `subject ${number}` };
    await store.recordPost({ ...post, number, cause: `post ${number}`, at: start + (number - 1) * apartMs });
  }
}

async function gather<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

function record(store: ListStore, ...some: NewBounce[]): Promise<readonly string[]> {
  return store.recordBounces(some, rules).then(({ effects }) => effects);
}

async function eventsOf(store: ListStore): Promise<string[]> {
  const lines = await gather(store.log());
  return lines.filter(({ event }) => !event.startsWith('+')).map(({ event, address }) => `${event} ${address}`);
}

async function onlyStanding(store: ListStore, canonical = ann): Promise<MemberStanding> {
  const [found] = await gather(store.standings(canonical));
  return found ?? assert.fail(`nothing is known of ${canonical}`);
}

async function onlyStep(store: ListStore, now: number, given = rules): Promise<TakenStep> {
  const { steps } = await store.takeSteps(now, given, 100);
  assert.equal(steps.length, 1);
  return steps[0]!;
}

/** Leads ann to where the probe has been sent; gives the times that stand in the addresses of both mails. */
async function probed(store: ListStore, given = rules): Promise<{ warned: number; probed: number; now: number }> {
  await store.recordBounces([bounceOf()], given);
  const warning = await onlyStep(store, start + 10 * dayMs, given);
  await store.stepsSent([warning]);
  const at = start + 11 * dayMs;
  const step = { step: 'warn', since: warning.standing.since } as const;
  await store.recordBounces([bounceOf({ number: 0, at, step })], given);
  const now = at + 10 * dayMs;
  const probe = await onlyStep(store, now, given);
  await store.stepsSent([probe]);
  return { warned: warning.standing.since, probed: probe.standing.since, now };
}

async function receivers(store: ListStore): Promise<string[]> {
  const page = await store.page('subscriber', undefined, Number.MAX_SAFE_INTEGER, 100);
  return [...unpackMembers(page.packed)].map(({ address }) => address);
}

/** What every BounceStore promises. `open` gives an empty list, which the test cleans up. */
export function bounceStoreConformance(name: string, open: (t: TestContext) => Promise<ListStore>): void {
  const promise = (what: string, run: (store: ListStore) => Promise<void>): void => {
    test(`${name}: ${what}`, async (t) => run(await open(t)));
  };

  promise('a bounce is recorded once for its cause, and only of a member', async (store) => {
    await joined(store);
    const one = bounceOf();
    assert.deepEqual(await record(store, one), ['counted']);
    assert.deepEqual(await record(store, one, { ...one, number: 2 }, bounceOf({ member: 99 })), [
      'known',
      'known',
      'gone',
    ]);
    await store.remove('subscriber', [parseAddress(bob)!], { id: 'left', tag: '', at: start });
    assert.deepEqual(await record(store, bounceOf({ member: 2, address: bob })), ['gone']);
    const kept = await store.bounces(100);
    assert.equal(kept.length, 1);
    assert.deepEqual({ ...kept[0], weight: one.weight }, { ...one, id: kept[0]!.id, counted: true });
  });

  promise('policy and temporary failures, and mail that is no post, are records and no more', async (store) => {
    await joined(store);
    const soft = [...Array(9).keys()].flatMap((day) =>
      [policy, late].map((why) => bounceOf({ ...why, number: day + 1, at: start + day * dayMs })),
    );
    assert.deepEqual(new Set(await record(store, ...soft, bounceOf({ number: 0 }))), new Set(['kept']));
    assert.deepEqual(await gather(store.standings()), []);
    assert.equal(await store.nextStep(), undefined);
    assert.deepEqual(await eventsOf(store), []);
    assert.equal((await store.bounces(100)).length, 19);
  });

  promise('a post counts once, and so does a day, for each member', async (store) => {
    await joined(store);
    const dear = { ...rules, threshold: 5 };
    const record5 = (...some: NewBounce[]): Promise<readonly string[]> =>
      store.recordBounces(some, dear).then(({ effects }) => effects);
    const noon = start + 12 * hourMs;
    assert.deepEqual(await record5(bounceOf({ at: noon })), ['counted']);
    assert.deepEqual(await record5(bounceOf({ at: noon })), ['kept'], 'the same post');
    assert.deepEqual(await record5(bounceOf({ at: noon + 5 * dayMs })), ['kept'], 'the same post, days later');
    assert.deepEqual(await record5(bounceOf({ number: 2, at: noon + 1 })), ['kept'], 'the same day');
    assert.deepEqual(await record5(bounceOf({ number: 2, at: start + dayMs - 1 })), ['kept'], 'its last moment');
    assert.deepEqual(await record5(bounceOf({ number: 2, at: start })), ['kept'], 'its first moment');
    const other = bounceOf({ member: 2, address: bob, at: noon });
    assert.deepEqual(await record5(other, bounceOf({ number: 3, at: start + dayMs })), ['counted', 'counted']);
    assert.deepEqual(await record5(bounceOf({ number: 4, at: start - 1 })), ['counted'], 'the day before');
    const { score } = (await onlyStanding(store)).standing;
    assert.ok(score > 2.8 && score <= 3, String(score));
  });

  promise('a burst in one commit is one bounce', async (store) => {
    await joined(store);
    const burst = Array.from({ length: 50 }, (_, at) => bounceOf({ number: at + 1, at: start + at * 1_000 }));
    const { effects } = await store.recordBounces(burst, { ...rules, threshold: 2 });
    assert.deepEqual(
      effects.map((effect) => effect === 'counted'),
      burst.map((_, at) => at === 0),
    );
    assert.equal((await onlyStanding(store)).standing.due, undefined);
  });

  promise('a bounce of an old post is a replay: it counts no more', async (store) => {
    await joined(store);
    await recordPosts(store, 2);
    assert.deepEqual(await record(store, bounceOf({ at: start + 90 * dayMs + 1 })), ['kept']);
    assert.deepEqual(await record(store, bounceOf({ number: 2, at: start + 90 * dayMs })), ['counted']);
  });

  promise('the whole ladder, with a line of the log for each step', async (store) => {
    await joined(store);
    const news = await store.recordBounces([bounceOf()], rules);
    assert.equal(news.due, start + 10 * dayMs);
    assert.equal(await store.nextStep(), start + 10 * dayMs);
    assert.deepEqual(await store.takeSteps(start + 10 * dayMs - 1, rules, 100), { steps: [], recovered: 0 });
    const warning = await onlyStep(store, start + 10 * dayMs + 30_000);
    assert.deepEqual([warning.step, warning.member, warning.role, warning.address], ['warn', 1, 'subscriber', ann]);
    assert.deepEqual([warning.standing.state, warning.standing.since], ['warned', start + 10 * dayMs]);
    assert.deepEqual([warning.reason, warning.text], ['userunknown', '550 5.1.1 nobody here']);
    await store.stepsSent([warning]);
    const at = start + 11 * dayMs;
    const back = { number: 0, at, step: { step: 'warn', since: warning.standing.since } } as const;
    const wrong = { ...back, step: { step: 'warn', since: warning.standing.since - minuteMs } } as const;
    const early = { ...back, step: { step: 'probe', since: warning.standing.since } } as const;
    assert.deepEqual(await record(store, bounceOf(wrong), bounceOf(early), bounceOf({ ...back, ...late })), [
      'kept',
      'kept',
      'kept',
    ]);
    assert.deepEqual(await record(store, bounceOf(back), bounceOf(back)), ['returned', 'kept']);
    assert.equal(await store.nextStep(), at + 10 * dayMs);
    const probe = await onlyStep(store, at + 10 * dayMs);
    assert.equal(probe.step, 'probe');
    await store.stepsSent([probe]);
    const last = { number: 0, at: at + 12 * dayMs, step: { step: 'probe', since: probe.standing.since } } as const;
    assert.deepEqual(await record(store, bounceOf({ ...back, at: last.at })), ['kept'], 'the old warning again');
    assert.ok(await store.memberOf('subscriber', ann));
    const end = bounceOf({ ...last, text: '550 gone' });
    assert.deepEqual(await record(store, end, bounceOf(last), end), ['removed', 'gone', 'known']);
    assert.equal(await store.memberOf('subscriber', ann), undefined);
    assert.equal((await store.memberById(1))?.isGone, true);
    assert.deepEqual(await gather(store.standings()), []);
    assert.equal(await store.nextStep(), undefined);
    const steps = ['bounced', 'warned', 'warning returned', 'probed', '-probe'];
    assert.deepEqual(
      await eventsOf(store),
      steps.map((event) => `${event} ${ann}`),
    );
    const line = (await gather(store.log())).at(-1)!;
    assert.deepEqual([line.at, line.role, line.note], [last.at, 'subscriber', 'userunknown: 550 gone']);
  });

  promise('who recovers is well again, and a later bounce begins anew', async (store) => {
    await joined(store);
    await record(store, bounceOf());
    await store.stepsSent([await onlyStep(store, start + 10 * dayMs)]);
    assert.deepEqual(await store.takeSteps(start + 20 * dayMs, rules, 100), { steps: [], recovered: 1 });
    assert.deepEqual(await gather(store.standings()), []);
    assert.deepEqual(await eventsOf(store), [`bounced ${ann}`, `warned ${ann}`, `recovered ${ann}`]);
    const back = { number: 0, at: start + 21 * dayMs, step: { step: 'warn', since: start + 10 * dayMs } } as const;
    assert.deepEqual(await record(store, bounceOf(back)), ['kept'], 'its warning comes back too late');
    assert.deepEqual(await record(store, bounceOf({ number: 9, at: start + 30 * dayMs })), ['counted']);
    assert.equal((await onlyStanding(store)).standing.due, start + 40 * dayMs);
  });

  promise('slow deaths lead to a warning, and only what they are proves them', async (store) => {
    await joined(store);
    for (const number of [1, 2, 3]) {
      const at = start + (number - 1) * 7 * dayMs;
      await record(store, bounceOf({ ...away, number, at }));
      await record(store, bounceOf({ ...full, member: 2, address: bob, number, at }));
    }
    const warning = await onlyStep(store, start + 24 * dayMs);
    assert.deepEqual([warning.member, warning.standing.grounds], [1, 'unreachable']);
    const back = { number: 0, at: start + 30 * dayMs, step: { step: 'warn', since: warning.standing.since } } as const;
    assert.deepEqual(await record(store, bounceOf({ ...full, ...back })), ['kept']);
    assert.deepEqual(await record(store, bounceOf({ ...away, ...back })), ['returned']);
  });

  promise('steps whose mails may be lost are given again, until they were sent', async (store) => {
    await joined(store);
    await record(store, bounceOf(), bounceOf({ member: 2, address: bob }));
    const now = start + 10 * dayMs;
    const first = await store.takeSteps(now, rules, 100);
    assert.equal(await store.nextStep(), 0);
    assert.deepEqual(await store.takeSteps(now + hourMs, rules, 100), first);
    await store.stepsSent([first.steps[0]!]);
    assert.deepEqual((await store.takeSteps(now + hourMs, rules, 100)).steps, [first.steps[1]]);
    await store.stepsSent(first.steps);
    assert.deepEqual((await store.takeSteps(now + hourMs, rules, 100)).steps, []);
    assert.equal(await store.nextStep(), now + 10 * dayMs);
    assert.equal((await eventsOf(store)).filter((event) => event.startsWith('warned')).length, 2);
  });

  promise('so many steps as were asked for are taken, and the rest the next time', async (store) => {
    const texts = Array.from({ length: 7 }, (_, at) => `u${at}@x.example`);
    await store.add(
      'subscriber',
      texts.map((text) => parseAddress(text)!),
      { id: 'add', tag: '', at: start },
    );
    await record(store, ...texts.map((address, at) => bounceOf({ member: at + 1, address })));
    const taken: string[] = [];
    for (const count of [3, 3, 1, 0]) {
      const { steps } = await store.takeSteps(start + 10 * dayMs, rules, 3);
      assert.equal(steps.length, count);
      taken.push(...steps.map(({ address }) => address));
      await store.stepsSent(steps);
    }
    assert.deepEqual(taken.toSorted(), texts);
  });

  promise(
    'whom the last proof has suspended gets no warning any more, though nobody knows that the probe was sent',
    async (store) => {
      await joined(store);
      const given: BounceRules = { ...rules, action: 'suspend' };
      await store.recordBounces([bounceOf()], given);
      const { since } = (await onlyStep(store, start + 10 * dayMs, given)).standing;
      const at = start + 11 * dayMs;
      await store.recordBounces([bounceOf({ number: 0, at, step: { step: 'warn', since } })], given);
      const probe = await onlyStep(store, at + 10 * dayMs, given);
      const step = { step: 'probe', since: probe.standing.since } as const;
      const { effects } = await store.recordBounces([bounceOf({ number: 0, at: at + 11 * dayMs, step })], given);
      assert.deepEqual(effects, ['suspended']);
      assert.deepEqual((await store.takeSteps(at + 12 * dayMs, given, 100)).steps, []);
      assert.equal(await store.nextStep(), undefined);
    },
  );

  promise('the missed posts are named, the first hundred of them, with their number', async (store) => {
    await joined(store);
    await recordPosts(store, 120);
    await record(store, bounceOf({ ...late, number: 120, at: start - dayMs }));
    const fallen = Array.from({ length: 119 }, (_, at) => bounceOf({ number: 119 - at, at: start + at * 1_000 }));
    await record(store, bounceOf(), ...fallen, bounceOf({ number: 5 }), bounceOf({ ...policy, number: 0 }));
    await record(store, bounceOf({ member: 2, address: bob, number: 120 }));
    const { steps } = await store.takeSteps(start + 10 * dayMs, rules, 100);
    const { missed, missedCount } = steps.find(({ member }) => member === 1)!;
    assert.equal(missedCount, 119);
    assert.deepEqual(
      missed.map((one) => ({ ...one })),
      Array.from({ length: 100 }, (_, at) => ({ number: at + 1, subject: `subject ${at + 1}` })),
    );
    assert.deepEqual(
      steps.find(({ member }) => member === 2)!.missed.map((one) => ({ ...one })),
      [{ number: 120, subject: 'subject 120' }],
    );
  });

  promise(
    'who is suspended stays a member and is on no page of a fan-out, until the standing is reset',
    async (store) => {
      await joined(store);
      const given: BounceRules = { ...rules, action: 'suspend' };
      const { probed: since, now } = await probed(store, given);
      assert.deepEqual(await receivers(store), [ann, bob]);
      const end = bounceOf({ number: 0, at: now + dayMs, step: { step: 'probe', since } });
      assert.deepEqual((await store.recordBounces([end], given)).effects, ['suspended']);
      assert.deepEqual(await receivers(store), [bob]);
      assert.equal(await store.count('subscriber'), 2);
      assert.ok(await store.memberOf('subscriber', ann));
      assert.equal((await onlyStanding(store)).standing.state, 'suspended');
      assert.equal(await store.nextStep(), undefined);
      assert.equal(await store.resetStanding(1, { id: 'r', tag: 'manual', at: now + 2 * dayMs }), true);
      assert.deepEqual(await receivers(store), [ann, bob]);
      assert.equal(await store.resetStanding(1, { id: 'r2', tag: 'manual', at: now + 2 * dayMs }), false);
      assert.deepEqual((await eventsOf(store)).slice(-2), [`suspended ${ann}`, `reset ${ann}`]);
    },
  );

  promise('what is known against a member goes with the membership', async (store) => {
    await joined(store);
    const { probed: since, now } = await probed(store);
    await store.remove('subscriber', [parseAddress(ann)!], { id: 'left', tag: '', at: now });
    assert.deepEqual(await gather(store.standings()), []);
    assert.equal(await store.nextStep(), undefined);
    await store.add('subscriber', [parseAddress(ann)!], { id: 'back', tag: '', at: now });
    assert.deepEqual(await gather(store.standings(ann)), []);
    const end = bounceOf({ number: 0, at: now + dayMs, step: { step: 'probe', since } });
    assert.deepEqual(await record(store, end), ['gone'], 'the new membership has another number');
    assert.ok(await store.memberOf('subscriber', ann));
  });

  promise('subscriber and digest reader of one address stand for themselves', async (store) => {
    await joined(store);
    await joined(store, 'digest');
    await record(store, bounceOf({ member: 3 }));
    const [only, ...others] = await gather(store.standings(ann));
    assert.deepEqual([only?.member, only?.role, others], [3, 'digest', []]);
  });

  promise('a complaint ends what gets mail, and is recorded once', async (store) => {
    await joined(store);
    await store.add('digest', [parseAddress(ann)!], { id: 'd', tag: '', at: start });
    await store.add('allow', [parseAddress(ann)!], { id: 'a', tag: '', at: start });
    await record(store, bounceOf());
    const one: Bounce = bounceOf({
      ...late,
      address: 'ANN@x.example',
      how: 'complaint',
      reason: 'feedback',
    });
    const cause = { id: one.cause, tag: 'complaint', at: start + hourMs };
    assert.equal(await store.complain(one, cause), 2);
    assert.equal(await store.complain(one, cause), 0);
    assert.deepEqual(await store.rolesOf(ann), ['allow']);
    assert.deepEqual(await gather(store.standings()), []);
    const lines = await gather(store.log());
    const ended = lines.filter(({ event }) => event === '-complaint').map(({ role }) => role);
    assert.deepEqual(ended.toSorted(), ['digest', 'subscriber']);
    assert.equal((await store.bounces(10)).filter(({ how }) => how === 'complaint').length, 1);
    const stranger = bounceOf({ ...late, member: 0, address: 'eve@x.example', how: 'complaint' });
    assert.equal(await store.complain(stranger, { ...cause, id: 'eve' }), 0);
  });

  promise('the latest bounces come first, those of one address alone', async (store) => {
    await joined(store);
    await record(store, bounceOf({ text: 'one' }), bounceOf({ member: 2, address: bob, text: 'two' }));
    await record(store, bounceOf({ address: 'Ann@X.example', number: 2, text: 'three' }));
    const textsOf = async (limit: number, canonical?: string): Promise<string[]> =>
      (await store.bounces(limit, canonical)).map(({ text }) => text);
    assert.deepEqual(await textsOf(10), ['three', 'two', 'one']);
    assert.deepEqual(await textsOf(2), ['three', 'two']);
    assert.deepEqual(await textsOf(10, ann), ['three', 'one']);
    assert.deepEqual(await textsOf(10, 'eve@x.example'), []);
  });

  promise('what came back is kept beside its bounce', async (store) => {
    await joined(store);
    const evidence = Buffer.from([0, 255, 13, 10, 128]);
    await record(store, bounceOf({ evidence }), bounceOf({ number: 2 }));
    const [without, with_] = await store.bounces(10);
    assert.deepEqual(await store.evidence(with_!.id), evidence);
    assert.equal(await store.evidence(without!.id), undefined);
    assert.equal(await store.evidence(999), undefined);
  });

  promise('old bounces are forgotten with their evidence, and so are all of an address', async (store) => {
    await joined(store);
    const evidence = Buffer.from('x');
    await record(store, bounceOf({ evidence, at: start }), bounceOf({ evidence, number: 2, at: start + dayMs }));
    await record(store, bounceOf({ evidence, member: 2, address: 'Bob@y.example', at: start + dayMs }));
    const ids = (await store.bounces(10)).map(({ id }) => id);
    assert.equal(await store.forgetBounces(start + dayMs), 1);
    assert.equal(await store.forgetBounces(start + dayMs), 0);
    assert.equal(await store.evidence(ids[2]!), undefined);
    await store.eraseBounces(bob);
    assert.deepEqual(
      (await store.bounces(10)).map(({ id }) => id),
      [ids[1]],
    );
    assert.equal(await store.evidence(ids[0]!), undefined);
    assert.deepEqual(await store.evidence(ids[1]!), evidence);
  });

  promise('an erasure finds letters outside ASCII in either case', async (store) => {
    await joined(store);
    const said = bounceOf({ ...late, member: 0, address: 'JÜRGEN@x.example', how: 'complaint' });
    await store.complain(said, { id: said.cause, tag: 'complaint', at: start });
    assert.equal((await store.bounces(10, 'jürgen@x.example')).length, 1);
    await store.eraseBounces('jürgen@x.example');
    assert.deepEqual(await store.bounces(10), []);
  });

  promise('ten refusals for the sake of policy within an hour are an alarm, once a day', async (store) => {
    await joined(store);
    const refuse = (at: number): Promise<number | undefined> =>
      store.recordBounces([bounceOf({ ...policy, at })], rules).then(({ due }) => due);
    for (let n = 0; n < 9; n++) assert.equal(await refuse(start + n * minuteMs), undefined);
    assert.equal(await refuse(start + hourMs), undefined, 'the first is an hour old');
    assert.equal(await store.openAlarm(), undefined);
    await record(store, ...Array.from({ length: 20 }, () => bounceOf({ ...late, at: start + hourMs })));
    assert.equal(await store.openAlarm(), undefined, 'other reasons do not count');
    const at = start + hourMs + 30_000;
    assert.equal(await refuse(at), 0);
    const alarm = { at, count: 10, reason: 'blocked', host: 'mx.x.example', text: '554 5.7.1 listed' };
    assert.deepEqual(await store.openAlarm(), alarm);
    assert.equal(await store.nextStep(), 0);
    await store.alarmTold();
    assert.equal(await store.openAlarm(), undefined);
    assert.equal(await store.nextStep(), undefined);
    assert.equal(await refuse(at + minuteMs), undefined, 'the owner knows');
    for (let n = 0; n < 9; n++) await refuse(at + dayMs + n);
    assert.equal(await store.openAlarm(), undefined);
    assert.equal(await refuse(at + dayMs + 10), 0);
    assert.equal((await store.openAlarm())?.count, 10);
  });

  promise('one commit can be an alarm; a list that wants none has none', async (store) => {
    await joined(store);
    const many = (): NewBounce[] => Array.from({ length: 15 }, () => bounceOf(policy));
    assert.equal((await store.recordBounces(many(), { ...rules, alarmRefusals: 0 })).due, undefined);
    assert.equal(await store.openAlarm(), undefined);
    assert.equal((await store.recordBounces(many(), { ...rules, alarmRefusals: 31 })).due, undefined);
    assert.equal((await store.recordBounces(many(), rules)).due, 0);
    assert.equal((await store.openAlarm())?.count, 45);
  });

  promise('a summary counts what came back, and what became of it, in its time', async (store) => {
    await joined(store);
    const { probed: since, now } = await probed(store);
    await record(store, bounceOf({ ...policy, member: 2, address: bob, at: now }));
    await record(store, bounceOf({ ...policy, at: now }), bounceOf({ ...policy, at: now }));
    await record(store, bounceOf({ number: 0, at: now + 1, step: { step: 'probe', since } }));
    assert.deepEqual(await summaryOf(store, now, now + 1), {
      byReason: [{ reason: 'blocked', count: 3, members: 2 }],
      byEvent: [{ event: 'probed', count: 1 }],
      byDomain: [
        { domain: 'x.example', count: 2 },
        { domain: 'y.example', count: 1 },
      ],
    });
    const whole = await summaryOf(store, start, now + 2);
    assert.deepEqual(
      whole.byReason.map(({ reason, count, members }) => [reason, count, members]),
      [
        ['blocked', 3, 2],
        ['userunknown', 3, 1],
      ],
    );
    assert.deepEqual(
      whole.byEvent.map(({ event, count }) => `${event} ${count}`),
      ['-probe 1', 'probed 1', 'warned 1'],
    );
    assert.deepEqual(await summaryOf(store, 0, start), { byReason: [], byEvent: [], byDomain: [] });
  });

  promise('the time of the last summary is kept', async (store) => {
    assert.equal(await store.lastSummary(), undefined);
    await store.summaryTold(start);
    await store.summaryTold(start + 5);
    assert.equal(await store.lastSummary(), start + 5);
  });

  promise('closing what waits for an answer of an address leaves others open', async (store) => {
    const asked = { action: 'sc', role: 'subscriber', address: 'Ann@x.example', expires: start, nonce: 1 } as const;
    const mine = (await store.openRequest(asked, { id: 'a', tag: '', at: 0 })).request;
    const other = (await store.openRequest({ ...asked, address: bob, nonce: 2 }, { id: 'b', tag: '', at: 0 })).request;
    assert.equal(await store.closeRequests(ann, { id: 'c', tag: '', at: 7 }), 1);
    assert.equal(await store.closeRequests(ann, { id: 'd', tag: '', at: 8 }), 0);
    assert.equal((await store.requestById(mine.id))?.used, 7);
    assert.equal(await store.useRequest(mine.id, { id: 'e', tag: '', at: 9 }), false);
    assert.equal(await store.useRequest(other.id, { id: 'f', tag: '', at: 9 }), true);
  });

  promise('names of object prototypes are plain text here too', async (store) => {
    await store.add('subscriber', [parseAddress('__proto__@x.example')!], { id: '__proto__', tag: '', at: start });
    const one = bounceOf({ address: '__proto__@x.example', reason: '__proto__', cause: '__proto__' });
    assert.deepEqual(await record(store, one, one), ['counted', 'known']);
    assert.equal((await summaryOf(store, 0, start + 1)).byReason[0]?.reason, '__proto__');
  });
}

async function summaryOf(store: ListStore, from: number, to: number): ReturnType<ListStore['bounceSummary']> {
  const { byReason, byEvent, byDomain } = await store.bounceSummary(from, to);
  const plain = <T extends object>(rows: readonly T[]): T[] => rows.map((row) => ({ ...row }));
  return { byReason: plain(byReason), byEvent: plain(byEvent), byDomain: plain(byDomain) };
}
