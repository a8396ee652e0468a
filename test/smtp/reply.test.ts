import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { permanent, temporary } from '../../src/mail/failure.ts';
import { failureReply, ReplyParser } from '../../src/smtp/reply.ts';

function parse(parts: readonly Buffer[]): { replies: [number, string][]; isGood: boolean } {
  const replies: [number, string][] = [];
  const parser = new ReplyParser((code, text) => replies.push([code, text()]));
  const isGood = parts.every((part) => parser.feed(part));
  return { replies, isGood };
}

test('replies are the same at any split of the octets', () => {
  const wire = Buffer.from(
    '220 mx ready\r\n250-mx\r\n250-PIPELINING\r\n250 SIZE 10\r\n354\r\n451 4.3.0 later\r\n',
    'latin1',
  );
  const whole = parse([wire]).replies;
  assert.deepEqual(
    whole.map(([code]) => code),
    [220, 250, 354, 451],
  );
  assert.equal(whole[1]![1], '250 mx PIPELINING SIZE 10');
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 12 }), (cuts) => {
      const ends = [...cuts, wire.length].toSorted((a, b) => a - b);
      const parts = ends.map((end, at) => wire.subarray(ends[at - 1] ?? 0, end));
      assert.deepEqual(parse(parts), { replies: whole, isGood: true });
    }),
  );
});

test('what is no reply, contradicts itself or never ends is refused', () => {
  const refused = [
    'hello\r\n',
    '99 x\r\n',
    '600 x\r\n',
    '25O x\r\n',
    '250x\r\n',
    '250-a\r\n251 b\r\n',
    `250 ${'x'.repeat(5_000)}`,
    '250-a\r\n'.repeat(200),
    'HTTP/1.1 400 Bad Request\r\n',
  ];
  for (const wire of refused) assert.equal(parse([Buffer.from(wire)]).isGood, false, wire.slice(0, 40));
});

test('control characters of the other side do not reach a log', () => {
  const [reply] = parse([Buffer.from('550 5.1.1 no \u001b[31mred\u0007\r\n', 'latin1')]).replies;
  assert.equal(reply![1], '550 5.1.1 no  [31mred ');
});

test('a failure becomes a reply whose classes agree', () => {
  assert.deepEqual(failureReply(temporary('4.3.1', 'full')), { code: 452, text: '4.3.1 full' });
  assert.deepEqual(failureReply(temporary('4.3.0', 'later')), { code: 451, text: '4.3.0 later' });
  assert.deepEqual(failureReply(permanent('5.7.1', 'no')), { code: 550, text: '5.7.1 no' });
  assert.deepEqual(failureReply(permanent('5.3.4', 'large')), { code: 552, text: '5.3.4 large' });
  assert.deepEqual(failureReply(permanent('5.4.6', 'loop')), { code: 554, text: '5.4.6 loop' });
});

test('as octets a reply is what it is as text, in one line and many, with any octets in it, and no longer', () => {
  const line = fc.uint8Array({ maxLength: 1_100 }).map((octets) => Buffer.from(octets.filter((octet) => octet !== 10)));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), (texts) => {
      const seen: [string, string][] = [];
      const parser = new ReplyParser((_, text) => {
        const into = Buffer.alloc(parser.most + 1);
        seen.push([into.toString('utf8', 1, parser.put(into, 1)), text()]);
      });
      const lines = texts.map((text, at) =>
        Buffer.concat([Buffer.from(at < texts.length - 1 ? '250-' : '250 '), text, Buffer.from('\r\n')]),
      );
      assert.ok(parser.feed(Buffer.concat(lines)));
      assert.equal(seen.length, 1);
      assert.equal(seen[0]![0], seen[0]![1]);
    }),
  );
});
