import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { isEightBit, sevenBit } from '../../src/mail/seven-bit.ts';
import { base64Lines, quotedPrintable } from '../../src/mail/transfer-encoding.ts';

const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
const octetsOf = (text: string): Buffer => Buffer.from(crlf(text), 'utf8');

/** What a reader sees of a message. */
async function seen(message: Buffer): Promise<unknown> {
  const { subject, text, html, attachments } = await simpleParser(message);
  return {
    subject,
    text,
    html,
    attachments: attachments.map(({ content, contentType, filename }) => [
      contentType,
      filename,
      content.toString('hex'),
    ]),
  };
}

const mime = 'Subject: a\nMIME-Version: 1.0\n';

const convertible: Readonly<Record<string, string>> = {
  'plain text, mostly ASCII': `${mime}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nEin Gruß.\n.\nFrom me = you \nend\t\n`,
  'plain text, hardly any ASCII': `${mime}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nПривет, мир\n`,
  'text without an encoding': `${mime}Content-Type: text/html; charset=utf-8\n\n<p>Ein Gruß.</p>\n`,
  'a part of two': `${mime}Content-Type: multipart/mixed; boundary="b b"\nContent-Transfer-Encoding: 8bit\n\nfor old readers\n--b b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nEin Gruß.\n--b b\nContent-Type: text/plain; name=x.txt\nContent-Disposition: attachment; filename=x.txt\n\nascii = ascii\n--b b--\nafter\n`,
  'parts in parts, one boundary the beginning of the other': `${mime}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGruß\n--bb\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<b>Gruß</b>\n--bb--\n--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=y\nContent-Transfer-Encoding: binary\n\näöü\n--b--\n`,
  'a signed part beside one to be converted': `${mime}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/signed; boundary=s; protocol="application/pgp-signature"\n\n--s\n\nsigned\n--s\nContent-Type: application/pgp-signature\n\nsig\n--s--\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGruß\n--b--\n`,
};

for (const [name, text] of Object.entries(convertible)) {
  test(`${name}: readers see the same, in ASCII`, async () => {
    const message = octetsOf(text);
    const ascii = sevenBit(message);
    assert.ok(ascii && !isEightBit(ascii));
    assert.deepEqual(await seen(ascii), await seen(message));
    for (const line of ascii.toString('latin1').split('\r\n')) assert.ok(line.length <= 100 && !/[\r\n]/.test(line));
    assert.ok(!/^content-transfer-encoding: (?:8bit|binary)/im.test(ascii.toString('latin1')));
  });
}

test('what is ASCII stays as it is to the octet', () => {
  const signed = octetsOf(convertible['a signed part beside one to be converted']!);
  const from = signed.indexOf('--s\r\n');
  const part = signed.subarray(from, signed.indexOf('--s--'));
  assert.ok(sevenBit(signed)!.includes(part));
  const ascii = octetsOf('Subject: a\nContent-Transfer-Encoding: 8bit\n\nb  \n');
  assert.equal(sevenBit(ascii), ascii);
});

test('a message in a message is converted inside', async () => {
  const inner =
    'Subject: inner\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nA whole line, Gruß';
  const message = octetsOf(
    `${mime}Content-Type: multipart/digest; boundary=b\n\n--b\n\n${inner}\n--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n${inner}\n--b--\n`,
  );
  const ascii = sevenBit(message)!.toString('latin1');
  assert.equal(ascii.split('Content-Transfer-Encoding: quoted-printable').length, 3);
  assert.equal(ascii.split('A whole line, Gru=C3=9F\r\n--b').length, 3);
});

test('text of which nobody said what it is gets a name', () => {
  const utf8 = sevenBit(octetsOf('Subject: a\n\nA whole line, Gruß\n'))!.toString('latin1');
  assert.equal(
    utf8,
    crlf(
      'Subject: a\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nA whole line, Gru=C3=9F\n',
    ),
  );
  const latin1 = sevenBit(Buffer.from('Subject: a\r\n\r\nA whole line with Gru\xdf\r\n', 'latin1'))!.toString('latin1');
  assert.match(latin1, /charset=unknown-8bit[^]*Gru=DF\r\n$/);
});

const unsafe: Readonly<Record<string, string>> = {
  'a header above ASCII': `${mime}X-Where: Köln\n\nGruß\n`,
  'the header of a part above ASCII': `${mime}Content-Type: multipart/mixed; boundary=b\n\n--b\nX-Where: Köln\n\nGruß\n--b--\n`,
  'a signed part': `${mime}Content-Type: multipart/signed; boundary=s\n\n--s\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGruß\n--s--\n`,
  'a signed part in another': `${mime}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/signed; boundary=s\n\n--s\n\nGruß\n--s--\n--b--\n`,
  'an encrypted part': `${mime}Content-Type: multipart/encrypted; boundary=s\n\n--s\n\nGruß\n--s--\n`,
  'a preamble above ASCII': `${mime}Content-Type: multipart/mixed; boundary=b\n\nGruß\n--b\n\nb\n--b--\n`,
  'an epilogue above ASCII': `${mime}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nb\n--b--\nGruß\n`,
  'a multipart without its boundary': `${mime}Content-Type: multipart/mixed\n\n--b\n\nGruß\n--b--\n`,
  'a multipart none of whose parts begins': `${mime}Content-Type: multipart/mixed; boundary=c\n\n--b\n\nGruß\n--b--\n`,
  'a multipart that says it is encoded': `${mime}Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nGruß\n--b--\n`,
  'a part that says it is encoded': `${mime}Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nGruß\n`,
  'two encodings': `${mime}Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit\n\nGruß\n`,
  'two types': `${mime}Content-Type: text/plain\nContent-Type: text/html\n\nGruß\n`,
  'a message that is only a part of one': `${mime}Content-Type: message/partial; id=1; number=1\n\nSubject: b\n\nGruß\n`,
  'an international message in a message': `${mime}Content-Type: message/global\n\nSubject: Gruß\n\nb\n`,
  'no empty line behind the header': 'Subject: a\nGruß, the line that is no field\n',
};

for (const [name, text] of Object.entries(unsafe)) {
  test(`${name} is not converted`, () => {
    assert.equal(sevenBit(octetsOf(text)), undefined);
  });
}

test('what has too many parts to convert is not converted, and many that are ASCII cost nothing', () => {
  const parts = (count: number, part: string): Buffer =>
    octetsOf(
      `${mime}Content-Type: multipart/mixed; boundary=b\n\n${`--b\n\n${part}\n`.repeat(count)}--b\n\nGruß\n--b--\n`,
    );
  assert.ok(sevenBit(parts(900, 'Gruß')));
  assert.equal(sevenBit(parts(1_100, 'Gruß')), undefined);
  assert.ok(sevenBit(parts(20_000, 'a')));
});

test('a part with a header without end is not converted', () => {
  const part = (header: string): Buffer =>
    octetsOf(`${mime}Content-Type: multipart/mixed; boundary=b\n\n--b\n${header}\nGruß\n--b--\n`);
  assert.ok(sevenBit(part('A: b\n'.repeat(900))));
  assert.equal(sevenBit(part('A: b\n'.repeat(200_000))), undefined);
  assert.equal(sevenBit(part(`A: b\n${' c\n'.repeat(200_000)}`)), undefined);
});

test('what is nested too deep is not converted', () => {
  const nested = (depth: number): string =>
    depth === 0
      ? '\nGruß\n'
      : `Content-Type: multipart/mixed; boundary=b${depth}.\n\n--b${depth}.\n${nested(depth - 1)}\n--b${depth}.--\n`;
  assert.ok(sevenBit(octetsOf(`${mime}${nested(10)}`)));
  assert.equal(sevenBit(octetsOf(`${mime}${nested(200)}`)), undefined);
});

/** Decodes as RFC 2045 says, without knowing how it was written. */
function fromQuotedPrintable(text: string): Buffer {
  const joined = text.replaceAll('=\r\n', '');
  return Buffer.from(
    joined.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

const lines = fc
  .array(fc.constantFrom('\r\n', ' ', '\t', '=', 'a', '.', '\0', 'From ', '\xff', '\xc3\x9f', 'x'.repeat(80)))
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('both encodings give back what went in, in short lines of ASCII without blanks at their ends', () => {
  fc.assert(
    fc.property(lines, (octets) => {
      const quoted = quotedPrintable(octets).toString('latin1');
      const inBase64 = base64Lines(octets).toString('latin1');
      assert.deepEqual(fromQuotedPrintable(quoted), octets);
      assert.deepEqual(Buffer.from(inBase64, 'base64'), octets);
      for (const line of [...quoted.split('\r\n'), ...inBase64.split('\r\n')])
        assert.match(line, /^(?:[\t -~]{0,75}[!-~])?$/);
    }),
    { numRuns: 1_000 },
  );
});

test('any message is converted or refused, and never throws', () => {
  const words = fc.constantFrom(
    '\r\n',
    '\r\n\r\n',
    '--b',
    '--b--',
    'Content-Type: multipart/mixed; boundary=b',
    'Content-Type: multipart/digest; boundary="b"',
    'Content-Type: message/rfc822',
    'Content-Transfer-Encoding: 8bit',
    'ß',
    'a',
    ': ',
  );
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      const ascii = sevenBit(Buffer.from(parts.join('')));
      assert.ok(ascii === undefined || !isEightBit(ascii));
    }),
    { numRuns: 2_000 },
  );
});
