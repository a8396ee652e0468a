import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailRole } from '../../src/list/name.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { startDialogue } from '../helpers/dialogue.ts';
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
