import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardAgainst } from '../../src/command/guards.ts';
import { parseListName } from '../../src/list/name.ts';
import { parseHeader } from '../../src/mail/header.ts';

const list = parseListName('news@lists.example.org')!;
const ann = 'ann@example.net';

// Envelope sender, header fields, and the guard that stops the mail; '' when none does.
const rows: readonly (readonly [sender: string, fields: readonly string[], guard: string])[] = [
  [ann, [], ''],
  [ann, ['Subject: Re: Please confirm', 'In-Reply-To: <1@lists.example.org>'], ''],
  [ann, ['Auto-Submitted: no'], ''],
  [ann, ['Auto-Submitted: No (said by hand)'], ''],
  [ann, ['Precedence: first-class'], ''],
  [ann, ['Delivered-To: ann@example.net'], ''],
  [ann, ['Delivered-To: fnews@lists.example.org'], ''],
  [ann, ['Delivered-To: news@lists.example.com'], ''],
  [ann, ['X-List: mine'], ''],
  [ann, ['Listing: mine'], ''],
  [ann, ['Content-Type: multipart/alternative; boundary=x'], ''],
  ['owner@example.net', [], ''],
  ['requests@example.net', [], ''],
  ['postmasters@example.net', [], ''],
  ['newsreader@lists.example.org', [], ''],
  ['SRS0=HHH=TT=example.net=ann@forwarder.example', [], ''],
  ['prvs=0123456789=ann@example.net', [], ''],
  ['', [], 'null sender'],
  ['#@[]', [], 'null sender'],
  ['MAILER-DAEMON@example.net', [], 'a machine as sender'],
  ['postmaster@example.net', [], 'a machine as sender'],
  ['noreply@example.net', [], 'a machine as sender'],
  ['no-reply@example.net', [], 'a machine as sender'],
  ['DoNotReply@example.net', [], 'a machine as sender'],
  ['SRS0=HHH=TT=example.net=mailer-daemon@forwarder.example', [], 'a machine as sender'],
  ['prvs=0123456789=postmaster@example.net', [], 'a machine as sender'],
  ['other-owner@example.net', [], 'a list as sender'],
  ['owner-other@example.net', [], 'a list as sender'],
  ['other-request@example.net', [], 'a list as sender'],
  ['other-bounces@example.net', [], 'a list as sender'],
  ['other-bounces+ann=example.net@example.net', [], 'a list as sender'],
  ['other-bounce@example.net', [], 'a list as sender'],
  ['other-return-17-ann=example.net@example.net', [], 'a list as sender'],
  ['other-return-@example.net', [], 'a list as sender'],
  ['news@lists.example.org', [], 'the list itself as sender'],
  ['News-Help@Lists.Example.Org', [], 'the list itself as sender'],
  [`return.${list.id}.b.b.aaaaaaaa@lists.example.org`, [], 'the list itself as sender'],
  [`confirm.${list.id}.1.aaaaaaaaaaaaaaaa@lists.example.org`, [], 'the list itself as sender'],
  [ann, ['Auto-Submitted: auto-replied'], 'automatic mail'],
  [ann, ['auto-submitted:auto-generated; x=y'], 'automatic mail'],
  [ann, ['Auto-Submitted:', '\tauto-notified'], 'automatic mail'],
  [ann, ['Auto-Submitted: none of your business'], 'automatic mail'],
  [ann, ['Precedence: bulk'], 'automatic mail'],
  [ann, ['Precedence: JUNK'], 'automatic mail'],
  [ann, ['Precedence: list'], 'automatic mail'],
  [ann, ['Precedence: auto_reply'], 'automatic mail'],
  [ann, ['Content-Type: multipart/report; report-type=delivery-status; boundary=x'], 'automatic mail'],
  [ann, ['Content-Type: Multipart/Report; report-type=disposition-notification'], 'automatic mail'],
  [ann, ['X-Autoreply: yes'], 'automatic mail'],
  [ann, ['Mailing-List: contact other-help@example.net'], 'list mail'],
  [ann, ['List-Id: <other.example.net>'], 'list mail'],
  [ann, ['List-Help: <mailto:other-help@example.net>'], 'list mail'],
  [ann, ['List-Post: NO'], 'list mail'],
  [ann, ['X-Mailing-List: other'], 'list mail'],
  [ann, ['Delivered-To: news@lists.example.org'], 'a loop'],
  [ann, ['Delivered-To: ann@example.net', 'Delivered-To: <News-subscribe@lists.example.org>'], 'a loop'],
];

for (const [sender, fields, guard] of rows) {
  test(`${guard === '' ? 'nothing' : guard} stops <${sender}> ${fields.join(' | ')}`, () => {
    const message = [`From: somebody <${ann}>`, ...fields, '', 'Auto-Submitted: auto-replied', ''].join('\r\n');
    assert.equal(guardAgainst(sender, parseHeader(Buffer.from(message)), list) ?? '', guard);
  });
}
