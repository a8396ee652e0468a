import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkJob, MailJob } from '../../src/deliver/delivery.ts';
import { KeptBack } from '../../src/deliver/kept-back.ts';
import type { Id } from '../../src/lib/ids.ts';
import { HandClock } from '../helpers/hand-clock.ts';

const news = 'news@h.example';
const job: ChunkJob = { kind: 'chunk', chunk: 1, post: 'p' as Id, list: news, owed: 1, back: 0, backUntil: Infinity };
const other: ChunkJob = { ...job, list: 'other@h.example' };
const mail = { kind: 'mail' } as MailJob;

test('a domain that the operator has paused is not taken until it is resumed', () => {
  const clock = new HandClock();
  const kept = new KeptBack(clock);
  assert.equal(kept.back('d.example', job), undefined);
  assert.equal(kept.hold('d.example', true), true);
  assert.equal(kept.hold('d.example', true), false);
  for (const one of [job, mail])
    assert.deepEqual(kept.back('d.example', one), {
      until: clock.now() + 5_000,
      reply: '451 4.3.2 the domain is paused by the operator',
    });
  assert.equal(kept.back('e.example', job), undefined);
  assert.deepEqual(kept.domains(), ['d.example']);
  assert.equal(kept.hold('d.example', false), true);
  assert.equal(kept.hold('d.example', false), false);
  assert.equal(kept.back('d.example', job), undefined);
});

test('a domain that a host has closed is not taken for so long, with its own words', () => {
  const clock = new HandClock();
  const kept = new KeptBack(clock);
  const closedBy = { state: 'deferred', host: '', reply: '451 4.7.0 backed off' } as const;
  const until = clock.now() + 1_000;
  kept.close({ domain: 'd.example', closedUntil: until, closedBy });
  assert.deepEqual(kept.back('d.example', mail), { until, reply: closedBy.reply });
  assert.deepEqual([kept.closedUntil('d.example'), kept.domains()], [until, ['d.example']]);
  clock.move(1_000);
  assert.deepEqual([kept.closedUntil('d.example'), kept.domains()], [undefined, []]);
});

test('what was on its way when a list was called back goes back too, and what comes later does not', () => {
  const clock = new HandClock();
  const kept = new KeptBack(clock);
  kept.recall(news);
  const reply = '451 4.3.2 the list is paused by the operator';
  assert.deepEqual(kept.back('d.example', job), { until: clock.now() + 1_000, reply });
  assert.deepEqual(kept.listBack(), { until: clock.now() + 5_000, reply });
  assert.equal(kept.back('d.example', other), undefined);
  assert.equal(kept.back('d.example', mail), undefined);
  clock.move(1_000);
  assert.equal(kept.back('d.example', job), undefined);
  kept.recall(news);
  kept.letGo(news);
  assert.equal(kept.back('d.example', job), undefined);
});
