import assert from 'node:assert/strict';
import test from 'node:test';
import { ChunkLines } from '../../src/deliver/chunk-lines.ts';
import { packMembers } from '../../src/list/packed.ts';

function linesOf(addresses: readonly string[]): ChunkLines {
  return new ChunkLines(packMembers(addresses.map((address, at) => ({ member: at + 1, address }))), 0);
}

function domainsOf(lines: ChunkLines): [domain: string, count: number][] {
  const domains: [string, number][] = [];
  for (let from = 0, end = 0; from < lines.count; from = end) {
    end = lines.endOfDomain(from);
    domains.push([lines.domainOf(from), end - from]);
  }
  return domains;
}

test('members of one domain follow each other', () => {
  const table: [addresses: string[], expected: [string, number][]][] = [
    [[], []],
    [['a@x.example'], [['x.example', 1]]],
    [
      ['a@x.example', 'bb@x.example', 'c@y.example'],
      [
        ['x.example', 2],
        ['y.example', 1],
      ],
    ],
    [
      ['a@x.example', 'a@xx.example', 'a@x.example'],
      [
        ['x.example', 1],
        ['xx.example', 1],
        ['x.example', 1],
      ],
    ],
    // The last sign separates; what is written in another way is a run of its own.
    [
      ['"a@b"@x.example', 'a@x.example', 'a@X.example'],
      [
        ['x.example', 2],
        ['x.example', 1],
      ],
    ],
    [['jürgen@x.example', 'a@x.example'], [['x.example', 2]]],
  ];
  for (const [addresses, expected] of table)
    assert.deepEqual(domainsOf(linesOf(addresses)), expected, addresses.join());
});

test('one address above ASCII makes the chunk one that is read as text', () => {
  assert.deepEqual([linesOf(['a@x.example']).isAscii, linesOf(['a@x.example']).isPlain], [true, true]);
  assert.deepEqual([linesOf(['a@x.example', 'ü@x.example']).isAscii, linesOf(['ü@x.example']).isPlain], [false, false]);
  assert.equal(linesOf(['a\r@x.example']).isPlain, false);
});
