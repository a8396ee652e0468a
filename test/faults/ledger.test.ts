import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Copy } from '../soak/sink-log.ts';
import { type Answer, isComplete, judge, type Sent, sum } from './ledger.ts';

const ann = 'ann@a.example';
const bob = 'bob@b.example';

function message(subject: string, answer: Answer = 'accepted', reply = '250 2.0.0 ok'): Sent {
  return { subject, readers: [ann, bob], answer, reply };
}

function copy(subject: string, recipient: string, number = 1, named = recipient): Copy {
  const sender = `news-return-${number}.abcdefgh-${named.replace('@', '=')}@lists.example.org`;
  return { at: 0, sender, recipient, subject };
}

const clean = { runs: 1, lost: 0, duplicates: 0, crossed: 0, strange: 0 };

const table: readonly (readonly [string, Sent[], Copy[], Partial<typeof clean>])[] = [
  ['a post that everybody got', [message('one')], [copy('one', ann), copy('one', bob)], {}],
  ['a post that one did not get', [message('one')], [copy('one', ann)], { lost: 1 }],
  ['a copy too many', [message('one')], [copy('one', ann), copy('one', bob), copy('one', bob)], { duplicates: 1 }],
  ["another reader's envelope", [message('one')], [copy('one', ann, 1, bob), copy('one', bob)], { crossed: 1 }],
  ['one post with two numbers', [message('one')], [copy('one', ann, 1), copy('one', bob, 2)], { crossed: 1 }],
  [
    'two posts with one number',
    [message('one'), message('two', 'silence')],
    [copy('one', ann), copy('one', bob), copy('two', ann)],
    { crossed: 1 },
  ],
  ['a refused post that is not there', [message('one', 'refused', '452 4.3.1 full')], [], {}],
  ['a refused post that is delivered', [message('one', 'refused', '452 4.3.1')], [copy('one', ann)], { strange: 1 }],
  ['a post refused for good', [message('one', 'refused', '554 5.3.0')], [], { strange: 1 }],
  ['silence, and kept', [message('one', 'silence')], [copy('one', ann), copy('one', bob)], {}],
  ['silence, and not kept', [message('one', 'silence')], [], {}],
  ['a post that nobody sent', [], [copy('one', ann)], { strange: 1 }],
  ['a reader that nobody named', [message('one', 'silence')], [copy('one', 'eve@e.example')], { strange: 1 }],
];

for (const [what, sent, copies, differs] of table) {
  test(`the ledger judges: ${what}`, () => {
    const verdict = judge(sent, copies);
    assert.deepEqual(verdict, { ...clean, ...differs });
    assert.equal(isComplete(sent, copies), verdict.lost === 0);
    assert.deepEqual(sum([verdict, { ...clean, lost: 1 }]), { ...verdict, runs: 2, lost: verdict.lost + 1 });
  });
}
