import assert from 'node:assert/strict';
import test from 'node:test';
import { parseListName } from '../src/list/name.ts';
import { type Route, routeText } from '../src/route.ts';
import { placesOf } from './helpers/places.ts';

const H = 'lists.example.org';
const id = parseListName(`news@${H}`)!.id;
const token = 'abcdefghijklm2345abcdefghijklm';
const places = placesOf(
  [`news@${H}`, `news-team@${H}`, `news-team-help2@${H}`, `dev@${H}`, `my.list_1@${H}`, 'news@other.example'],
  [`info@${H}`, `news-lost@${H}`],
);

/** A route in one line: kind, list, and what else there is. */
function shown(to: Route): string {
  const words: (string | number | undefined)[] = [to.kind];
  if ('list' in to) words.push(to.list.name);
  if ('role' in to && to.role !== 'subscriber') words.push(`role:${to.role}`);
  if ('word' in to) words.push(to.word);
  if ('argument' in to && to.argument !== '') words.push(`arg:${to.argument}`);
  if ('token' in to) words.push(to.token);
  if ('target' in to) words.push(to.target?.text);
  if (to.kind === 'confirm-id') words.push(to.id, to.mac);
  if (to.kind === 'bounce' && to.verp) words.push(JSON.stringify(to.verp));
  if (to.kind === 'mailbox') words.push(to.address.text);
  return words.filter((word) => word !== undefined).join(' ');
}

const table: readonly (readonly [local: string, expected: string])[] = [
  ['news', 'post news'],
  ['NEWS', 'post news'],
  ['news-team', 'post news-team'],
  ['my.list_1', 'post my.list_1'],
  ['news-subscribe', 'command news subscribe'],
  ['news-Subscribe', 'command news subscribe'],
  ['NEWS-SUBSCRIBE', 'command news subscribe'],
  ['news-subscribe-bob=example.net', 'command news subscribe bob@example.net'],
  ['news-subscribe-Bob.Smith+x=Example.NET', 'command news subscribe Bob.Smith+x@example.net'],
  ['news-subscribe-a-b-c=x.example', 'command news subscribe a-b-c@x.example'],
  ['news-subscribe-a=b=x.example', 'command news subscribe a=b@x.example'],
  ['news-subscribe-nonsense', 'command news subscribe'],
  ['news-unsubscribe', 'command news unsubscribe'],
  ['news-unsubscribe-bob=example.net', 'command news unsubscribe bob@example.net'],
  ['news-digest-subscribe', 'command news role:digest subscribe'],
  ['news-digest-unsubscribe-bob=example.net', 'command news role:digest unsubscribe bob@example.net'],
  ['news-allow-subscribe-bob=example.net', 'command news role:allow subscribe bob@example.net'],
  ['news-deny-unsubscribe', 'command news role:deny unsubscribe'],
  ['news-digest', 'command news get'],
  ['news-help', 'command news help'],
  ['news-', 'command news help'],
  ['news-what', 'command news help'],
  ['news-subscribers', 'command news help'],
  ['news-info', 'command news info'],
  ['news-infoXYZ', 'command news info arg:xyz'],
  ['news-faq', 'command news faq'],
  ['news-query', 'command news query'],
  ['news-query-bob=example.net', 'command news query bob@example.net'],
  ['news-digest-query', 'command news role:digest query'],
  ['news-list', 'command news list'],
  ['news-listn', 'command news listn'],
  ['news-log', 'command news log'],
  ['news-log.bob', 'command news log arg:.bob'],
  ['news-edit', 'command news edit'],
  ['news-edit.faq', 'command news edit arg:.faq'],
  ['news-get', 'command news get'],
  ['news-get.5_9', 'command news get arg:.5_9'],
  ['news-getr.1_5', 'command news get arg:r.1_5'],
  ['news-index.10', 'command news index arg:.10'],
  ['news-thread.3', 'command news thread arg:.3'],
  ['news-dig.code', 'command news dig arg:.code'],
  ['news-owner', 'owner news'],
  ['news-OWNER', 'owner news'],
  ['news-digest-owner', 'owner news'],
  ['news-request', 'request news'],
  ...['sc', 'uc', 'tc', 'rc', 'vc', 'wc'].map(
    (word) => [`news-${word}.${token}-bob=example.net`, `confirm news ${word} ${token} bob@example.net`] as const,
  ),
  [`news-digest-SC.${token.toUpperCase()}-BOB=EXAMPLE.NET`, `confirm news role:digest sc ${token} BOB@example.net`],
  [`news-allow-uc.${token}-bob=example.net`, `confirm news role:allow uc ${token} bob@example.net`],
  [`news-deny-tc.${token}-bob=example.net`, `confirm news role:deny tc ${token} bob@example.net`],
  [`news-sc.${token}`, 'command news help'],
  [`confirm.${id}.15.abcdefghijklmnop`, 'confirm-id news 15 abcdefghijklmnop'],
  [`CONFIRM.${id.toUpperCase()}.15.ABCDEFGHIJKLMNOP`, 'confirm-id news 15 abcdefghijklmnop'],
  [`confirm.${id}.15.short`, 'unknown'],
  [`confirm.aaaaaaaa.15.abcdefghijklmnop`, 'unknown'],
  ['news-accept-1700000000.123.abc', 'decision news accept 1700000000.123.abc'],
  ['news-reject-x', 'decision news reject x'],
  ['news-confirm-x', 'decision news confirm x'],
  ['news-discard-x', 'decision news discard x'],
  ['news-return-', 'bounce news'],
  ['news-return', 'bounce news'],
  ['news-return-17-bob=example.net', 'bounce news'],
  [
    'news-return-17.abcdefgh-bob=example.net',
    'bounce news {"number":17,"mac":"abcdefgh","address":{"local":"bob","domain":"example.net","text":"bob@example.net","canonical":"bob@example.net"}}',
  ],
  [
    'news-digest-return-3.ABCDEFGH-b-c=x.example',
    'bounce news role:digest {"number":3,"mac":"abcdefgh","address":{"local":"b-c","domain":"x.example","text":"b-c@x.example","canonical":"b-c@x.example"}}',
  ],
  [`return.${id}.r.b.abcdefgh`, `bounce news {"listId":"${id}","number":17,"member":1,"mac":"abcdefgh"}`],
  [`Return.${id}.R.B.ABCDEFGH`, `bounce news {"listId":"${id}","number":17,"member":1,"mac":"abcdefgh"}`],
  [`return.${id}.r.b`, 'unknown'],
  [`return.aaaaaaaa.r.b.abcdefgh`, 'unknown'],
  ['news-team-subscribe', 'command news-team subscribe'],
  ['news-team-help2', 'post news-team-help2'],
  ['news-team-help2-owner', 'owner news-team-help2'],
  [
    'news-team-return-1.abcdefgh-news-team=x.example',
    'bounce news-team {"number":1,"mac":"abcdefgh","address":{"local":"news-team","domain":"x.example","text":"news-team@x.example","canonical":"news-team@x.example"}}',
  ],
  ['my.list_1-owner', 'owner my.list_1'],
  ['postmaster', 'postmaster'],
  ['PostMaster', 'postmaster'],
  ['abuse', 'postmaster'],
  ['mailer-daemon', 'postmaster'],
  ['info', `mailbox info@${H}`],
  ['nobody', 'unknown'],
  ['nobody-subscribe', 'unknown'],
  ['-subscribe', 'unknown'],
  ['"news"', 'post news'],
  ['"news "', 'unknown'],
];

test('every address form leads where ezmlm and the design say', () => {
  for (const [local, expected] of table) assert.equal(shown(routeText(`${local}@${H}`, places)), expected, local);
});

test('domains that are not ours are foreign, and ours do not mix', () => {
  assert.equal(routeText('news@elsewhere.example', places).kind, 'foreign');
  assert.equal(shown(routeText('news@other.example', places)), 'post news');
  assert.equal(shown(routeText('dev@other.example', places)), 'unknown');
  assert.equal(shown(routeText(`return.${id}.r.b.abcdefgh@other.example`, places)), 'unknown');
  assert.equal(routeText('no address', places).kind, 'unknown');
});

test('a list directory with a reserved name takes no mail from the postmaster', () => {
  const made = placesOf([`abuse@${H}`]);
  assert.equal(routeText(`abuse@${H}`, made).kind, 'postmaster');
});

test('routes are frozen', () => {
  for (const [local] of table) assert.ok(Object.isFrozen(routeText(`${local}@${H}`, places)), local);
});
