import assert from 'node:assert/strict';
import test from 'node:test';
import { HostFaults } from '../../src/deliver/host-faults.ts';
import { HandClock } from '../helpers/hand-clock.ts';

test('a fault is remembered for an hour, for that host and that fault', () => {
  const clock = new HandClock();
  const faults = new HostFaults(clock);
  faults.note('a[192.0.2.1]', 'tls');
  assert.deepEqual(
    [faults.has('a[192.0.2.1]', 'tls'), faults.has('a[192.0.2.1]', 'ehlo'), faults.has('b[192.0.2.2]', 'tls')],
    [true, false, false],
  );
  clock.move(3_599_999);
  assert.ok(faults.has('a[192.0.2.1]', 'tls'));
  clock.move(1);
  assert.ok(!faults.has('a[192.0.2.1]', 'tls'));
});

test('ten thousand are remembered, and the oldest makes room', () => {
  const faults = new HostFaults(new HandClock());
  for (let at = 0; at <= 10_000; at++) faults.note(`host${at}`, 'chunking');
  assert.deepEqual(
    ['host0', 'host1', 'host10000'].map((host) => faults.has(host, 'chunking')),
    [false, true, true],
  );
});
