import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListSpeeds } from '../../src/deliver/list-speeds.ts';

const news = 'news@lists.example.org';

test('a list that is being sent is slowed, paused and resumed', () => {
  const speeds = new ListSpeeds();
  speeds.sees(news, 0);
  assert.equal(speeds.set(news, { factor: 0.5 }, 1), 0.5);
  assert.equal(speeds.set(news, { paused: true }, 2), 0);
  assert.equal(speeds.set(news, { paused: false }, 3), 1);
  assert.equal(speeds.set(news, { paused: false, factor: 0.2 }, 3), 0.2);
});

test('a list of which nothing is under way is not found, one that is paused is', () => {
  const speeds = new ListSpeeds();
  assert.equal(speeds.set(news, { paused: true }, 0), undefined);
  speeds.sees(news, 0);
  assert.equal(speeds.set(news, { paused: true }, 60_001), undefined);
  speeds.sees(news, 70_000);
  speeds.set(news, { paused: true }, 70_000);
  assert.equal(speeds.set(news, { paused: false }, 10_000_000), 1);
});

test('of ten thousand lists those that are done are forgotten, not those that were slowed', () => {
  const speeds = new ListSpeeds();
  for (let n = 0; n < 10_000; n++) speeds.sees(`l${n}`, 0);
  speeds.set('l7', { factor: 0.1 }, 0);
  speeds.sees('last', 100_000);
  assert.equal(speeds.set('l7', { factor: 1 }, 100_000), 1);
  assert.equal(speeds.set('l8', { factor: 0.5 }, 0), undefined);
});
