import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import { CopyHeads } from '../../src/deliver/copy-heads.ts';
import type { Delivery, Load } from '../../src/deliver/delivery.ts';
import { SingleRun } from '../../src/deliver/runs.ts';
import { Stamping } from '../../src/deliver/stamping.ts';
import { Waiting } from '../../src/deliver/waiting.ts';
import type { Id } from '../../src/lib/ids.ts';
import { signingKey } from '../../src/mail/dkim.ts';
import { SigningThreads } from '../../src/signing-thread.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { until } from '../helpers/until.ts';

const pem = String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
const made = signingKey('lists.example.org', 'ezlm', pem);
assert.ok(made.ok);
const field = { name: 'List-Unsubscribe', valueOf: (member: number) => `<mailto:${member}@lists.example.org>` };
const message = wireMessage(Buffer.from('From: a@people.example\r\n\r\ntext\r\n'));
const signing = new SigningThreads();
after(() => signing.close());
const parts = { field, signing, clock: new HandClock() };
const loads: Record<'signed' | 'stamped' | 'plain', Load> = {
  signed: { message, birth: 0, copies: new CopyHeads({ ...parts, keys: [made.value] }) },
  stamped: { message, birth: 0, copies: new CopyHeads({ ...parts, keys: [] }) },
  plain: { message, birth: 0 },
};

function runOf(load: Load, member: number): SingleRun {
  const job = { kind: 'due', post: '0' as Id, attempts: 1 } as const;
  const recipient = `${member}@people.example`;
  const delivery: Delivery = { load, sender: '', recipient, isAscii: true, member, position: member, job };
  return new SingleRun(delivery);
}

function stampingOf(runs: readonly SingleRun[]) {
  const waiting = new Waiting();
  for (const run of runs) waiting.add(run, false);
  const seen = { begun: 0, told: 0 };
  const port = { begun: () => void seen.begun++ } as never;
  return { seen, waiting, stamping: new Stamping(waiting, port, () => void seen.told++) };
}

test('what needs no signature of its own leaves at once', () => {
  const { stamping, seen } = stampingOf([runOf(loads.plain, 1), runOf(loads.stamped, 2)]);
  assert.equal(stamping.take(1)?.member, 1);
  assert.equal(stamping.take(1)?.member, 2);
  assert.equal(stamping.take(1), undefined);
  assert.deepEqual([seen.begun, seen.told, stamping.count], [2, 0, 0]);
});

test('copies that are signed one by one are ready soon, each once, and no more at a time than sessions are worth', async () => {
  const members = Array.from({ length: 30 }, (_, at) => at + 1);
  const { stamping, waiting, seen } = stampingOf(members.map((member) => runOf(loads.signed, member)));
  assert.equal(stamping.take(1), undefined);
  assert.equal(stamping.count, 16);
  assert.equal(waiting.count, 14);
  const taken: Delivery[] = [];
  await until('all copies', () => {
    for (let one = stamping.take(1); one; one = stamping.take(2)) taken.push(one);
    assert.ok(stamping.count <= 16);
    return taken.length === members.length;
  });
  assert.deepEqual(
    taken.map(({ member }) => member).toSorted((a, b) => a - b),
    members,
  );
  for (const { head, member } of taken) {
    assert.match(String(head?.before), /^DKIM-Signature: /);
    assert.ok(head?.text.endsWith(`\r\nList-Unsubscribe: <mailto:${member}@lists.example.org>\r\n`));
    assert.equal(head?.form, message);
  }
  assert.equal(seen.begun, members.length);
  assert.ok(seen.told > 0);
});

test('what was ready and is given back keeps its signature and is not made again', async () => {
  const { stamping, waiting } = stampingOf([runOf(loads.signed, 1)]);
  stamping.take(1);
  let drained: Delivery[] = [];
  await until('the copy is ready', () => (drained = stamping.drain()).length > 0);
  const head = drained[0]?.head;
  assert.ok(head);
  waiting.giveBack(drained[0]!);
  assert.equal(stamping.take(1)?.head, head);
});
