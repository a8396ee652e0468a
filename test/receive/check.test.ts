import assert from 'node:assert/strict';
import test from 'node:test';
import { checkMessage } from '../../src/receive/check.ts';

const head = 'Subject: a\r\n\r\n';
const received = (count: number): string => 'Received: from a\r\n\tby b\r\n'.repeat(count);

// A message as latin1, and the status it is refused with; '' when it may come in.
const rows: readonly (readonly [what: string, message: string, status: string])[] = [
  ['a message', `${head}x\r\n`, ''],
  ['nothing at all', '', ''],
  ['no line end at its end', `${head}x`, ''],
  ['octets above ASCII', `${head}\u00e4\u00ff\r\n`, ''],
  ['a lone LF', `${head}a\nb\r\n`, '5.6.0'],
  ['a lone CR', `${head}a\rb\r\n`, '5.6.0'],
  ['a lone CR at the end', `${head}a\r`, '5.6.0'],
  ['an LF in front', `\n${head}`, '5.6.0'],
  ['CR CR LF', `${head}a\r\r\n`, '5.6.0'],
  ['a lone LF in the header', 'Subject: a\nBcc: b\r\n\r\nx\r\n', '5.6.0'],
  ['a NUL', `${head}a\0b\r\n`, '5.6.0'],
  ['a line of 65,536 octets', `${head}${'x'.repeat(65_535)}\r\n`, ''],
  ['a line of more', `${head}${'x'.repeat(65_537)}\r\n`, '5.6.0'],
  ['a last line of more', `${head}${'x'.repeat(65_537)}`, '5.6.0'],
  ['2,000 fields', `${'X: y\r\n'.repeat(2_000)}\r\n`, ''],
  ['2,001 fields', `${'X: y\r\n'.repeat(2_001)}\r\n`, '5.6.0'],
  ['a header of 1 MiB', `X: y\r\n${` ${'z'.repeat(1_021)}\r\n`.repeat(1_023)}\r\n`, ''],
  ['a header of more', `X: y\r\n${` ${'z'.repeat(1_021)}\r\n`.repeat(1_025)}\r\n`, '5.6.0'],
  ['a long body', `${head}${'x: y\r\n'.repeat(300_000)}`, ''],
  ['the 65,536th octet of a line is its LF', `${`${'x'.repeat(65_534)}\r\n`.repeat(3)}${'x'.repeat(65_536)}`, ''],
  // What would take minutes or hundreds of MiB if the header were read to its end first, or a colon looked for beyond its line.
  ['mbox lines only', 'From \r\n'.repeat(3_000_000), '5.6.0'],
  ['trace lines and mbox lines', 'Received: a\r\nFrom a b:\r\n'.repeat(1_000_000), '5.6.0'],
  ['millions of fields', 'a:\r\n'.repeat(5_000_000), '5.6.0'],
  ['millions of folds', `A: b\r\n${' \r\n'.repeat(6_000_000)}`, '5.6.0'],
  ['99 hosts', `${received(99)}${head}`, ''],
  ['100 hosts', `${received(100)}${head}`, '5.4.6'],
  ['100 hosts in any letter case', `${received(100).replaceAll('Received', 'rEcEiVeD')}${head}`, '5.4.6'],
  ['100 hosts in the body', `${head}${received(100)}`, ''],
  ['names of Object', `__proto__: x\r\nconstructor: y\r\ntoString: z\r\n${head}`, ''],
];

for (const [what, message, status] of rows) {
  test(`${what}: ${status === '' ? 'may come in' : status}`, () => {
    assert.equal(checkMessage(Buffer.from(message, 'latin1'), 100)?.status ?? '', status);
  });
}
