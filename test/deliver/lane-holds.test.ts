import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneHolds } from '../../src/deliver/lane-holds.ts';

test('a host is held in every lane that has it, whatever is published of its TLS', () => {
  const holds = new LaneHolds();
  for (const name of ['mx.d.example:25', 'b.d.example']) {
    holds.set(name, true);
    for (const lane of [
      'mx.d.example b.d.example:25',
      'mta-sts mx.d.example (b.d.example):25',
      'dnssec mx.d.example, b.d.example:25',
    ])
      assert.ok(holds.holds({ lane, hosts: ['mx.d.example', 'b.d.example'], isRoute: false }), `${name} in ${lane}`);
    assert.ok(!holds.holds({ lane: 'mta-sts mx.e.example:25', hosts: ['mx.e.example'], isRoute: false }));
    holds.set(name, false);
  }
});
