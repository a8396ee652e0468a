import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadHosts } from '../../src/deliver/dead-hosts.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 15);

test('two timeouts apart from each other make a host dead for an hour or two; parallel ones are one', () => {
  for (const address of ['192.0.2.1', '2001:db8::1']) {
    const dead = new DeadHosts(() => 0.5);
    for (const at of [0, 1, minute]) assert.equal(dead.timedOut(address, start + at), 0);
    const until = dead.timedOut(address, start + 2 * minute);
    assert.equal(until, start + 2 * minute + (60 + 16) * 64_000);
    assert.equal(dead.timedOut(address, start + 2 * minute + 1), until, 'as long as before');
  }
});

test('hosts that died together are not tried together', () => {
  const numbers = [0, 0.999];
  const dead = new DeadHosts(() => numbers.shift()!);
  const untils = ['192.0.2.1', '192.0.2.2'].map((address) => {
    dead.timedOut(address, start);
    return dead.timedOut(address, start + 3 * minute);
  });
  assert.ok(untils[1]! - untils[0]! > 30 * minute);
});

test('an answer forgets the timeouts', () => {
  const dead = new DeadHosts(() => 0);
  assert.equal(dead.answered('192.0.2.1'), false);
  dead.timedOut('192.0.2.1', start);
  assert.equal(dead.answered('192.0.2.1'), true);
  assert.equal(dead.timedOut('192.0.2.1', start + 3 * minute), 0);
});

test('of ten thousand and one the oldest is forgotten', () => {
  const dead = new DeadHosts(() => 0);
  for (let n = 0; n <= 10_000; n++) dead.timedOut(`host ${n}`, start);
  assert.equal(dead.timedOut('host 0', start + 3 * minute), 0);
  assert.notEqual(dead.timedOut('host 2', start + 3 * minute), 0);
});
