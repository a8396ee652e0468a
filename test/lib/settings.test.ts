import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  checkSetting,
  problemText,
  readSettings,
  settingFromText,
  type SettingRow,
  withInitial,
} from '../../src/lib/settings.ts';

const rows = [
  {
    name: 'bytesMost',
    meaning: 'Largest post.',
    type: 'number',
    initial: 1_000,
    least: 1,
    most: 9_999,
    unit: 'octets',
  },
  { name: 'isOpen', meaning: 'Who may join.', type: 'boolean', initial: true },
  { name: 'prefix', meaning: 'Before the subject.', type: 'text', initial: '', most: 20 },
  { name: 'posting', meaning: 'Who may post.', type: 'choice', initial: 'members', choices: ['members', 'all'] },
  { name: 'removed', meaning: 'Fields to remove.', type: 'texts', initial: [], most: 30 },
  { name: 'routes', meaning: 'Where domains are sent.', type: 'map', initial: {}, most: 30 },
  {
    name: 'even',
    meaning: 'An even number.',
    type: 'number',
    initial: 2,
    least: 0,
    most: 10,
    check: (value: number) => (value % 2 === 0 ? undefined : 'must be even'),
  },
] as const satisfies readonly SettingRow[];

function rowOf(name: string): SettingRow {
  return rows.find((row) => row.name === name) ?? assert.fail(name);
}

test('a file gives some settings; the others keep their initial values', () => {
  const { values, given, problems } = readSettings(
    rows,
    '{ "prefix": "[hi]", "routes": { "x.example": "127.0.0.1:25" } }',
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(given), ['prefix', 'routes']);
  assert.equal(values.prefix, '[hi]');
  assert.equal(values.bytesMost, 1_000);
  assert.deepEqual({ ...values.routes }, { 'x.example': '127.0.0.1:25' });
});

test('comments and a last comma are allowed', () => {
  const text = '{\n  // what stands before the subject\n  "prefix": "[hi]", /* and */\n}\n';
  assert.deepEqual(readSettings(rows, text).problems, []);
  assert.equal(readSettings(rows, text).values.prefix, '[hi]');
});

test('every mistake of a file is reported, each with its line and what is allowed', () => {
  const text = `{
  "bytesMost": 0,
  "isOpen": "yes",
  "prefx": "[hi]",

  "posting": "nobody",
  "even": 3
}`;
  const { problems, values } = readSettings(rows, text);
  assert.deepEqual(
    problems.map(({ line, name }) => [line, name]),
    [
      [2, 'bytesMost'],
      [3, 'isOpen'],
      [4, 'prefx'],
      [6, 'posting'],
      [7, 'even'],
    ],
  );
  const texts = problems.map((problem) => problemText('list.json', problem));
  assert.match(texts[0]!, /^list\.json:2: bytesMost: must be .*1.*9999.*octets/);
  assert.match(texts[1]!, /true or false/);
  assert.match(texts[2]!, /prefix/);
  assert.match(texts[3]!, /members, all/);
  assert.match(texts[4]!, /must be even/);
  assert.deepEqual({ ...values }, { ...withInitial(rows, {}) });
});

test('a text that is no JSON, or no object, is a problem with a line', () => {
  const table: [text: string, line: number][] = [
    ['', 1],
    ['[]', 1],
    ['"text"', 1],
    ['null', 1],
    ['{ "prefix" "x" }', 1],
    ['{\n"prefix": "x"\n"even": 2 }', 3],
    ['{\n\n"prefix": ', 3],
  ];
  for (const [text, line] of table) {
    const { problems } = readSettings(rows, text);
    assert.ok(
      problems.some((problem) => problem.line === line),
      `${JSON.stringify(text)}: ${JSON.stringify(problems)}`,
    );
  }
});

test('values outside a row are told what is allowed', () => {
  const table: [name: string, value: unknown, what: RegExp | undefined][] = [
    ['bytesMost', 1, undefined],
    ['bytesMost', 9_999, undefined],
    ['bytesMost', 10_000, /from 1 to 9999/],
    ['bytesMost', 1.5, /whole number/],
    ['bytesMost', '5', /whole number/],
    ['isOpen', false, undefined],
    ['isOpen', 1, /true or false/],
    ['prefix', 'x'.repeat(20), undefined],
    ['prefix', 'ü'.repeat(11), /at most 20 octets/],
    ['prefix', 'a\r\nBcc: b@x', /line end or NUL/],
    ['prefix', 'a\0', /line end or NUL/],
    ['prefix', 5, /text in quotes/],
    ['posting', 'all', undefined],
    ['posting', '__proto__', /one of members, all/],
    ['removed', ['X-One', 'X-Two'], undefined],
    ['removed', ['a\nb'], /line end or NUL/],
    ['removed', [5], /texts in quotes/],
    ['removed', 'X-One', /list of texts/],
    ['routes', { a: 'b' }, undefined],
    ['routes', { 'a\n': 'b' }, /line end or NUL/],
    ['routes', { a: 5 }, /texts in quotes/],
    ['routes', ['a'], /object of texts/],
    ['routes', null, /object of texts/],
    ['even', 4, undefined],
    ['even', 5, /must be even/],
  ];
  for (const [name, value, what] of table) {
    const wrong = checkSetting(rowOf(name), value);
    if (what) assert.match(wrong ?? '', what, `${name} ${String(value)}`);
    else assert.equal(wrong, undefined, name);
  }
});

test('values of a command line are read for their row', () => {
  const table: [name: string, text: string, value: unknown][] = [
    ['bytesMost', '12', 12],
    ['bytesMost', '', ''],
    ['bytesMost', 'many', Number.NaN],
    ['isOpen', 'yes', true],
    ['isOpen', 'off', false],
    ['isOpen', 'perhaps', 'perhaps'],
    ['prefix', '[hi]', '[hi]'],
    ['removed', 'X-One, X-Two,', ['X-One', 'X-Two']],
    ['removed', '', []],
    ['routes', 'a=b,c=d=e', { a: 'b', c: 'd=e' }],
    ['routes', 'a', { a: '' }],
  ];
  for (const [name, text, value] of table)
    assert.deepEqual(settingFromText(rowOf(name), text), value, `${name}=${text}`);
});

test('names that every object has are names like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const { problems, values } = readSettings(rows, JSON.stringify({ a: 1 }).replace('"a"', JSON.stringify(name)));
    assert.deepEqual(
      problems.map((problem) => problem.name),
      [name],
    );
    assert.equal(values.isOpen, true);
    assert.notEqual(checkSetting(rowOf('isOpen'), settingFromText(rowOf('isOpen'), name)), undefined);
  }
  const read = readSettings(rows, '{ "routes": { "__proto__": "127.0.0.1:25" } }');
  assert.deepEqual(read.problems, []);
  assert.deepEqual(Object.entries(read.values.routes), [['__proto__', '127.0.0.1:25']]);
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('no text makes the reading throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
      const { values } = readSettings(rows, text);
      assert.deepEqual(
        Object.keys(values),
        rows.map((row) => row.name),
      );
    }),
  );
});
