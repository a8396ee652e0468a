import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicAddress } from '../../src/lib/public-address.ts';

const open = [
  '8.8.8.8 172.15.0.1 172.32.0.1 100.128.0.1 192.169.0.1 223.255.255.255',
  '2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888',
];
const closed = [
  '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1',
  '192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255',
  ':: ::1 ::ffff:8.8.8.8 ::ffff:127.0.0.1 64:ff9b::7f00:1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1',
  '2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 localhost 127.1 0x7f.1',
];

test('only hosts of the open internet are public', () => {
  for (const address of open.join(' ').split(' ')) assert.equal(isPublicAddress(address), true, address);
  for (const address of closed.join(' ').split(' ')) assert.equal(isPublicAddress(address), false, address);
});
