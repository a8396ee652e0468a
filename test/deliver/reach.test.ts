import assert from 'node:assert/strict';
import test from 'node:test';
import type { NextHops } from '../../src/deliver/hosts.ts';
import { reach } from '../../src/deliver/reach.ts';
import { defaultTimeouts, netDialer } from '../../src/deliver/session-setup.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Answer, Resolver } from '../../src/lib/dns.ts';
import { openPolicy } from '../../src/smtp/next-hop.ts';
import { startScriptPeer } from '../helpers/script-peer.ts';

const found = (...records: string[]): Answer<string> => ({ kind: 'found', records });

const names: Readonly<Record<string, Answer<string>>> = {
  dead: found('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'),
  many: found(...Array.from({ length: 60 }, (_, at) => `192.0.2.${at}`)),
  lost: { kind: 'missing' },
  trouble: { kind: 'trouble', cause: 'SERVFAIL' },
  self: found('192.0.2.99'),
  good: found('127.0.0.1'),
};

interface Case {
  readonly hosts: readonly string[];
  readonly isRoute?: boolean;
  /** What the host that answers says first. */
  readonly greeting?: string;
  readonly want: string;
  /** A host took the connection, so that none may say that the domain has no host. */
  readonly wasConnected?: true;
  readonly dialled: readonly string[];
}

const resolver: Resolver = {
  mx: async () => ({ kind: 'none' }),
  texts: async () => ({ kind: 'none' }),
  addresses: async (host) => names[host] ?? { kind: 'missing' },
};

const table: Readonly<Record<string, Case>> = {
  'the first host that takes us is enough': {
    hosts: ['good', 'dead'],
    want: 'good[127.0.0.1]',
    dialled: ['127.0.0.1'],
  },
  'all addresses of a host come before the next host, the families in turn': {
    hosts: ['dead', 'good'],
    want: 'good[127.0.0.1]',
    dialled: ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2', '127.0.0.1'],
  },
  'a host without an address is passed over': {
    hosts: ['lost', 'trouble', 'good'],
    want: 'good[127.0.0.1]',
    dialled: ['127.0.0.1'],
  },
  'when none has an address it may be a fault that passes': {
    hosts: ['trouble'],
    want: '451 4.4.3 its name servers did not answer',
    dialled: [],
  },
  'a host that refuses in its greeting is passed over': {
    hosts: ['good', 'dead'],
    greeting: '554 5.7.1 not you',
    want: 'unreachable 2001:db8::2',
    wasConnected: true,
    dialled: ['127.0.0.1', '192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'],
  },
  'a host that takes the connection and says nothing is there': {
    hosts: ['good', 'dead'],
    greeting: 'drop',
    want: 'unreachable 2001:db8::2',
    wasConnected: true,
    dialled: ['127.0.0.1', '192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'],
  },
  'an address needs no name server': { hosts: ['127.0.0.1'], want: '[127.0.0.1]', dialled: ['127.0.0.1'] },
  'a name that leads to this server is a loop': {
    hosts: ['self', 'good'],
    want: '554 5.4.6 the MX leads back to this server (loop)',
    dialled: [],
  },
  'behind a host that may come back nothing is a loop': {
    hosts: ['dead', 'self', 'good'],
    want: 'unreachable 2001:db8::2',
    dialled: ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'],
  },
  'a route that leads to this server can be put right': {
    hosts: ['self'],
    isRoute: true,
    want: '451 4.4.6 the route leads back to this server',
    dialled: [],
  },
  'a host with very many addresses ends after some': {
    hosts: ['many', 'good'],
    want: 'unreachable 192.0.2.19',
    dialled: Array.from({ length: 20 }, (_, at) => `192.0.2.${at}`),
  },
};

for (const [name, { hosts, isRoute = false, greeting, want, wasConnected, dialled }] of Object.entries(table)) {
  test(name, async (t) => {
    const peer = await startScriptPeer(t, {
      answer: (line) => (line === 'CONNECT' ? (greeting ?? '220 ready') : '250 ok'),
    });
    const tried: string[] = [];
    const hops: NextHops = { key: 'x', hosts, port: 25, isRoute, policy: openPolicy };
    const opened = await reach(hops, {
      resolver,
      clock: systemClock,
      hostname: 'h.example',
      timeouts: { ...defaultTimeouts, command: 2_000 },
      isOwn: (address, port) => address === '192.0.2.99' && port === 25,
      // What is written down for examples is not on the net: nothing leaves the machine.
      dialer: async (address, _port, timeoutMs) => {
        tried.push(address);
        if (address !== '127.0.0.1') throw new Error(`unreachable ${address}`);
        return netDialer(address, peer.port, timeoutMs);
      },
    });
    if ('socket' in opened) opened.socket.destroy();
    assert.equal('socket' in opened ? opened.host : `${opened.text}${opened.isLoop ? ' (loop)' : ''}`, want);
    if (!('socket' in opened)) assert.equal(opened.wasConnected, wasConnected);
    assert.deepEqual(tried, dialled);
  });
}
