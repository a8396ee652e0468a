import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { Longest } from '../../src/receive/longest.ts';
import { HandClock } from '../helpers/hand-clock.ts';

function silent(...names: string[]): { longest: Longest<string>; clock: HandClock } {
  const clock = new HandClock();
  const longest = new Longest<string>(() => clock.now());
  for (const name of names) {
    longest.heard(name);
    clock.move(1_000);
  }
  return { longest, clock };
}

const anybody = (): boolean => true;

test('whoever has been silent for longest is found, until heard or forgotten', () => {
  const { longest } = silent('a', 'b', 'c');
  assert.equal(longest.find(anybody), 'a');
  longest.heard('a');
  assert.equal(longest.find(anybody), 'b');
  longest.forget('b');
  assert.equal(longest.find(anybody), 'c');
  longest.forget('c');
  longest.forget('c');
  assert.equal(longest.find(anybody), 'a');
  longest.forget('a');
  assert.equal(longest.find(anybody), undefined);
});

test('those who may not go are passed over, and how long each was silent is told', () => {
  const { longest } = silent('a', 'b', 'c');
  const seen: [string, number][] = [];
  const found = longest.find((name, ms) => {
    seen.push([name, ms]);
    return name === 'b';
  });
  assert.equal(found, 'b');
  assert.deepEqual(seen, [
    ['a', 3_000],
    ['b', 2_000],
  ]);
  assert.equal(
    longest.find((_name, ms) => ms > 3_000),
    undefined,
  );
});

test('whoever is heard again within a tenth of a second keeps its place', () => {
  const { longest, clock } = silent();
  longest.heard('a');
  longest.heard('b');
  clock.move(99);
  longest.heard('a');
  assert.equal(longest.find(anybody), 'a');
  clock.move(1);
  longest.heard('a');
  assert.equal(longest.find(anybody), 'b');
});

test('among very many who may not go few are asked', () => {
  const names = Array.from({ length: 5_000 }, (_, at) => `n${at}`);
  const { longest } = silent(...names);
  let asked = 0;
  const lookFor = (wanted: string): string | undefined =>
    longest.find((name) => {
      asked++;
      return name === wanted;
    });
  assert.equal(lookFor('n999'), 'n999');
  assert.equal(lookFor('n1000'), undefined);
  assert.equal(asked, 2_000);
});

test('whatever happens, it is the one that a plain list would say', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
    isHeard: fc.boolean(),
    ms: fc.integer({ min: 100, max: 103 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { longest, clock } = silent();
      let order: string[] = [];
      for (const { name, isHeard, ms } of steps) {
        clock.move(ms);
        order = order.filter((one) => one !== name);
        if (isHeard) {
          longest.heard(name);
          order.push(name);
        } else longest.forget(name);
        assert.equal(longest.find(anybody), order[0]);
      }
    }),
  );
});
