import assert from 'node:assert/strict';
import test from 'node:test';
import { automaticReason, likelyAutomaticReason, listReason } from '../../src/mail/automatic.ts';
import { type Header, parseHeader } from '../../src/mail/header.ts';

type Reason = string | undefined;

// A field, and why a mail with it is no person's; the same when a hint is enough; and by which field a list shows.
const rows: readonly (readonly [field: string, automatic: Reason, likely: Reason, list: Reason])[] = [
  ['Subject: Auto-Submitted: auto-replied', undefined, undefined, undefined],
  ['Auto-Submitted: no', undefined, undefined, undefined],
  ['AUTO-SUBMITTED: No (by hand)', undefined, undefined, undefined],
  ['Auto-Submitted: auto-replied', 'Auto-Submitted', 'Auto-Submitted', undefined],
  ['Auto-Submitted:', 'Auto-Submitted', 'Auto-Submitted', undefined],
  ['Auto-Submitted: none', 'Auto-Submitted', 'Auto-Submitted', undefined],
  ['Precedence: first-class', undefined, undefined, undefined],
  ['Precedence: listless', undefined, undefined, undefined],
  ['Precedence: Bulk', 'Precedence', 'Precedence', undefined],
  ['Precedence: list', 'Precedence', 'Precedence', undefined],
  ['Content-Type: multipart/reporting', undefined, undefined, undefined],
  ['Content-Type: multipart/report; report-type=delivery-status', 'a report', 'a report', undefined],
  ['X-Autoreply: yes', 'x-autoreply', 'x-autoreply', undefined],
  ['X-Auto-Response-Suppress: All', undefined, 'x-auto-response-suppress', undefined],
  ['Listing: x', undefined, undefined, undefined],
  ['X-List-Id: x', undefined, undefined, undefined],
  ['List-Id: <a.example.net>', undefined, undefined, 'list-id'],
  ['LIST-UNSUBSCRIBE: <mailto:a@example.net>', undefined, undefined, 'list-unsubscribe'],
  ['Mailing-List: contact a@example.net', undefined, undefined, 'mailing-list'],
  ['X-Mailing-List: a', undefined, undefined, 'x-mailing-list'],
  ['X-ML-Name: a', undefined, undefined, 'x-ml-name'],
];

const read = (field: string): Header => parseHeader(Buffer.from(`${field}\r\n\r\nList-Id: x\r\nPrecedence: bulk\r\n`));

for (const [field, ...reasons] of rows) {
  test(`"${field}" is ${reasons.map((reason) => reason ?? 'nothing').join(', ')}`, () => {
    const header = read(field);
    assert.deepEqual([automaticReason(header), likelyAutomaticReason(header), listReason(header)], reasons);
  });
}
