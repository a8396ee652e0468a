import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlamedPosts, LaneBlames } from '../../src/deliver/blamed-posts.ts';
import type { DueJob } from '../../src/deliver/delivery.ts';
import type { Id } from '../../src/lib/ids.ts';

const job: DueJob = { kind: 'due', post: 'p' as Id, attempts: 1 };

test('results of a post are counted from its first blame on', () => {
  const blames = new LaneBlames();
  for (let n = 0; n < 5; n++) blames.result(job);
  assert.equal(blames.take('p'), 1);
  for (let n = 0; n < 4; n++) blames.result(job);
  blames.result({ ...job, post: 'other' as Id });
  assert.equal(blames.take('p'), 4);
  assert.equal(blames.take('other'), 1);
});

test('a post is put off at one provider, until its time or the word that it goes on', () => {
  const blamed = new BlamedPosts();
  assert.ok(blamed.isEmpty);
  blamed.set({ post: 'p', provider: 'google', until: 100 });
  assert.deepEqual([blamed.until('p', 'google', 99), blamed.until('p', 'yahoo', 99)], [100, undefined]);
  assert.equal(blamed.until('p', 'google', 100), undefined);
  assert.ok(blamed.isEmpty);
  blamed.set({ post: 'p', provider: 'google', until: 200 });
  blamed.set({ post: 'p', provider: 'google', until: 0 });
  assert.equal(blamed.until('p', 'google', 150), undefined);
});
