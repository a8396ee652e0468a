import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounceRulesOf } from '../../src/list/bounce-rules.ts';
import type { BounceRules } from '../../src/list/bounce-store.ts';
import type { MailRole } from '../../src/list/name.ts';
import { unpackMembers } from '../../src/list/packed.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { type Dialogue, startDialogue } from '../helpers/dialogue.ts';
import { replyAddress } from '../helpers/letter.ts';

const ann = 'ann@example.net';
const eve = 'eve@evil.example';
const host = 'lists.example.org';

type Wish = 'subscribe' | 'unsubscribe';

interface Row {
  readonly action: Wish;
  /** Whether the owner asks for a proof of this action. */
  readonly proof: boolean;
  readonly isMember: boolean;
  readonly who: 'self' | 'third person';
  readonly result: string;
}

// Nobody is changed by a third person's mail, and what is true already is said in every case.
const rows: readonly Row[] = [
  { action: 'subscribe', proof: true, isMember: false, who: 'self', result: 'subscribe: asked for proof' },
  { action: 'subscribe', proof: true, isMember: false, who: 'third person', result: 'subscribe: asked for proof' },
  { action: 'subscribe', proof: true, isMember: true, who: 'self', result: 'subscribe-already' },
  { action: 'subscribe', proof: true, isMember: true, who: 'third person', result: 'subscribe-already' },
  { action: 'subscribe', proof: false, isMember: false, who: 'self', result: 'subscribed' },
  { action: 'subscribe', proof: false, isMember: false, who: 'third person', result: 'subscribe: asked for proof' },
  { action: 'subscribe', proof: false, isMember: true, who: 'self', result: 'subscribe-already' },
  { action: 'subscribe', proof: false, isMember: true, who: 'third person', result: 'subscribe-already' },
  { action: 'unsubscribe', proof: true, isMember: true, who: 'self', result: 'unsubscribe: asked for proof' },
  { action: 'unsubscribe', proof: true, isMember: true, who: 'third person', result: 'unsubscribe: asked for proof' },
  { action: 'unsubscribe', proof: true, isMember: false, who: 'self', result: 'unsubscribe-absent' },
  { action: 'unsubscribe', proof: true, isMember: false, who: 'third person', result: 'unsubscribe-absent' },
  { action: 'unsubscribe', proof: false, isMember: true, who: 'self', result: 'unsubscribed' },
  { action: 'unsubscribe', proof: false, isMember: true, who: 'third person', result: 'unsubscribe: asked for proof' },
  { action: 'unsubscribe', proof: false, isMember: false, who: 'self', result: 'unsubscribe-absent' },
  { action: 'unsubscribe', proof: false, isMember: false, who: 'third person', result: 'unsubscribe-absent' },
];

for (const { action, proof, isMember, who, result } of rows) {
  const before = `${isMember ? 'a member' : 'a stranger'}, ${proof ? 'with' : 'without'} proof`;
  test(`${action} by ${who} for ${before}: ${result}`, async (t) => {
    const setting = action === 'subscribe' ? 'subscribeConfirm' : 'unsubscribeConfirm';
    const talk = await startDialogue(t, { [setting]: proof });
    const { store } = talk.list;
    if (isMember)
      await store.add('subscriber', [parseAddress(ann)!], { id: talk.newId(), tag: 'manual', at: talk.now });
    const to = who === 'self' ? `news-${action}@${host}` : `news-${action}-ann=example.net@${host}`;
    const { sent, result: got } = await talk.write(who === 'self' ? ann : eve, to);
    assert.equal(got, result);
    assert.deepEqual(
      sent.map(({ entry }) => entry.recipient),
      [ann],
    );
    const isChanged = result === `${action}d`;
    assert.equal((await store.memberOf('subscriber', ann)) !== undefined, isChanged ? !isMember : isMember);
    assert.equal(await store.memberOf('subscriber', eve), undefined);
  });
}

test('the roles are apart: joining one is not joining another', async (t) => {
  const talk = await startDialogue(t);
  const roles: readonly (readonly [prefix: string, role: MailRole])[] = [
    ['', 'subscriber'],
    ['digest-', 'digest'],
    ['allow-', 'allow'],
  ];
  for (const [at, [prefix]] of roles.entries()) {
    const { sent } = await talk.write(ann, `news-${prefix}subscribe@${host}`);
    await talk.write(ann, replyAddress(sent[0]!));
    for (const [other, [, role]] of roles.entries()) {
      assert.equal((await talk.list.store.memberOf(role, ann)) !== undefined, other <= at, `${prefix} ${role}`);
    }
  }
});

test('two requests of one person in different roles stand beside each other', async (t) => {
  const talk = await startDialogue(t);
  const first = await talk.write(ann, `news-subscribe@${host}`);
  const second = await talk.write(ann, `news-digest-subscribe@${host}`);
  assert.equal((await talk.write(ann, replyAddress(second.sent[0]!))).result, 'subscribed');
  assert.equal((await talk.write(ann, replyAddress(first.sent[0]!))).result, 'subscribed');
});

test('a proof that comes when it is true already says so and changes nothing', async (t) => {
  const talk = await startDialogue(t);
  const { sent } = await talk.write(ann, `news-subscribe@${host}`);
  const manual = { id: talk.newId(), tag: 'manual', at: talk.now };
  await talk.list.store.add('subscriber', [parseAddress(ann)!], manual);
  const { id } = (await talk.list.store.memberOf('subscriber', ann))!;
  assert.equal((await talk.write(ann, replyAddress(sent[0]!))).result, 'subscribe-already');
  assert.equal((await talk.list.store.memberOf('subscriber', ann))!.id, id);
});

test('letter case makes no second member, and the address stays as it was typed', async (t) => {
  const talk = await startDialogue(t);
  const { sent } = await talk.write('Ann@Example.NET', `news-subscribe@${host}`);
  await talk.write('ann@example.net', replyAddress(sent[0]!));
  assert.equal((await talk.list.store.memberOf('subscriber', ann))!.address, 'Ann@example.net');
  assert.equal((await talk.write('ANN@example.net', `news-subscribe@${host}`)).result, 'subscribe-already');
});

/** Ann is suppressed at the list, at the server, or at both. */
async function suppressed(talk: Dialogue, ...where: ('list' | 'server')[]): Promise<void> {
  const row = { canonical: ann, address: ann, why: 'complaint' };
  if (where.includes('list')) await talk.list.suppressions.add([row], talk.now);
  if (where.includes('server')) await talk.tools.suppressions.add([row], talk.now);
}

async function suppressions({ list, tools }: Dialogue): Promise<string[]> {
  return [...(await list.suppressions.among([ann])), ...(await tools.suppressions.among([ann]))];
}

test('a confirmed subscription lifts what was suppressed, at the list and at the server', async (t) => {
  for (const prefix of ['', 'digest-']) {
    const talk = await startDialogue(t);
    await suppressed(talk, 'list', 'server');
    const { sent } = await talk.write(ann, `news-${prefix}subscribe@${host}`);
    assert.equal((await suppressions(talk)).length, 2, 'a wish alone changes nothing');
    assert.equal((await talk.write(ann, replyAddress(sent[0]!))).result, 'subscribed');
    assert.deepEqual(await suppressions(talk), []);
    assert.equal(await talk.list.store.count(prefix === '' ? 'subscriber' : 'digest'), 1);
  }
});

test('who is suppressed proves the wish, also where the owner asks for no proof', async (t) => {
  for (const where of ['list', 'server'] as const) {
    const talk = await startDialogue(t, { subscribeConfirm: false });
    await suppressed(talk, where);
    const asked = await talk.write(ann, `news-subscribe@${host}`);
    assert.equal(asked.result, 'subscribe: asked for proof');
    assert.equal(await talk.list.store.count('subscriber'), 0);
    assert.equal((await talk.write(ann, replyAddress(asked.sent[0]!))).result, 'subscribed');
    assert.equal(await talk.list.store.count('subscriber'), 1);
    assert.deepEqual(await suppressions(talk), []);
  }
});

test('another role, leaving, and the wish of somebody else lift nothing', async (t) => {
  const talk = await startDialogue(t, { subscribeConfirm: false, unsubscribeConfirm: false });
  await suppressed(talk, 'list', 'server');
  for (const to of [`news-allow-subscribe@${host}`, `news-unsubscribe@${host}`]) {
    const { sent } = await talk.write(ann, to);
    if (sent[0]) await talk.write(ann, replyAddress(sent[0]));
  }
  await talk.write(eve, `news-subscribe-ann=example.net@${host}`);
  assert.equal((await suppressions(talk)).length, 2);
  assert.equal(await talk.list.store.count('subscriber'), 0);
});

/** Ann is a member whom the probe's bounce has suspended. */
async function suspended(talk: Dialogue): Promise<void> {
  const { store } = talk.list;
  const rules: BounceRules = { ...bounceRulesOf(await talk.list.settings()), action: 'suspend' };
  await store.add('subscriber', [parseAddress(ann)!], { id: talk.newId(), tag: '', at: talk.now });
  const member = (await store.memberOf('subscriber', ann))!.id;
  const why = { reason: 'userunknown', grounds: 'address', permanent: true, status: '5.1.1', text: 'gone' } as const;
  const bounce = { member, address: ann, how: 'mail', host: '', weight: 1, ...why } as const;
  await store.recordBounces([{ ...bounce, number: 1, at: talk.now, cause: 'post' }], rules);
  for (const step of ['warn', 'probe'] as const) {
    talk.now += 11 * 86_400_000;
    const { steps } = await store.takeSteps(talk.now, rules, 1);
    const { since } = steps[0]!.standing;
    await store.stepsSent(steps);
    await store.recordBounces([{ ...bounce, number: 0, at: talk.now, cause: step, step: { step, since } }], rules);
  }
  assert.equal((await receivers(talk)).length, 0);
}

async function receivers({ list }: Dialogue): Promise<string[]> {
  const page = await list.store.page('subscriber', undefined, Number.MAX_SAFE_INTEGER, 10);
  return [...unpackMembers(page.packed)].map(({ address }) => address);
}

test('who is suspended and subscribes again gets mail again, with a proof', async (t) => {
  for (const subscribeConfirm of [true, false]) {
    const talk = await startDialogue(t, { subscribeConfirm, bounces: 'suspend' });
    await suspended(talk);
    const asked = await talk.write(ann, `news-subscribe@${host}`);
    assert.equal(asked.result, 'subscribe: asked for proof');
    assert.deepEqual(await receivers(talk), []);
    assert.equal((await talk.write(ann, replyAddress(asked.sent[0]!))).result, 'subscribed');
    assert.deepEqual(await receivers(talk), [ann]);
    assert.equal((await talk.write(ann, `news-subscribe@${host}`)).result, 'subscribe-already');
  }
});

test('who is suspended can leave', async (t) => {
  const talk = await startDialogue(t, { unsubscribeConfirm: false, bounces: 'suspend' });
  await suspended(talk);
  assert.equal((await talk.write(ann, `news-unsubscribe@${host}`)).result, 'unsubscribed');
  assert.equal(await talk.list.store.count('subscriber'), 0);
});
