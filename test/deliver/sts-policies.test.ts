import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StsPolicies } from '../../src/deliver/sts-policies.ts';
import { opensslIsAbsent } from '../helpers/certificate.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { policyText, startStsWorld } from '../helpers/sts.ts';
import { until } from '../helpers/until.ts';

const skip = opensslIsAbsent();
const minute = 60_000;
const day = 86_400_000;

test('a domain without a record has no policy, and its web server is not asked', { skip }, async (t) => {
  const world = await startStsWorld(t, new HandClock());
  world.publish(undefined, policyText('enforce'));
  assert.equal(await world.run().of(world.domain), undefined);
  assert.deepEqual([world.web.asked, world.logged], [[], []]);
});

test('a policy is fetched once for each id, and holds over restarts', { skip }, async (t) => {
  const world = await startStsWorld(t, new HandClock());
  world.publish('1', policyText('enforce'));
  const first = world.run();
  assert.equal((await first.of(world.domain))?.mode, 'enforce');
  assert.deepEqual((await first.of(world.domain))?.mx, ['mx.d.example']);
  assert.equal((await world.run().of(world.domain))?.mode, 'enforce');
  assert.deepEqual(world.web.asked, ['mta-sts.d.example/.well-known/mta-sts.txt']);
  world.publish('2', policyText('none', []));
  assert.equal((await first.of(world.domain))?.mode, 'none');
  assert.equal(world.web.asked.length, 2);
  assert.deepEqual(world.logged, []);
});

test(
  'what was fetched holds for its time, whoever takes away the record, the name server or the file',
  { skip },
  async (t) => {
    const clock = new HandClock();
    const world = await startStsWorld(t, clock);
    world.publish('1', policyText('enforce'));
    await world.run().of(world.domain);
    const key = '_mta-sts.d.example TXT';
    world.web.answer = { status: 500 };
    for (const said of [{ rcode: 3 }, { rcode: 2 }, { records: [Buffer.from('\x0av=STSv1;id')] }]) {
      world.names.zone.set(key, said);
      assert.equal((await world.run().of(world.domain))?.mode, 'enforce', JSON.stringify(said));
    }
    world.publish('2', 'no policy');
    assert.equal((await world.run().of(world.domain))?.mode, 'enforce');
    assert.deepEqual(world.logged, ['sts.trouble d.example the policy has a line that is no field']);
    clock.move(day);
    assert.equal(await world.run().of(world.domain), undefined);
  },
);

test('a fetch that failed is not tried again for ten minutes, and then it is', { skip }, async (t) => {
  const clock = new HandClock();
  const world = await startStsWorld(t, clock);
  world.publish('1', policyText('enforce'));
  world.web.answer = { status: 404 };
  const policies = world.run();
  for (let n = 0; n < 3; n++) assert.equal(await policies.of(world.domain), undefined);
  assert.equal(world.web.asked.length, 1);
  assert.deepEqual(world.logged, ['sts.trouble d.example it answered 404']);
  clock.move(10 * minute);
  world.publish('1', policyText('enforce'));
  assert.equal((await policies.of(world.domain))?.mode, 'enforce');
});

test(
  'a policy that holds is fetched again after a day or half of its time, and nobody waits for it',
  { skip },
  async (t) => {
    for (const [seconds, refreshAt] of [
      [30 * 86_400, day],
      [600, 5 * minute],
    ] as const) {
      const clock = new HandClock();
      const world = await startStsWorld(t, clock);
      const policies = world.run();
      world.publish('1', policyText('enforce', ['a.example'], seconds));
      await policies.of(world.domain);
      clock.move(refreshAt - 1);
      world.publish('1', policyText('enforce', ['b.example'], seconds));
      assert.deepEqual((await policies.of(world.domain))?.mx, ['a.example']);
      clock.move(1);
      assert.deepEqual((await policies.of(world.domain))?.mx, ['a.example']);
      await until('the new one', async () => (await policies.of(world.domain))?.mx[0] === 'b.example');
      assert.equal(world.web.asked.length, 2, `${seconds}`);
    }
  },
);

test('who asks while a policy is being fetched waits for the same one', { skip }, async (t) => {
  const world = await startStsWorld(t, new HandClock());
  world.publish('1', policyText('enforce'));
  const policies = world.run();
  const found = await Promise.all(Array.from({ length: 10 }, () => policies.of(world.domain)));
  assert.deepEqual(new Set(found.map((policy) => policy?.mode)), new Set(['enforce']));
  assert.equal(world.web.asked.length, 1);
});

test('at most a hundred are fetched at a time, and everybody has a turn', async () => {
  const waiting: (() => void)[] = [];
  const policies = new StsPolicies({
    texts: async () => ({ kind: 'found', records: ['v=STSv1; id=1;'] }),
    fetch: () => new Promise((resolve) => waiting.push(() => resolve(policyText('enforce')))),
    cache: { read: () => Promise.reject(new Error('no disk')), keep: () => Promise.reject(new Error('no disk')) },
    clock: new HandClock(),
    log: () => {},
  });
  const all = Promise.all(Array.from({ length: 250 }, (_, n) => policies.of(`d${n}.example`)));
  for (let ended = 0; ended < 250; ended++) {
    await until('some wait', () => waiting.length > 0);
    assert.ok(waiting.length <= 100, `${waiting.length} at a time`);
    waiting.shift()!();
  }
  assert.ok(
    (await all).every((policy) => policy?.mode === 'enforce'),
    'without a disk, too',
  );
});
