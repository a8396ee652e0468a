import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseHeader, valueOf, valuesOf } from '../../src/mail/header.ts';

/** The fields as `name=value`, and the body behind a bar. */
function read(message: string): string {
  const header = parseHeader(Buffer.from(message, 'latin1'));
  const fields = header.fields.map(({ name }) => `${name}=${valuesOf(header, name).join('+')}`);
  return `${fields.join(' ')}|${message.slice(header.bodyStart)}`;
}

const rows: readonly (readonly [what: string, message: string, want: string])[] = [
  ['a header and a body', 'A: b\r\nC: d\r\n\r\nx\r\n', 'a=b c=d|x\r\n'],
  ['line feeds alone', 'A: b\nC: d\n\nx\n', 'a=b c=d|x\n'],
  ['no body', 'A: b\r\n', 'a=b|'],
  ['no line end', 'A: b', 'a=b|'],
  ['no header', '\r\nx', '|x'],
  ['nothing', '', '|'],
  ['a folded value', 'A: b\r\n c\r\n\td\r\n\r\nx', 'a=b c\td|x'],
  ['a value that begins on its second line', 'A:\r\n b\r\n\r\n', 'a=b|'],
  ['a fold of blanks only', 'A: b\r\n \r\nC: d\r\n\r\n', 'a=b c=d|'],
  ['an empty value', 'A:\r\nB: \r\n\r\nx', 'a= b=|x'],
  ['a name with blanks before the colon', 'A \t: b\r\n\r\n', 'a=b|'],
  ['a line that is no field ends the header', 'A: b\r\nno field\r\nC: d\r\n\r\nx', 'a=b|no field\r\nC: d\r\n\r\nx'],
  ['a colon in front ends it too', 'A: b\r\n: c\r\n\r\nx', 'a=b|: c\r\n\r\nx'],
  ['a name with a blank inside', 'A: b\r\nno name: c\r\n\r\n', 'a=b|no name: c\r\n\r\n'],
  ['an mbox line in front', 'From ann Mon Aug  3\r\nA: b\r\n\r\nx', 'a=b|x'],
  ['an mbox line behind trace lines', 'Received: x\r\n>From ann\r\nA: b\r\n\r\n', 'received=x a=b|'],
  ['an mbox line behind other fields', 'A: b\r\nFrom ann\r\n\r\n', 'a=b|From ann\r\n\r\n'],
  ['a blank in front of the first field', ' A: b\r\nC: d\r\n\r\n', '| A: b\r\nC: d\r\n\r\n'],
  ['a carriage return within a value', 'A: b\rc\r\n\r\n', 'a=b\rc|'],
]; // prettier-ignore

for (const [what, message, want] of rows) test(what, () => assert.equal(read(message), want));

test('the first field of a name has the value, all have the values; a name of Object is a name', () => {
  const header = parseHeader(Buffer.from('A: 1\r\n__proto__: 2\r\na: 3\r\n\r\nA: 4\r\n'));
  assert.equal(valueOf(header, 'a'), '1');
  assert.deepEqual(valuesOf(header, 'a'), ['1', '3']);
  assert.equal(valueOf(header, '__proto__'), '2');
  assert.equal(valueOf(header, 'constructor'), undefined);
});

test('a header beyond the bounds is read so far that it shows', () => {
  const message = Buffer.from('A: b\r\n c\r\nD: e\r\nF: g\r\n\r\nx');
  const bounded = (fields: number, octets: number): number[] => {
    const header = parseHeader(message, { fields, octets });
    return [header.fields.length, header.bodyStart];
  };
  const { fields, bodyStart } = parseHeader(message);
  assert.deepEqual(bounded(fields.length, bodyStart), [3, bodyStart], 'within the bounds nothing changes');
  assert.deepEqual(bounded(2, bodyStart), [3, fields[2]!.end]);
  assert.deepEqual(bounded(1, bodyStart), [2, fields[1]!.end]);
  for (let octets = 0; octets < fields[2]!.end; octets++) assert.ok(bounded(9, octets)[1]! > octets, `${octets}`);
});

test('a value is read as UTF-8', () => {
  assert.equal(valueOf(parseHeader(Buffer.from('A: \u00e4\u{1f600}\r\n\r\n')), 'a'), '\u00e4\u{1f600}');
});

test('any octets have fields that lie one behind the other in front of the body', () => {
  const marks = fc.constantFrom('A', ':', ' ', '\t', '\r', '\n', '\r\n', '\0', 'From ', '>', '\u00e4', 'b: c');
  fc.assert(
    fc.property(fc.array(marks, { maxLength: 60 }), (parts) => {
      const source = Buffer.from(parts.join(''), 'latin1');
      const { fields, bodyStart } = parseHeader(source);
      let at = 0;
      for (const { name, start, valueStart, end } of fields) {
        assert.ok(at <= start && start < valueStart && valueStart <= end);
        assert.equal(source[valueStart - 1], 58);
        assert.match(name, /^[!-~\u0080-\u00ff]+$/);
        at = end;
      }
      assert.ok(at <= bodyStart && bodyStart <= source.length);
    }),
  );
});
