import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneTally } from '../../src/deliver/lane-tally.ts';

const now = { lane: 'mx.example.net', waiting: 3, opening: 1 };

test('results are counted by state and class, and told once', () => {
  const tally = new LaneTally();
  tally.delivered();
  tally.delivered();
  tally.add({ state: 'deferred', host: 'mx', reply: '451 4.7.1 later' }, 'policy');
  tally.add({ state: 'failed', host: 'mx', reply: '550 5.1.1 nobody' }, 'invalid mailbox');
  const classes = new Map<string, number>([['deferred policy', 5]]);
  assert.deepEqual(tally.take(now, classes), {
    ...now,
    delivered: 2,
    deferred: 1,
    failed: 1,
    uncertain: 0,
    lastReply: '550 5.1.1 nobody',
  });
  assert.deepEqual(Object.fromEntries(classes), {
    'deferred policy': 6,
    'failed invalid mailbox': 1,
    'delivered delivered': 2,
  });
  assert.deepEqual(tally.take(now, new Map()), {
    ...now,
    delivered: 0,
    deferred: 0,
    failed: 0,
    uncertain: 0,
    lastReply: '',
  });
});
