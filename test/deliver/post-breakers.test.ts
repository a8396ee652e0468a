import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostBreakers } from '../../src/deliver/post-breakers.ts';

const hour = 3_600_000;
const start = 1_000_000;
const list = 'news@lists.example.org';

/** Blames a post so many times, with so many results each time; says what came of the last one. */
function blame(breakers: PostBreakers, times: number, results = 1, now = start, provider = 'google') {
  let last: ReturnType<PostBreakers['blamed']>;
  for (let n = 0; n < times; n++) last = breakers.blamed({ post: 'p', list, results }, provider, now);
  return last;
}

test('ten refusals that blame a post, and half of its results, put it off for an hour at that provider', () => {
  const breakers = new PostBreakers();
  assert.equal(blame(breakers, 9), undefined);
  assert.equal(blame(breakers, 9, 1, start, 'yahoo'), undefined);
  assert.deepEqual(blame(breakers, 1), { post: 'p', provider: 'google', until: start + hour });
  assert.equal(blame(breakers, 100), undefined, 'what was on the wire changes nothing');
});

test('few refusals among many results put nothing off', () => {
  assert.equal(blame(new PostBreakers(), 1_000, 3), undefined);
  assert.ok(blame(new PostBreakers(), 10, 2));
});

test('a post that is refused again is put off for twice as long, up to eight hours', () => {
  const breakers = new PostBreakers();
  const hours: number[] = [];
  let now = start;
  for (let n = 0; n < 5; n++) {
    const { until } = blame(breakers, 10, 1, now) ?? assert.fail('nothing was put off');
    hours.push((until - now) / hour);
    now = until;
  }
  assert.deepEqual(hours, [1, 2, 4, 8, 8]);
});

test('an operator lets the posts of a list go on, and their counts begin anew', () => {
  const breakers = new PostBreakers();
  blame(breakers, 10);
  assert.deepEqual(breakers.forget('other@lists.example.org'), []);
  assert.deepEqual(breakers.forget(list), [{ post: 'p', provider: 'google', until: 0 }]);
  assert.equal(blame(breakers, 9), undefined);
  assert.equal(blame(breakers, 1)?.until, start + hour);
});

test('what one run knows the next one goes on with', () => {
  const first = new PostBreakers();
  blame(first, 10);
  blame(first, 9, 1, start, 'yahoo');
  const second = new PostBreakers(JSON.parse(JSON.stringify(first.memory)));
  const off = { post: 'p', provider: 'google', until: start + hour };
  assert.deepEqual(second.putOff(start), [off]);
  assert.deepEqual(second.putOff(start + hour), []);
  assert.equal(blame(second, 1), undefined);
  assert.ok(blame(second, 1, 1, start, 'yahoo'));
  assert.equal(blame(second, 10, 1, start + hour)?.until, start + 3 * hour);
});
