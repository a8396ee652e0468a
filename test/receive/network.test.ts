import assert from 'node:assert/strict';
import test from 'node:test';
import { ByNetwork, networkOf } from '../../src/receive/network.ts';

test('a network is one address of IPv4, or a /64 of IPv6 however it is written', () => {
  assert.equal(networkOf('192.0.2.1'), '192.0.2.1');
  const same = ['2001:db8:0:1::1', '2001:DB8::1:0:0:0:9', '2001:0db8:0000:0001:ffff:ffff:ffff:ffff'];
  for (const address of same) assert.equal(networkOf(address), '2001:db8:0:1', address);
  assert.notEqual(networkOf('2001:db8:0:2::1'), networkOf(same[0]!));
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf(''), '');
});

test('connections are held by network, and nothing stays of one that has gone', () => {
  const held = new ByNetwork<string>();
  for (const network of ['a', '__proto__']) {
    assert.equal(held.of(network).size, 0);
    held.add(network, 'x');
    held.add(network, 'y');
    held.add(network, 'x');
    assert.deepEqual([...held.of(network)], ['x', 'y']);
    held.remove(network, 'x');
    held.remove(network, 'z');
    assert.deepEqual([...held.of(network)], ['y']);
    held.remove(network, 'y');
    held.remove(network, 'y');
    assert.equal(held.of(network).size, 0);
  }
});
