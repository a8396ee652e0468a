import assert from 'node:assert/strict';
import test from 'node:test';
import { array, assert as check, nat, property, uint8Array } from 'fast-check';
import { ChunkOctets, readBdat, withLineEnd } from '../../src/receive/bdat.ts';

test('a command says how many octets follow it, and whether the message ends with them', () => {
  const rows: readonly (readonly [command: string, octets: number, isLast: boolean])[] = [
    ['BDAT 0', 0, false],
    ['BDAT 86', 86, false],
    ['bdat 86 last', 86, true],
    ['BDAT 0 LAST', 0, true],
    ['BDAT  007  LAST  ', 7, true],
    ['BDAT 9007199254740991', 9_007_199_254_740_991, false],
  ];
  for (const [command, octets, isLast] of rows) assert.deepEqual(readBdat(command), { octets, isLast }, command);
});

test('from any other nobody knows where its octets end', () => {
  const amounts = ['', ' ', ' -1', ' +1', ' x', ' 1x', ' 0x10', ' 1e3', ' 1.5', ' 1 FIRST', ' 1 LAST LAST', ' 1LAST', ' LAST', '\t1', ' 1\0'];
  const large = [' 9007199254740992', ' 99999999999999999999', ` ${'9'.repeat(400)}`];
  for (const amount of [...amounts, ...large]) assert.equal(readBdat(`BDAT${amount}`), undefined, amount);
}); // prettier-ignore

test('so many octets belong to a chunk, whatever they are and however they come', () => {
  check(
    property(uint8Array({ minLength: 1, maxLength: 200 }), nat(), array(nat(200), { maxLength: 8 }), (all, some, cuts) => {
      const count = 1 + (some % all.length);
      const wire = Buffer.from(all);
      const taken: Buffer[] = [];
      const octets = new ChunkOctets(count, (part) => taken.push(part));
      const at = [0, ...cuts.map((cut) => cut % wire.length).toSorted((a, b) => a - b), wire.length];
      let end: number | undefined;
      for (let index = 1; index < at.length && end === undefined; index++) {
        const [from, to] = [at[index - 1]!, at[index]!];
        const used = from === to ? undefined : octets.feed(wire.subarray(from, to));
        if (used !== undefined) end = from + used;
      }
      assert.equal(end, count);
      assert.deepEqual(Buffer.concat(taken), wire.subarray(0, count));
    }),
  );
}); // prettier-ignore

test('the last line of a message has its end', () => {
  const whole = (...chunks: string[]): string => {
    const message = { chunks: chunks.map((chunk) => Buffer.from(chunk)), release: () => {} };
    return Buffer.concat([...withLineEnd(message).chunks]).toString();
  };
  assert.equal(whole('a\r\n', 'b\r\n'), 'a\r\nb\r\n');
  assert.equal(whole('a\r\n', 'b'), 'a\r\nb\r\n');
  assert.equal(whole('a\r', '\n'), 'a\r\n');
  assert.equal(whole('a\r'), 'a\r\r\n');
  assert.equal(whole(), '');
});
