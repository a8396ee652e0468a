import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isLast,
  providerName,
  providerOf,
  readProviders,
  routeProvider,
  shippedProviders,
} from '../../src/deliver/providers.ts';

const rows: readonly (readonly [host: string, name: string])[] = [
  ['gmail-smtp-in.l.google.com', 'google'],
  ['ASPMX.L.GOOGLE.COM', 'google'],
  ['example-org.mail.protection.outlook.com', 'microsoft'],
  ['mta5.am0.yahoodns.net', 'yahoo'],
  ['mx01.mail.icloud.com', 'apple'],
  ['mx.example.net', 'others'],
  ['notgoogle.com', 'others'],
  ['google.com.evil.example', 'others'],
];

test('an MX set belongs to the provider that one of its hosts is of', () => {
  for (const [host, name] of rows) assert.equal(providerOf([host], shippedProviders).name, name, host);
  assert.equal(providerOf(['mx.example.net', 'aspmx.l.google.com'], shippedProviders).name, 'google');
  assert.equal(providerOf([], shippedProviders), routeProvider);
});

test('hosts are named for figures by their provider, with or without their address', () => {
  assert.equal(providerName('aspmx.l.google.com[192.0.2.1]'), 'google');
  assert.equal(providerName('mx.example.net'), 'others');
  assert.equal(providerName(''), 'others');
});

test("Gmail's profile keeps its published rule", () => {
  const { silenceSeconds, resume } = providerOf(['aspmx.l.google.com'], shippedProviders);
  assert.deepEqual([silenceSeconds, resume], [600, 'one']);
});

test('those who require TLS get nothing without, unless the owner says otherwise', () => {
  const hosts = [
    'aspmx.l.google.com',
    'mx1.comcast.net',
    'smtp-in.orange.fr',
    'mta5.am0.yahoodns.net',
    'mx.example.net',
  ];
  const policies = hosts.map((host) => providerOf([host], shippedProviders).tls);
  assert.deepEqual(policies, ['required', 'required', 'required', 'opportunistic', 'opportunistic']);
  const own = readProviders('[{ "name": "orange", "hosts": [".orange.fr"], "tls": "opportunistic" }]');
  assert.deepEqual(own.problems, []);
  assert.equal(providerOf(['smtp-in.orange.fr'], own.providers).tls, 'opportunistic');
});

test('everybody else is sent to politely, a route of the operator without limits', () => {
  const others = providerOf(['mx.example.net'], shippedProviders);
  assert.ok(isLast(others));
  for (const limit of ['newPerMinute', 'messagesPerConnection', 'perSecond'] as const) {
    assert.ok(Number.isFinite(others[limit]), limit);
    assert.equal(routeProvider[limit], Infinity);
  }
});

test("an owner's profile goes before ours; of one that bears the name of ours only what it says is other", () => {
  const own = `[
    // our own relay
    { "name": "google", "connections": 2 },
    { "name": "yahoo", "hosts": [".Yahoo.Example"], "silenceSeconds": 7 },
    { "name": "club", "hosts": [".Club.Example"], "perSecond": 3, },
    { "name": "others", "hosts": ["."], "newPerMinute": 7 }
  ]`;
  const { providers, problems } = readProviders(own);
  assert.deepEqual(problems, []);
  const google = providerOf(['aspmx.l.google.com'], providers);
  const { dialect, messagesPerConnection, silenceSeconds, resume } = google;
  assert.deepEqual([google.connections, dialect, messagesPerConnection], [2, 'google', 50]);
  assert.deepEqual([silenceSeconds, resume], [600, 'one']);
  const yahoo = providerOf(['mx.yahoo.example'], providers);
  assert.deepEqual([yahoo.silenceSeconds, yahoo.dialect], [7, 'yahoo']);
  assert.equal(providerOf(['mx.club.example'], providers).perSecond, 3);
  assert.equal(providerOf(['mx.example.net'], providers).newPerMinute, 7);
  assert.equal(providerOf(['mta5.am0.yahoodns.net'], providers).name, 'others', 'hosts are replaced, not added');
  assert.equal(providerOf(['mx01.mail.icloud.com'], providers).name, 'apple');
  assert.equal(providers.filter(isLast).length, 1);
});

const wrong: readonly (readonly [row: string, problem: RegExp])[] = [
  ['{}', /name: must be a word/],
  ['{ "name": "x" }', /hosts: must be ends of host names/],
  ['{ "name": "x", "hosts": ["example.net"] }', /hosts: must be ends/],
  ['{ "name": "x", "hosts": [".x"], "connexions": 3 }', /"connexions" is no field of a profile/],
  ['{ "name": "x", "hosts": [".x"], "connections": 0 }', /connections: must be a number from 1/],
  ['{ "name": "x", "hosts": [".x"], "perSecond": "3" }', /perSecond: must be a number/],
  ['{ "name": "x", "hosts": [".x"], "tls": "verified" }', /tls: must be opportunistic or required/],
  ['{ "name": "x", "hosts": [".x"], "dialect": "qmail" }', /dialect: must be google, yahoo/],
  ['{ "name": "x", "hosts": [".x"], "resume": "now" }', /resume: must be one, slow or half/],
  ['3', /must be an object/],
];

test('a profile with a mistake is told with its place and left out; the others hold', () => {
  for (const [row, problem] of wrong) {
    const { providers, problems } = readProviders(`[${row}, { "name": "good", "hosts": [".good"] }]`);
    assert.match(problems.join('\n'), problem, row);
    assert.match(problems[0]!, /^profile 1: /);
    assert.equal(providerOf(['mx.good'], providers).name, 'good');
  }
  const sly = '[{ "name": "x", "hosts": [".x"], "__proto__": { "perSecond": 1 } }]';
  assert.notEqual(readProviders(sly).providers.find(({ name }) => name === 'x')?.perSecond, 1);
  assert.match(readProviders('{').problems[0]!, /not JSON at octet/);
  assert.match(readProviders('{}').problems[0]!, /must be an array/);
  assert.equal(readProviders('nonsense').providers, shippedProviders);
});
