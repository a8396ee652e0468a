import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { handleOwner } from '../../src/command/owner.ts';
import { type Answered, answered, arrived, type Dialogue, startDialogue } from '../helpers/dialogue.ts';
import { letter } from '../helpers/letter.ts';

const eve = 'eve@example.net';
const host = 'lists.example.org';

interface OwnerTalk extends Dialogue {
  readonly kept: string[];
  toOwner(to: string, more?: { fields?: readonly string[]; postmaster?: string }): Promise<Answered>;
}

async function ownerTalk(t: TestContext, settings: Record<string, unknown>): Promise<OwnerTalk> {
  const talk = await startDialogue(t, settings);
  const kept: string[] = [];
  const keepForPostmaster = async (domain: string, message: Buffer): Promise<void> =>
    void kept.push(`${domain}\n${message.toString()}`);
  const toOwner: OwnerTalk['toOwner'] = async (to, { fields = [], postmaster = 'root@example.com' } = {}) => {
    const entry = arrived(talk.newId(), eve, to, talk.now);
    const list = to.startsWith('postmaster@') ? undefined : talk.list;
    const message = Buffer.from(letter(eve, to, 'a question', fields));
    return answered(await handleOwner(entry, message, list, { ...talk.tools, postmaster, keepForPostmaster }));
  };
  return { ...talk, kept, toOwner };
}

test('mail for the owner goes there as it came, under an address where bounces are thrown away', async (t) => {
  const talk = await ownerTalk(t, { owner: 'olga@example.net' });
  const { sent, result } = await talk.toOwner(`news-owner@${host}`);
  assert.equal(result, 'forwarded to the owner');
  const [{ entry, message }] = sent as [Answered['sent'][0]];
  assert.equal(message, `Delivered-To: news-owner@${host}\r\n${letter(eve, `news-owner@${host}`, 'a question')}`);
  assert.equal(entry.recipient, 'olga@example.net');
  assert.equal(entry.kind, 'mail');
  assert.equal(entry.sender, `news-return-@${host}`);
  assert.deepEqual(talk.route(entry.sender).kind, 'bounce');
});

test('an owner within our domains gets it from its writer', async (t) => {
  const talk = await ownerTalk(t, { owner: `staff@${host}` });
  const [{ entry }] = (await talk.toOwner(`news-owner@${host}`)).sent as [Answered['sent'][0]];
  assert.deepEqual([entry.kind, entry.sender, entry.recipient], ['arrived', eve, `staff@${host}`]);
});

test('what has been at the owner address before is dropped', async (t) => {
  const talk = await ownerTalk(t, { owner: 'olga@example.net' });
  for (const mark of [`news-owner@${host}`, `News-Owner@${host}`]) {
    const { result, sent } = await talk.toOwner(`news-owner@${host}`, { fields: [`Delivered-To: ${mark}`] });
    assert.deepEqual([result, sent], ['dropped: a loop', []]);
  }
  assert.deepEqual(talk.kept, []);
});

test('without an owner it goes to the postmaster, without both into the local mailbox', async (t) => {
  const talk = await ownerTalk(t, { owner: '' });
  const forwarded = await talk.toOwner(`news-owner@${host}`);
  assert.equal(forwarded.sent[0]!.entry.recipient, 'root@example.com');
  const { result } = await talk.toOwner(`news-owner@${host}`, { postmaster: '' });
  assert.equal(result, 'kept for the postmaster');
  assert.ok(talk.kept[0]!.startsWith(`${host}\nDelivered-To: news-owner@${host}\r\nFrom: ${eve}\r\n`));
});

test('mail for the postmaster is forwarded from the null sender, and kept when it would come back', async (t) => {
  const talk = await ownerTalk(t, { owner: 'olga@example.net' });
  const [{ entry }] = (await talk.toOwner(`postmaster@${host}`)).sent as [Answered['sent'][0]];
  assert.deepEqual([entry.sender, entry.recipient], ['', 'root@example.com']);
  const { result } = await talk.toOwner(`postmaster@${host}`, { postmaster: `Postmaster@${host}` });
  assert.equal(result, 'kept for the postmaster');
});

test('an owner address that is the list itself keeps the mail here', async (t) => {
  for (const owner of [`news@${host}`, `news-owner@${host}`]) {
    const talk = await ownerTalk(t, { owner });
    assert.equal((await talk.toOwner(`news-owner@${host}`)).result, 'kept for the postmaster');
    assert.equal(talk.kept.length, 1);
  }
});
