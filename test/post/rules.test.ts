import assert from 'node:assert/strict';
import test from 'node:test';
import type { Role } from '../../src/list/name.ts';
import { parseListName } from '../../src/list/name.ts';
import { type ListSettings, listSettingRows } from '../../src/list/settings.ts';
import { withInitial } from '../../src/lib/settings.ts';
import { parseHeader } from '../../src/mail/header.ts';
import { judgePost } from '../../src/post/rules.ts';

const list = parseListName('news@lists.example.org')!;

interface Case {
  readonly fields?: string;
  readonly sender?: string;
  readonly roles?: readonly Role[];
  readonly isOwner?: boolean;
  readonly settings?: Partial<ListSettings>;
  readonly size?: number;
  readonly bodySize?: number;
}

function judge({
  fields = 'Subject: hello\r\n',
  sender = 'a@x.example',
  roles = ['subscriber'],
  ...given
}: Case): string {
  const verdict = judgePost({
    list,
    settings: withInitial(listSettingRows, given.settings ?? {}),
    sender,
    roles,
    isOwner: given.isOwner ?? false,
    header: parseHeader(Buffer.from(`${fields}\r\nbody\r\n`)),
    size: given.size ?? 100,
    bodySize: given.bodySize ?? 6,
  });
  return verdict.kind === 'accept' ? 'accept' : `${verdict.kind}: ${verdict.rule}`;
}

const subject = 'Subject: a\r\n';
const table: readonly [name: string, given: Case, want: string][] = [
  ['a subscriber posts', {}, 'accept'],
  ['so do members of digest, allow and mod', { roles: ['allow'] }, 'accept'],
  ['a stranger does not', { roles: [] }, 'reject: subscribers only'],
  ['unless everybody may', { roles: [], settings: { posting: 'everybody' } }, 'accept'],
  ['deny wins over subscriber', { roles: ['subscriber', 'deny'] }, 'reject: denied'],
  ['deny wins over everybody', { roles: ['deny'], settings: { posting: 'everybody' } }, 'reject: denied'],
  ['a closed list takes nothing', { roles: ['mod'], settings: { posting: 'nobody' } }, 'reject: closed'],
  [
    'an announcement list takes nothing by mail',
    { roles: ['mod'], settings: { posting: 'owner' } },
    'reject: owner only',
  ],
  ['and its owner’s command line', { roles: [], isOwner: true, settings: { posting: 'owner' } }, 'accept'],
  [
    'our own post that came round',
    { fields: `${subject}Delivered-To: mailing list NEWS@lists.example.org\r\n` },
    'reject: loop',
  ],
  ['by its List-Id too', { fields: `${subject}List-Id: x <news.lists.example.org>\r\n` }, 'reject: loop'],
  [
    'the mark of another list of ours',
    { fields: `${subject}Delivered-To: mailing list other@lists.example.org\r\n` },
    'accept',
  ],
  ['mail of another list', { fields: `${subject}Mailing-List: contact x\r\n` }, 'reject: other list'],
  ['a bounce', { sender: '' }, 'reject: null sender'],
  [
    'a vacation message is discarded, also a stranger’s',
    { roles: [], fields: `${subject}Auto-Submitted: auto-replied\r\n` },
    'discard: automatic',
  ],
  ['Auto-Submitted: no is a person', { fields: `${subject}Auto-Submitted: no\r\n` }, 'accept'],
  ['bulk mail is discarded', { fields: `${subject}Precedence: bulk\r\n` }, 'discard: automatic'],
  ['too large', { size: 20_000_000 }, 'reject: too large'],
  ['strangers learn nothing of the limits', { size: 20_000_000, roles: [] }, 'reject: subscribers only'],
  ['too small', { settings: { bytesLeast: 10 } }, 'reject: too small'],
  ['no subject', { fields: 'From: a\r\n' }, 'reject: empty subject'],
  ['an empty one', { fields: 'Subject:  \r\n' }, 'reject: empty subject'],
  ['one that says that there is none', { fields: 'Subject: (no subject)\r\n' }, 'reject: empty subject'],
  ['unless the list does not mind', { fields: 'From: a\r\n', settings: { subjectNeeded: false } }, 'accept'],
  ['a command as subject', { fields: 'Subject: UNSUBSCRIBE\r\n' }, 'reject: command subject'],
  ['encoded, too', { fields: 'Subject: =?utf-8?Q?help?=\r\n' }, 'reject: command subject'],
  ['a sentence with the word', { fields: 'Subject: how do I unsubscribe\r\n' }, 'accept'],
  ['a name of Object’s', { fields: `${subject}__proto__: x\r\nconstructor: y\r\n` }, 'accept'],
];

for (const [name, given, want] of table) test(name, () => assert.equal(judge(given), want));
