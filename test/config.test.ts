import assert from 'node:assert/strict';
import test from 'node:test';
import { relatedProblems, serverSettingRows } from '../src/config.ts';
import { checkSetting, readSettings, type SettingRow, withInitial } from '../src/lib/settings.ts';

const rows: readonly SettingRow[] = serverSettingRows;

test('every initial value is one that its own row allows', () => {
  for (const row of rows) assert.equal(checkSetting(row, row.initial), undefined, row.name);
});

test('every setting has a meaning of its own', () => {
  assert.equal(new Set(rows.map((row) => row.meaning)).size, rows.length);
  assert.equal(new Set(rows.map((row) => row.name)).size, rows.length);
});

test('values that cannot be meant are refused with what is allowed', () => {
  const table: [name: string, value: unknown, wrong: RegExp][] = [
    ['domains', ['Lists.example.org'], /lower case/],
    ['domains', ['[192.0.2.1]'], /must be a domain/],
    ['domains', ['a b'], /must be a domain/],
    ['hostname', 'mail@example.org', /must be a domain/],
    ['postmaster', 'nobody', /must be a mail address/],
    ['smtp', ['2525'], /must be HOST:PORT/],
    ['smtp', ['127.0.0.1:65536'], /must be HOST:PORT/],
    ['smtp', ['::1:25'], /must be HOST:PORT/],
    ['lmtp', ['127.0.0.1:25'], /must not be port 25/],
    ['lmtp', ['nowhere'], /must be HOST:PORT/],
    ['routes', { 'no domain': '127.0.0.1:25' }, /must be a domain, all below one \(.example.com\), or \*/],
    ['routes', { '*': '127.0.0.1' }, /must be HOST:PORT/],
    ['lifetimeHours', 0, /from 1 to 720 \(hours\)/],
    ['logLevel', 'loud', /must be one of debug, info, warn, error/],
  ];
  for (const [name, value, wrong] of table) {
    const row = rows.find((candidate) => candidate.name === name)!;
    assert.match(checkSetting(row, value) ?? '', wrong, `${name}: ${JSON.stringify(value)}`);
  }
});

test('values of every kind are taken', () => {
  const text = JSON.stringify({
    domains: ['lists.example.org', 'xn--mnchen-3ya.example'],
    smtp: ['[::1]:2525', 'localhost:0'],
    lmtp: ['127.0.0.1:24'],
    routes: { '*': '127.0.0.1:2526', 'example.net': '[::1]:25' },
    postmaster: 'root@example.org',
    hostname: 'mail.example.org',
  });
  assert.deepEqual(readSettings(serverSettingRows, text).problems, []);
});

test('settings that need each other are looked at together', () => {
  const good = withInitial(serverSettingRows, { domains: ['lists.example.org'] });
  assert.deepEqual(relatedProblems(good), []);
  const bad = { ...good, domains: [], tlsKey: 'key.pem', connectionsOut: 2, mailsPerActionAndDay: 6 };
  const found = relatedProblems(bad).map((text) => text.split(':')[0]);
  assert.deepEqual(found, [
    'domains',
    'tlsCertificate and tlsKey',
    'laneConnections',
    'routeConnections',
    'mailsPerActionAndDay',
  ]);
});
