import assert from 'node:assert/strict';
import test from 'node:test';
import type { Answer, MxRecord, Resolver } from '../../src/lib/dns.ts';
import { type HostsParts, nextHops } from '../../src/deliver/hosts.ts';
import { parseRoutes } from '../../src/smtp/next-hop.ts';

function parts(
  answer: Answer<MxRecord>,
  given: Partial<HostsParts> = {},
  addresses: Answer<string> = { kind: 'found', records: ['192.0.2.1'] },
): HostsParts {
  const resolver: Resolver = {
    mx: async () => answer,
    addresses: async () => addresses,
    texts: async () => ({ kind: 'none' }),
  };
  return { resolver, routes: new Map(), ownHosts: ['lists.example.org'], random: () => 0.5, ...given };
}

const mx = (...records: [number, string][]): Answer<MxRecord> => ({
  kind: 'found',
  records: records.map(([preference, host]) => ({ preference, host })),
});

const table: readonly [name: string, answer: Answer<MxRecord>, given: Partial<HostsParts>, want: string][] = [
  ['MX hosts in the order of preference', mx([20, 'b'], [10, 'a']), {}, 'a b :25'],
  ['no MX: the domain itself (RFC 5321 §5.1)', { kind: 'none' }, {}, 'd.example :25'],
  [
    'a route for a domain is not one for those below it',
    mx([10, 'a']),
    { routes: parseRoutes({ example: 'x:1' }) },
    'a :25',
  ],
  ['a null MX takes no mail (RFC 7505)', mx([0, '']), {}, '5.1.10'],
  ['no such domain', { kind: 'missing' }, {}, '5.1.2'],
  ['name servers in trouble may recover', { kind: 'trouble', cause: 'SERVFAIL' }, {}, '4.4.3'],
  ['hosts behind our own are not tried', mx([10, 'a'], [20, 'lists.example.org'], [30, 'c']), {}, 'a :25'],
  ['an MX that leads back to us is a loop', mx([10, 'lists.example.org'], [20, 'c']), {}, '5.4.6'],
  [
    'a route wins over the MX',
    mx([10, 'a']),
    { routes: parseRoutes({ 'd.example': '127.0.0.1:2525' }) },
    '127.0.0.1 :2525',
  ],
  ['the route of all', mx([10, 'a']), { routes: parseRoutes({ '*': '[::1]:24', 'e.example': 'x:1' }) }, '::1 :24'],
];

for (const [name, answer, given, want] of table) {
  test(name, async () => {
    const found = await nextHops('d.example', parts(answer, given));
    assert.equal(found.ok ? `${found.value.hosts.join(' ')} :${found.value.port}` : found.failure.status, want);
  });
}

test('a domain with neither MX nor address is refused for good only when the name servers say so', async () => {
  const table: [mx: Answer<MxRecord>, addresses: Answer<string>, want: string][] = [
    [{ kind: 'none' }, { kind: 'none' }, '5.4.4'],
    [{ kind: 'none' }, { kind: 'missing' }, '5.4.4'],
    [{ kind: 'none' }, { kind: 'trouble', cause: 'SERVFAIL' }, 'd.example'],
    [{ kind: 'trouble', cause: 'SERVFAIL' }, { kind: 'none' }, '4.4.3'],
    // An MX host may get its address back.
    [mx([10, 'a']), { kind: 'missing' }, 'a'],
  ];
  for (const [answer, addresses, want] of table) {
    const hops = await nextHops('d.example', parts(answer, {}, addresses));
    assert.equal(hops.ok ? hops.value.hosts.join() : hops.failure.status, want);
  }
});

test('domains with the same hosts share a lane, whatever their order', async () => {
  const one = await nextHops('d.example', parts(mx([10, 'a'], [10, 'b'])));
  const other = await nextHops('e.example', parts(mx([10, 'b'], [10, 'a'])));
  assert.equal(one.ok && one.value.key, other.ok && other.value.key);
});

test('domains with the same hosts in the opposite order do not: each begins with its own', async () => {
  const one = await nextHops('d.example', parts(mx([10, 'a'], [20, 'b'], [20, 'c'])));
  const other = await nextHops('e.example', parts(mx([20, 'a'], [10, 'b'], [10, 'c'])));
  assert.ok(one.ok && other.ok);
  assert.deepEqual([one.value.key, one.value.hosts], ['a, b c:25', ['a', 'b', 'c']]);
  assert.deepEqual([other.value.key, other.value.hosts], ['b c, a:25', ['b', 'c', 'a']]);
  const numbers = await nextHops('f.example', parts(mx([1, 'a'], [2, 'c'], [2, 'b'], [5, 'a'])));
  assert.equal(numbers.ok && numbers.value.key, one.value.key, 'the numbers say no more than the order');
});

test('an address in place of a domain is where the mail goes (RFC 5321 §4.1.3)', async () => {
  for (const [domain, host] of [
    ['[192.0.2.1]', '192.0.2.1'],
    ['[ipv6:2001:db8::1]', '2001:db8::1'],
  ] as const) {
    const found = await nextHops(domain, parts({ kind: 'trouble', cause: 'nobody asks' }));
    assert.deepEqual(found.ok && found.value.hosts, [host]);
  }
});

test('lanes of routes are kept apart from those of MX hosts, and from each other by how they are spoken to', async () => {
  const keyOf = async (route: string): Promise<string> => {
    const found = await nextHops('d.example', parts({ kind: 'none' }, { routes: parseRoutes({ '*': route }) }));
    assert.ok(found.ok && found.value.isRoute);
    return found.value.key;
  };
  const direct = await nextHops('a', parts({ kind: 'none' }));
  const keys = [await keyOf('a:25'), await keyOf('a:25?tls=none'), direct.ok && direct.value.key];
  assert.equal(new Set(keys).size, 3);
});
