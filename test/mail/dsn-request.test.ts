import assert from 'node:assert/strict';
import test from 'node:test';
import { assert as check, property, string } from 'fast-check';
import {
  mailParameters,
  type PathParameters,
  rcptParameters,
  readDsnOfMessage,
  readDsnOfRecipient,
  xtextOf,
} from '../../src/mail/dsn-request.ts';

const parameters = (text: string): PathParameters =>
  new Map(text.split(' ').map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));

// Parameters of MAIL, and what they mean; undefined: malformed.
const ofMessage: readonly (readonly [text: string, meaning: object | undefined])[] = [
  ['SIZE=1', {}],
  ['RET=FULL', { returns: 'full' }],
  ['RET=hdrs', { returns: 'headers' }],
  ['RET=BODY', undefined],
  ['RET=', undefined],
  ['ENVID=QQ314159', { envelopeId: 'QQ314159' }],
  ['RET=HDRS ENVID=a+2Bb+3Dc+20d', { returns: 'headers', envelopeId: 'a+b=c d' }],
  ['ENVID=a+2bb', undefined],
  ['ENVID=a+zz', undefined],
  ['ENVID=a+2', undefined],
  ['ENVID=a=b', undefined],
  ['ENVID=a+0D+0Ab', undefined],
  ['ENVID=a+00', undefined],
  ['ENVID=a+E4', undefined],
  ['ENVID=\u00e4', undefined],
  ['ENVID=', undefined],
  [`ENVID=${'x'.repeat(100)}`, { envelopeId: 'x'.repeat(100) }],
  [`ENVID=${'x'.repeat(101)}`, undefined],
];

for (const [text, meaning] of ofMessage) {
  test(`MAIL with ${text.slice(0, 40)} ${meaning ? 'is read' : 'is malformed'}`, () => {
    const read = readDsnOfMessage(parameters(text));
    assert.deepEqual(read.ok ? { ...read.value } : undefined, meaning);
    if (read.ok) assert.ok(Object.isFrozen(read.value));
    else assert.equal(read.failure.status, '5.5.4');
  });
}

// Parameters of RCPT, and what they mean; undefined: malformed.
const ofRecipient: readonly (readonly [text: string, meaning: object | undefined])[] = [
  ['NOTIFY=NEVER', { notify: [] }],
  ['NOTIFY=success,FAILURE,Delay', { notify: ['success', 'failure', 'delay'] }],
  ['NOTIFY=DELAY,DELAY', { notify: ['delay'] }],
  ['NOTIFY=NEVER,SUCCESS', undefined],
  ['NOTIFY=SUCCESS,', undefined],
  ['NOTIFY=', undefined],
  ['NOTIFY=__proto__', undefined],
  ['ORCPT=rfc822;bob+2Bx@x.example', { originalRecipient: { type: 'rfc822', address: 'bob+x@x.example' } }],
  ['ORCPT=UTF-8;b\\x{F6}b@x.example', { originalRecipient: { type: 'utf-8', address: 'b\\x{F6}b@x.example' } }],
  ['NOTIFY=NEVER ORCPT=x;y', { notify: [], originalRecipient: { type: 'x', address: 'y' } }],
  ['ORCPT=rfc822', undefined],
  ['ORCPT=rfc822;', undefined],
  ['ORCPT=;bob@x.example', undefined],
  ['ORCPT=rfc822;a+0Ab', undefined],
  ['ORCPT=rfc822;a+b', undefined],
  [`ORCPT=rfc822;${'x'.repeat(494)}`, { originalRecipient: { type: 'rfc822', address: 'x'.repeat(494) } }],
  [`ORCPT=rfc822;${'x'.repeat(495)}`, undefined],
];

for (const [text, meaning] of ofRecipient) {
  test(`RCPT with ${text.slice(0, 40)} ${meaning ? 'is read' : 'is malformed'}`, () => {
    const read = readDsnOfRecipient(parameters(text));
    assert.deepEqual(read.ok ? { ...read.value } : undefined, meaning);
  });
}

test('what is written as xtext is read as it was', () => {
  check(
    property(string({ minLength: 1, maxLength: 33, unit: 'grapheme-ascii' }), (text) => {
      const read = readDsnOfMessage(new Map([['ENVID', xtextOf(text)]]));
      assert.equal(read.ok && read.value.envelopeId, text);
    }),
  );
});

for (const [text, meaning] of [...ofMessage, ...ofRecipient]) {
  if (!meaning || text === 'SIZE=1') continue;
  test(`what ${text.slice(0, 40)} asks is asked of the next host`, () => {
    const isMail = /^(?:RET|ENVID)/.test(text);
    const written = isMail ? mailParameters(meaning) : rcptParameters(meaning);
    const read = (isMail ? readDsnOfMessage : readDsnOfRecipient)(parameters(written.slice(1)));
    assert.deepEqual(read.ok && { ...read.value }, meaning);
    assert.match(written, /^(?: [!-~]+)+$/);
  });
}
