import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseContentType } from '../../src/mail/content-type.ts';

const rows: readonly (readonly [value: string | undefined, type: string, parameters: Record<string, string>])[] = [
  [undefined, 'text/plain', {}],
  ['', 'text/plain', {}],
  ['nonsense', 'text/plain', {}],
  ['text', 'text/plain', {}],
  ['Text/HTML', 'text/html', {}],
  ['text/plain; charset=utf-8', 'text/plain', { charset: 'utf-8' }],
  ['text/plain ;CHARSET = "utf-8" ', 'text/plain', { charset: 'utf-8' }],
  ['multipart/mixed; boundary="a b;c=\\"d\\""', 'multipart/mixed', { boundary: 'a b;c="d"' }],
  ['multipart/mixed; boundary=a; boundary=b', 'multipart/mixed', { boundary: 'a' }],
  ['multipart/mixed; boundary=""', 'multipart/mixed', { boundary: '' }],
  ['multipart/mixed; boundary', 'multipart/mixed', {}],
  ['application/vnd.x+xml; a=1;b=2', 'application/vnd.x+xml', { a: '1', b: '2' }],
  ['text/plain; __proto__=x; constructor=y', 'text/plain', { ['__proto__']: 'x', constructor: 'y' }],
];

for (const [value, type, parameters] of rows) {
  test(`${value ?? 'no Content-Type'} is ${type} ${JSON.stringify(Object.entries(parameters))}`, () => {
    const read = parseContentType(value);
    assert.equal(read.type, type);
    assert.deepEqual([...read.parameters], Object.entries(parameters));
  });
}

test('any quoted boundary is read back as it was', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 70 }), (boundary) => {
      const value = `multipart/mixed; boundary="${boundary.replace(/["\\]/g, '\\$&')}"`;
      assert.equal(parseContentType(value).parameters.get('boundary'), boundary);
    }),
  );
});

test('no value makes it fail', () => {
  const marks = fc.constantFrom('text/plain', ';', '=', '"', '\\', ' ', 'a', '\t', '\0', '\u00e4', ';a="');
  fc.assert(
    fc.property(fc.array(marks, { maxLength: 2_000 }), (parts) => {
      assert.match(parseContentType(parts.join('')).type, /^[^\s;"]+\/[^\s;"]+$/);
    }),
    { numRuns: 50 },
  );
});
