import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { draftOctets, draftOf } from '../../src/post/draft.ts';
import { addTrailer } from '../../src/post/trailer.ts';

function withTrailer(message: string, text = 'bye\n'): Buffer {
  return draftOctets(addTrailer(draftOf(Buffer.from(message, 'latin1')), text, '=_b'));
}

const type = (message: Buffer): string => valueOf(parseHeader(message), 'content-type') ?? '';
const bodyOf = (message: Buffer): string => message.toString('latin1', parseHeader(message).bodyStart);

test('plain text gets it at its end, in its own encoding', () => {
  assert.equal(bodyOf(withTrailer('Subject: a\r\n\r\nhello\r\n')), 'hello\r\nbye\r\n');
  assert.equal(bodyOf(withTrailer('Subject: a\r\n\r\nhello')), 'hello\r\nbye\r\n');
  const quoted =
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nh=C3=A4\r\n';
  assert.equal(bodyOf(withTrailer(quoted, 'tschüß = bye\n')), 'h=C3=A4\r\ntsch=C3=BC=C3=9F =3D bye\r\n');
});

const wrapped: readonly [name: string, header: string, body: string][] = [
  ['base64 text', 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n', 'aGVsbG8=\r\n'],
  ['a character set that is not based on ASCII', 'Content-Type: text/plain; charset=utf-16\r\n', 'h\0i\0\r\n'],
  ['HTML', 'Content-Type: text/html\r\n', '<p>hello</p>\r\n'],
  [
    'alternatives',
    'Content-Type: multipart/alternative; boundary=x\r\n',
    '--x\r\n\r\na\r\n--x\r\nContent-Type: text/html\r\n\r\nb\r\n--x--\r\n',
  ],
  [
    'signed mail',
    'Content-Type: multipart/signed; boundary=x; micalg=sha1; protocol="application/pgp-signature"\r\n',
    '--x\r\n\r\na\r\n--x--\r\n',
  ],
  ['a multipart without its end', 'Content-Type: multipart/mixed; boundary=x\r\n', '--x\r\n\r\na\r\n'],
  ['a multipart without a boundary', 'Content-Type: multipart/mixed\r\n', '--x\r\n\r\na\r\n'],
];

for (const [name, header, body] of wrapped) {
  test(`${name} is wrapped, its octets unchanged`, async () => {
    const done = withTrailer(`Subject: a\r\nMIME-Version: 1.0\r\n${header}\r\n${body}`);
    assert.match(type(done), /^multipart\/mixed; boundary="=_b"$/);
    assert.ok(bodyOf(done).startsWith(`--=_b\r\n${header}\r\n${body}\r\n--=_b\r\n`));
    assert.match((await simpleParser(done)).text ?? '', /bye/);
  });
}

test('multipart/mixed gets a part of its own before its end', async () => {
  const body = 'preamble\r\n--x\r\n\r\nhello\r\n--x--\r\nepilogue\r\n';
  const done = withTrailer(`Content-Type: multipart/mixed; boundary="x"\r\n\r\n${body}`);
  assert.match(type(done), /boundary="x"/);
  assert.ok(bodyOf(done).startsWith('preamble\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type: text/plain'));
  assert.ok(bodyOf(done).endsWith('bye\r\n--x--\r\nepilogue\r\n'));
  assert.match((await simpleParser(done)).text ?? '', /hello\s+bye/);
});

test('an inner boundary that begins with the outer one is not the end', async () => {
  const inner = 'Content-Type: multipart/alternative; boundary="x--y"\r\n\r\n--x--y\r\n\r\na\r\n--x--y--\r\n';
  const header = 'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n';
  assert.match(type(withTrailer(`${header}${inner}`)), /"=_b"/, 'the outer end is missing');
  const done = withTrailer(`${header}${inner}--x-- \t\r\n`);
  assert.ok(bodyOf(done).includes('--x--y--\r\n--x\r\nContent-Type: text/plain'));
  assert.match((await simpleParser(done)).text ?? '', /a\s+bye/);
});

const quotedPrintable =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n';

test('behind a soft line break the trailer has a line of its own', async () => {
  for (const body of ['hello=\r\n', 'hello=', 'hello= \t\r\n', 'hello\r\n', 'hello']) {
    const { text } = await simpleParser(withTrailer(`${quotedPrintable}${body}`));
    assert.equal(text, 'hello\nbye\n', JSON.stringify(body));
  }
});

test('any trailer in quoted-printable has lines of at most 76 octets and is read as it was', async () => {
  const mark = fc.constantFrom('a', '=', ' ', '\t', '\n', '.', '-- ', '\u00fc', '\u{1f600}', 'x'.repeat(40), '=3D');
  await fc.assert(
    fc.asyncProperty(fc.array(mark, { maxLength: 80 }), async (parts) => {
      const trailer = `-${parts.join('')}-`;
      const done = withTrailer(`${quotedPrintable}hello\r\n`, trailer);
      for (const line of done.toString('latin1').split('\r\n').slice(3)) assert.ok(line.length <= 76, line);
      assert.equal((await simpleParser(done)).text, `hello\n${trailer}\n`);
    }),
  );
});
