import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { hasBareLineEnd, wireMessage } from '../../src/smtp/data.ts';

/** What a peer makes of it: the octets up to the end of data, with the transparency dots taken off. */
function asReceived(wire: Buffer): { message: string; rest: string } {
  const text = wire.toString('latin1');
  const end = text.startsWith('.\r\n') ? -2 : text.indexOf('\r\n.\r\n');
  const message = end < 0 ? '' : text.slice(0, end + 2);
  return { message: message.replace(/^\./, '').replaceAll('\r\n.', '\r\n'), rest: text.slice(end + 5) };
}

const octets = fc
  .array(fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.', '\0', '\u00e4'))
  .map((parts) => parts.join(''));

test('whatever a message holds, the peer sees one end of data, and CRLF line ends only', () => {
  fc.assert(
    fc.property(octets, (text) => {
      const { octets: wire } = wireMessage(Buffer.from(text, 'latin1'));
      assert.equal(hasBareLineEnd(wire), false);
      const lines = text.replace(/\r\n|\r|\n/g, '\r\n');
      const ended = lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
      assert.deepEqual(asReceived(wire), { message: ended, rest: '' });
    }),
    { numRuns: 2_000 },
  );
});

test('size is that of the message without transparency', () => {
  assert.equal(wireMessage(Buffer.from('.a\r\n.b\r\n')).size, 8);
  assert.equal(wireMessage(Buffer.from('.a\r\n.b\r\n')).octets.toString(), '..a\r\n..b\r\n.\r\n');
  assert.equal(wireMessage(Buffer.from('a')).size, 3);
  assert.equal(wireMessage(Buffer.alloc(0)).octets.toString(), '.\r\n');
});

test('octets above ASCII are seen, and where', () => {
  const body = wireMessage(Buffer.from('Subject: a\r\n\r\nä\r\n'));
  assert.deepEqual([body.hasEightBit, body.hasUtf8Header], [true, false]);
  const header = wireMessage(Buffer.from('Subject: ä\r\n\r\na\r\n'));
  assert.deepEqual([header.hasEightBit, header.hasUtf8Header], [true, true]);
});

test('a bare line end is found anywhere', () => {
  for (const text of ['\n', '\r', 'a\nb', 'a\rb', 'a\r\n\n', 'a\r\r\n', '\r\n\r']) {
    assert.equal(hasBareLineEnd(Buffer.from(text)), true, JSON.stringify(text));
  }
  for (const text of ['', 'a', '\r\n', 'a\r\n\r\nb']) assert.equal(hasBareLineEnd(Buffer.from(text)), false);
});

test('a host without 8BITMIME is sent the same lines in ASCII, made once', () => {
  const wire = wireMessage(Buffer.from('Subject: a\n\n.A whole line, Gruß\r.\n'));
  const ascii = wire.inSevenBit()!;
  assert.equal(wire.inSevenBit(), ascii);
  assert.equal(ascii.inSevenBit(), ascii);
  assert.deepEqual([ascii.hasEightBit, ascii.size], [false, ascii.raw.length]);
  assert.match(ascii.octets.toString('latin1'), /\r\n\r\n\.\.A whole line, Gru=C3=9F\r\n\.\.\r\n\.\r\n$/);
  assert.equal(wireMessage(Buffer.from('Subject: ä\r\n\r\nä\r\n')).inSevenBit(), undefined);
});

test('any octets at all leave with CRLF line ends only, whole and chunked, in eight bits and in seven', () => {
  const words = fc.constantFrom(
    '\r',
    '\n',
    '.',
    '\r\n.\r\n',
    '\n.\n',
    '\r.\r',
    '\0',
    'ä',
    'a: b',
    '\r\n\r\n',
    'MAIL FROM:<a@b>',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.array(words).map((parts) => Buffer.from(parts.join(''))),
      ),
      (octets) => {
        const wire = wireMessage(octets);
        for (const form of [wire, wire.inSevenBit()]) {
          if (!form) continue;
          assert.equal(hasBareLineEnd(form.octets), false);
          assert.equal(hasBareLineEnd(form.raw), false);
          assert.equal(asReceived(form.octets).rest, '');
          assert.deepEqual(asReceived(form.octets).message, form.raw.toString('latin1'));
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
