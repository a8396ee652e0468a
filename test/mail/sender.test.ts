import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { originalSender } from '../../src/mail/sender.ts';
import { anyAddress } from '../helpers/addresses.ts';

const rows: readonly (readonly [envelope: string, person: string | undefined])[] = [
  ['ann@example.net', 'ann@example.net'],
  ['SRS0=HHHH=TT=example.net=ann@fwd.example', 'ann@example.net'],
  ['srs0=hhhh=tt=example.net=ann@fwd.example', 'ann@example.net'],
  ['SRS0+HHHH=TT=example.net=ann@fwd.example', 'ann@example.net'],
  ['SRS0-HHHH=TT=example.net=ann@fwd.example', 'ann@example.net'],
  ['SRS0=HHHH=TT=example.net=ann=work@fwd.example', 'ann=work@example.net'],
  ['SRS1=HHHH=fwd.example==HHHH=TT=example.net=ann@second.example', 'ann@example.net'],
  [
    'SRS1=HHHH=fwd.example=HHHH=TT=example.net@second.example',
    'SRS1=HHHH=fwd.example=HHHH=TT=example.net@second.example',
  ],
  ['SRS0=HHHH=TT=example.net=@fwd.example', 'SRS0=HHHH=TT=example.net=@fwd.example'],
  ['SRS0=HHHH=TT=not a domain=ann@fwd.example', undefined],
  ['prvs=123456789a=ann@example.net', 'ann@example.net'],
  ['prvs=123456789=ann@example.net', 'ann@example.net'],
  ['PRVS=123456789A=ann@example.net', 'ann@example.net'],
  ['prvs=ann=123456789a@example.net', 'ann@example.net'],
  ['prvs=12345678=ann@example.net', 'prvs=12345678=ann@example.net'],
  ['btv1==0123456789abcdef==ann@example.net', 'ann@example.net'],
  ['btv1==xyz==ann@example.net', 'btv1==xyz==ann@example.net'],
  ['', undefined],
  ['#@[]', undefined],
  ['no address', undefined],
];

for (const [envelope, person] of rows) {
  test(`behind <${envelope}> stands ${person ?? 'nobody'}`, () => {
    assert.equal(originalSender(envelope)?.text, person);
  });
}

test('an address that nobody rewrote is itself', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      fc.pre(!/^(?:srs[01]|prvs|btv1)/i.test(address.local));
      assert.deepEqual(originalSender(address.text), address);
    }),
  );
});
