import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Id } from '../../src/lib/ids.ts';
import { FreshBodies } from '../../src/queue/fresh-bodies.ts';
import type { EntryKind, NewEntry } from '../../src/queue/store.ts';

function entry(message: string, kind: EntryKind = 'arrived'): NewEntry {
  const id = message as Id;
  return { id, kind, message: id, sender: '', recipient: 'list@x.example', list: '', cause: message, due: 0 };
}

function keep(bodies: FreshBodies, id: string, octets: number, kind?: EntryKind): void {
  bodies.keep([{ id: id as Id, body: Buffer.alloc(octets, id) }], [entry(id, kind)]);
}

test('a body that has come in is given once', () => {
  const bodies = new FreshBodies();
  keep(bodies, 'a', 3);
  assert.equal(bodies.take('a' as Id)?.toString(), 'aaa');
  assert.equal(bodies.take('a' as Id), undefined);
});

test('mail on its way out, and what is large, is read from the disk', () => {
  const bodies = new FreshBodies();
  keep(bodies, 'a', 3, 'mail');
  keep(bodies, 'b', 65_537);
  for (const id of ['a', 'b']) assert.equal(bodies.take(id as Id), undefined);
});

test('the oldest give way', () => {
  const bodies = new FreshBodies();
  for (let n = 0; n < 100; n++) keep(bodies, `m${n}`, 65_536);
  assert.equal(bodies.take('m35' as Id), undefined);
  assert.ok(bodies.take('m36' as Id));
  keep(bodies, 'x', 65_536);
  assert.ok(bodies.take('m37' as Id), 'what was taken has made room');
});

test('the body of an entry that is gone is gone', () => {
  const bodies = new FreshBodies();
  keep(bodies, 'a', 3);
  bodies.forget('a' as Id);
  assert.equal(bodies.take('a' as Id), undefined);
});
