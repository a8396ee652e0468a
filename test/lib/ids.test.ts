import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { idMaker, idsFrom, parseId, timeOf } from '../../src/lib/ids.ts';
import { HandClock } from '../helpers/hand-clock.ts';

test('ids of one maker sort in the order they were made, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 50 }), (moves) => {
      const clock = new HandClock();
      const newId = idMaker(clock);
      const ids = moves.map((ms) => {
        clock.move(ms);
        return newId();
      });
      assert.deepEqual(ids, ids.toSorted());
      assert.equal(new Set(ids).size, ids.length);
    }),
  );
});

test('an id tells when it was made', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 - 1 }), (now) => {
      assert.equal(timeOf(idMaker(new HandClock(now))()), now);
    }),
  );
});

test('makers at the same time do not make the same id', () => {
  const clock = new HandClock();
  const ids = Array.from({ length: 1_000 }, () => idMaker(clock)());
  assert.equal(new Set(ids).size, ids.length);
});

test('an id from outside is 18 of the digits, nothing else', () => {
  const id = idMaker(new HandClock())();
  assert.equal(parseId(id), id);
  const others = ['', id.slice(1), `${id}0`, id.toUpperCase(), `${id.slice(1)}w`, `${id}\n`, `../${id.slice(3)}`];
  for (const other of others) assert.equal(parseId(other), undefined, JSON.stringify(other));
});

test('ids are found by the time at which they were made', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 - 2 }), (now) => {
      const id = idMaker(new HandClock(now))();
      assert.deepEqual([id > idsFrom(now - 1), id > idsFrom(now), id > idsFrom(now + 1)], [true, true, false]);
    }),
  );
  assert.ok(idMaker(new HandClock(1))() > idsFrom(-5));
});
