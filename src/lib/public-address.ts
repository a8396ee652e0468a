import { BlockList, isIP } from 'node:net';

/** IPv4 that is no host of the open internet (RFC 6890 and its registry). */
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(network, prefix);

/** IPv6 that is given out to hosts, and what of it only wraps other addresses (Teredo, 6to4) or is for documents. */
const unicast = new BlockList();
unicast.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, prefix, 'ipv6');

/**
 * Whether an address is a host of the open internet: not this machine, its network, a cloud's metadata, or nobody. What others name is
 * fetched from such addresses alone.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address);
  return family === 6 && unicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
