import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { packMembers, unpackMembers } from '../../src/list/packed.ts';
import { anyAddress } from '../helpers/addresses.ts';

test('any members come back as they were packed', () => {
  const member = fc
    .tuple(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), anyAddress)
    .map(([id, { text }]) => ({ member: id, address: text }));
  fc.assert(
    fc.property(fc.array(member), (members) => {
      assert.deepEqual([...unpackMembers(new Uint8Array(packMembers(members)))], members);
    }),
  );
});
