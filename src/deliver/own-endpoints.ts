import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Tells whether a connection to an address and port would reach this server itself. */
export type IsOwn = (address: string, port: number) => boolean;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
// A connection to the unspecified address ends at the machine itself.
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::', 'ipv6');

/** Reads the settings `smtp` and `lmtp` (HOST:PORT; 0.0.0.0 and [::] stand for every address of the machine). */
export function ownEndpoints(listening: readonly string[]): IsOwn {
  const endpoints = listening.map((text) => {
    const at = text.lastIndexOf(':');
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
  });
  return (address, port) => {
    const plain = plainAddress(address);
    return endpoints.some((endpoint) => endpoint.port === port && isAt(endpoint.host, plain));
  };
}

function isAt(host: string, address: string): boolean {
  if (plainAddress(host) === address) return true;
  if (host === 'localhost') return isLoopback(address);
  if (host !== '0.0.0.0' && host !== '::') return false;
  return isLoopback(address) || ofMachine().has(address);
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

// Asked each time: addresses come and go.
function ofMachine(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  return new Set(all.map(({ address }) => plainAddress(address)));
}

/** One spelling for each address: an IPv4 address that is written as IPv6 is that IPv4 address. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? new URL(`http://[${address.split('%', 1)[0]}]/`).hostname.slice(1, -1);
}
