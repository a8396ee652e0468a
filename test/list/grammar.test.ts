import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { commandAddress, commandWords, embed, parseTail } from '../../src/list/grammar.ts';
import { isReservedLocal, type MailRole, parseListName } from '../../src/list/name.ts';
import { localPartOctetsMost, parseAddress } from '../../src/mail/address.ts';
import { anyAddress, anyListName } from '../helpers/addresses.ts';

const mailRoles: readonly MailRole[] = ['subscriber', 'digest', 'allow', 'deny'];

test('a command address that we write is read as that command, for any list and address', () => {
  const property = fc.property(
    anyListName,
    fc.constantFrom(...commandWords),
    fc.constantFrom(...mailRoles),
    fc.option(anyAddress, { nil: undefined }),
    (list, word, role, target) => {
      const text = commandAddress(list, word, role, target);
      if (text === undefined) return assert.ok(target, 'without a target it always fits');
      const local = text.slice(0, text.lastIndexOf('@'));
      assert.ok(Buffer.byteLength(local) <= localPartOctetsMost, text);
      const tail = parseTail(local.slice(list.name.length + 1));
      assert.ok(tail.kind === 'command', text);
      assert.deepEqual([tail.word, tail.role, tail.target?.canonical], [word, role, target?.canonical], text);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test('an address that needs quotes, UTF-8 or brackets cannot stand in a command address', () => {
  for (const text of ['"b b"@x.example', 'jürgen@x.example', 'bob@[192.0.2.1]'])
    assert.equal(embed(parseAddress(text)!), undefined, text);
  assert.equal(embed(parseAddress('b=o-b@x.example')!), 'b=o-b=x.example');
});

test('a list name has an address in lower case and a short id of its own', () => {
  const name = parseListName('News@Lists.Example.ORG')!;
  assert.deepEqual([name.name, name.domain, name.address], ['news', 'lists.example.org', 'news@lists.example.org']);
  assert.match(name.id, /^[a-z2-7]{8}$/);
  assert.notEqual(name.id, parseListName('news@lists.example.net')!.id);
  assert.ok(Object.isFrozen(name));
});

test('local parts of the domain itself are reserved', () => {
  for (const local of ['postmaster', 'ABUSE', 'mailer-daemon', 'return', 'return.x', 'Confirm.x.y'])
    assert.ok(isReservedLocal(local), local);
  for (const local of ['postmasters', 'returns', 'confirm-x', 'news'])
    assert.equal(isReservedLocal(local), false, local);
});
