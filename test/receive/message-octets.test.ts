import assert from 'node:assert/strict';
import test from 'node:test';
import { array, assert as check, constantFrom, nat, property } from 'fast-check';
import { MessageOctets } from '../../src/receive/message-octets.ts';

/** What stands before the end, without the transparency dots, and what follows it. */
function read(pieces: readonly string[]): { text: string; rest?: string } {
  let text = '';
  const octets = new MessageOctets((some) => (text += some.toString('latin1')));
  for (const [at, piece] of pieces.entries()) {
    const used = octets.feed(Buffer.from(piece, 'latin1'));
    if (used !== undefined) return { text, rest: piece.slice(used) + pieces.slice(at + 1).join('') };
  }
  return { text };
}

// What is sent, and the message in it.
const table: readonly (readonly [sent: string, text: string, rest: string | undefined])[] = [
  ['.\r\n', '', ''],
  ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
  ['..\r\n.\r\n', '.\r\n', ''],
  ['...\r\n..a\r\n.\r\n', '..\r\n.a\r\n', ''],
  ['.a\r\n.\r\n', '.a\r\n', ''],
  ['a\r\n.\r.\r\n.\r\n', 'a\r\n.\r.\r\n', ''],
  ['a\r\n.\r\r\n.\r\n', 'a\r\n.\r\r\n', ''],
  ['a\n.\r\n.\r\n', 'a\n.\r\n', ''],
  ['a\r\n.\n.\r\n', 'a\r\n.\n.\r\n', undefined],
  ['a\r.\r\n', 'a\r.\r\n', undefined],
  ['\r\r\n.\r\n', '\r\r\n', ''],
]; // prettier-ignore

test('dots at the start of a line are taken off, and CRLF, dot, CRLF alone is the end, at any split', () => {
  for (const [sent, text, rest] of table) {
    const wanted = rest === undefined ? { text } : { text, rest };
    assert.deepEqual(read([sent]), wanted, JSON.stringify(sent));
    assert.deepEqual(read(sent.split('')), wanted, JSON.stringify(sent));
    for (let cut = 1; cut < sent.length; cut++)
      assert.deepEqual(read([sent.slice(0, cut), sent.slice(cut)]), wanted, `${JSON.stringify(sent)} at ${cut}`);
  }
});

test('whatever comes, the book says the same', () => {
  const words = constantFrom('\r\n', '\r\n.', '\r\n..', '.', '\r', '\n', 'x', '.\r\n', '\r\n.\r');
  const sent = array(words, { maxLength: 12 }).map((parts) => parts.join(''));
  check(
    property(sent, array(nat(40), { maxLength: 6 }), (text, cuts) => {
      const all = `\r\n${text}\r\n.\r\n`;
      const end = all.indexOf('\r\n.\r\n');
      const wanted = all
        .slice(0, end + 2)
        .replaceAll('\r\n..', '\r\n.')
        .slice(2);
      const at = [0, ...cuts.filter((cut) => cut < all.length - 2).toSorted((a, b) => a - b), all.length];
      const wire = all.slice(2);
      const pieces = at.slice(1).map((to, index) => wire.slice(at[index], to));
      assert.deepEqual(read(pieces), { text: wanted, rest: all.slice(end + 5) });
    }),
    { numRuns: 2_000 },
  );
});
