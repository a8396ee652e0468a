import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { valueOf } from '../../src/mail/header.ts';
import { draftOctets, draftOf, headerOf, newField } from '../../src/post/draft.ts';

const again = (message: string): string => draftOctets(draftOf(Buffer.from(message, 'latin1'))).toString('latin1');

test('a draft that nothing was done to has the octets of its message', () => {
  for (const message of [
    'A: b\r\n\r\nx\r\n',
    'A: b\r\n c\r\nA : d\r\n\r\n\r\n.x',
    'Subject: \u00e4\r\n\r\n\u00ff\0\r\n',
    '\r\nx',
  ]) {
    assert.equal(again(message), message);
  }
});

test('a header that ends without its line end, or without its empty line, gets both', () => {
  assert.equal(again('A: b'), 'A: b\r\n\r\n');
  assert.equal(again('A: b\r\n'), 'A: b\r\n\r\n');
  assert.equal(again('A: b\r\nno field\r\n'), 'A: b\r\n\r\nno field\r\n');
});

test('the octets of a field stay as they came, however it is folded', () => {
  const part = fc.constantFrom('a', ' ', '\t', '\r\n ', '\r\n\t', ':', '=?utf-8?Q?=C3=A4?=', '\u00e4');
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 20 }), { maxLength: 10 }), (values) => {
      const message = `${values.map((value, at) => `X-${at}:${value.join('')}\r\n`).join('')}\r\nbody`;
      assert.equal(again(message), message);
    }),
  );
});

test('a new field is written once checked: what could become two is our bug', () => {
  assert.equal(newField('X-A', 'b').octets.toString(), 'X-A: b\r\n');
  assert.equal(newField('X-A', 'b').name, 'x-a');
  for (const value of ['a\r\nBcc: b', 'a\nb', 'a\rb', 'a\0b', 'a\u007fb', 'x'.repeat(2_001)]) {
    assert.throws(() => newField('X-A', value), /cannot be written/);
  }
});

test('a draft can be asked for its fields', () => {
  const draft = draftOf(Buffer.from('A: b\r\nC: d\r\n\r\nA: body\r\n'));
  assert.equal(valueOf(headerOf({ ...draft, fields: [...draft.fields, newField('E', 'f')] }), 'e'), 'f');
  assert.equal(valueOf(headerOf(draft), 'c'), 'd');
});
