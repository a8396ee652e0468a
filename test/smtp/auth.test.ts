import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseMechanism, loginDialogue, type Mechanism } from '../../src/smtp/auth.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('CRAM-MD5 answers as the example of RFC 2195 does', () => {
  const { command, answers } = loginDialogue('CRAM-MD5', { user: 'tim', secret: 'tanstaaftanstaaf' });
  assert.equal(command, 'AUTH CRAM-MD5');
  assert.deepEqual(
    answers.map((answer) => answer(base64('<1896.697170952@postoffice.reston.mci.net>'))),
    [base64('tim b913a602c7eda7a495b4e6e7334d3890')],
  );
});

test('a first answer that is too long for a command line comes after the 334', () => {
  const credentials = { user: 'me', secret: 'x'.repeat(500) };
  const plain = loginDialogue('PLAIN', credentials);
  assert.equal(plain.command, 'AUTH PLAIN');
  assert.deepEqual(
    plain.answers.map((answer) => answer('')),
    [base64(`\0me\0${credentials.secret}`)],
  );
  assert.equal(loginDialogue('XOAUTH2', credentials).answers.length, 2);
});

test('the password is said only where nobody listens, if there is a choice', () => {
  const all: Mechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'];
  const table: [offered: Mechanism[], isSecure: boolean, wanted: Mechanism | undefined, want: Mechanism | undefined][] =
    [
      [all, true, undefined, 'PLAIN'],
      [all, false, undefined, 'CRAM-MD5'],
      [['LOGIN'], false, undefined, 'LOGIN'],
      [all, true, 'XOAUTH2', 'XOAUTH2'],
      [['XOAUTH2'], true, undefined, undefined],
      [['PLAIN'], true, 'LOGIN', undefined],
      [[], true, undefined, undefined],
    ];
  for (const [offered, isSecure, wanted, want] of table)
    assert.equal(chooseMechanism(offered, isSecure, wanted), want, `${offered.join()} ${isSecure} ${wanted}`);
});
