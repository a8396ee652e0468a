import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseStsPolicy, stsId, stsNames } from '../../src/smtp/mta-sts.ts';

test('a record says that there is a policy, and which version (RFC 8461 §3.1)', () => {
  const table: [records: string[], id: string | undefined][] = [
    [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
    [['v=STSv1;id=1'], '1'],
    [['v=STSv1 ; later=x ; id=1 ;'], '1'],
    [['v=spf1 -all', 'v=STSv1; id=1;'], '1'],
    [[], undefined],
    [['v=STSv1; id=1;', 'v=STSv1; id=2;'], undefined],
    [['id=1; v=STSv1;'], undefined],
    [['v=stsv1; id=1;'], undefined],
    [['v=STSv10; id=1;'], undefined],
    [['v=STSv1;'], undefined],
    [['v=STSv1; id=with-dash;'], undefined],
    [[`v=STSv1; id=${'1'.repeat(33)};`], undefined],
  ];
  for (const [records, id] of table) assert.equal(stsId(records), id, records.join());
});

const lines = ['version: STSv1', 'mode: enforce', 'mx: mail.example.com', 'mx: *.example.net', 'max_age: 604800'];

test('a policy is read with either line end, in any order, with fields of later times (RFC 8461 §3.2)', () => {
  const want = { mode: 'enforce', mx: ['mail.example.com', '*.example.net'], maxAgeSeconds: 604_800 };
  for (const end of ['\n', '\r\n']) assert.deepEqual(parseStsPolicy(lines.join(end)), want);
  assert.deepEqual(parseStsPolicy([...lines, 'later: 1', ''].toReversed().join('\n')), {
    ...want,
    mx: want.mx.toReversed(),
  });
  assert.deepEqual(parseStsPolicy([...lines, 'mode: none', 'max_age: 1'].join('\n')), want, 'the first counts');
  assert.deepEqual(parseStsPolicy(lines.join('\n').replace('mail.example.com', 'Mail.Example.com.')), want);
});

test('a policy of more than a year holds for a year, and one of mode none needs no hosts', () => {
  const long = parseStsPolicy('version: STSv1\nmode: none\nmax_age: 9999999999\n');
  assert.deepEqual(long, { mode: 'none', mx: [], maxAgeSeconds: 31_557_600 });
});

test('what is no policy is told', () => {
  const table: [change: [string, string], wrong: RegExp][] = [
    [['STSv1', 'STSv2'], /version/],
    [['version: STSv1\n', ''], /version/],
    [['enforce', 'Enforce'], /mode/],
    [['mode: enforce\n', ''], /mode/],
    [['604800', '-1'], /max_age/],
    [['604800', '12345678901'], /max_age/],
    [['mx: mail.example.com\nmx: *.example.net\n', ''], /no MX host/],
    [['*.example.net', 'a.*.example.net'], /MX host that is none/],
    [['*.example.net', '*'], /MX host that is none/],
    [['*.example.net', '[192.0.2.1]'], /MX host that is none/],
    [['mode: enforce', '<html>'], /no field/],
    [['mx: mail.example.com', 'mx: mail.example.com\n'.repeat(501)], /MX host/],
  ];
  for (const [[from, to], wrong] of table) {
    const read = parseStsPolicy(lines.join('\n').replace(from, to));
    assert.match(typeof read === 'string' ? read : 'a policy', wrong, `${from} -> ${to}`);
  }
});

test('a star stands for one label, no more and no less (RFC 8461 §4.1)', () => {
  const policy = parseStsPolicy(lines.join('\n'));
  assert.ok(typeof policy !== 'string');
  const table: Record<string, boolean> = {
    'mail.example.com': true,
    'a.example.net': true,
    'a.b.example.net': false,
    'example.net': false,
    'mail.example.com.evil.example': false,
    'xmail.example.com': false,
    'other.example.com': false,
  };
  for (const [host, isNamed] of Object.entries(table)) assert.equal(stsNames(policy, host), isNamed, host);
});

test('anything is read in little time, as a policy or as a complaint', () => {
  const piece = fc.constantFrom('mx:', ' ', '\t', '\r', '\n', ':', 'version: STSv1\n', '*.', 'max_age:', '\0', 'é');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
      assert.ok(['string', 'object'].includes(typeof parseStsPolicy(pieces.join(''))));
    }),
  );
  const began = performance.now();
  for (const letter of [' ', '\t', ':', '.', '*.', 'a']) parseStsPolicy(`mx: ${letter.repeat(65_000)}`);
  assert.ok(performance.now() - began < 500);
});
