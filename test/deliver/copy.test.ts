import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { ChunkLines } from '../../src/deliver/chunk-lines.ts';
import { type Copies, Copy } from '../../src/deliver/copy.ts';
import type { ChunkJob, EnvelopeOctets } from '../../src/deliver/delivery.ts';
import type { Id } from '../../src/lib/ids.ts';
import { packMembers } from '../../src/list/packed.ts';
import { CopyMac } from '../../src/mail/copy-mac.ts';
import { CopySenders } from '../../src/mail/copy-senders.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { anyAddress } from '../helpers/addresses.ts';

const job: ChunkJob = { kind: 'chunk', chunk: 1, post: 'p' as Id, owed: 1, back: 0, backUntil: Infinity };
const of = { prefix: 'news', listId: 'abcdefgh', domain: 'lists.example.org', number: 17 };
const copies: Copies = {
  load: { message: wireMessage(Buffer.from('Subject: s\r\n\r\n')), birth: 0 },
  job,
  senders: new CopySenders(of, new CopyMac(new Uint8Array(16))),
};

function written(envelope: EnvelopeOctets, put: (into: Buffer, to: number) => number): string {
  const into = Buffer.alloc(1 + envelope.most, '<');
  return into.toString('latin1', 1, put(into, 1));
}

test('a copy says who gets it, as text and as octets alike, whatever stands around it in the chunk', () => {
  const members = fc.array(fc.record({ member: fc.integer({ min: 1, max: 2 ** 40 }), address: anyAddress }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(members, fc.nat(1_000_000), (some, first) => {
      const lines = new ChunkLines(
        packMembers(some.map(({ member, address }) => ({ member, address: address.text }))),
        first,
      );
      for (const [line, { member, address }] of some.entries()) {
        const copy = new Copy(copies, lines, line);
        assert.deepEqual([copy.member, copy.position, copy.recipient], [member, first + line, address.text]);
        assert.equal(copy.sender, copies.senders.of(member, address.text));
        assert.equal(copy.isAscii, Buffer.byteLength(address.text) === address.text.length);
        const { envelope } = copy;
        if (!envelope) continue;
        assert.equal(written(envelope, envelope.put.bind(envelope)), address.text);
        assert.equal(written(envelope, envelope.putSender.bind(envelope)), copy.sender);
      }
    }),
  );
});

test('an address that is not plain ASCII, or holds what ends a line, has no octets to be sent as they stand', () => {
  const table: [address: string, isPlain: boolean][] = [
    ['bob@example.net', true],
    ['"b b"@example.net', true],
    ['jürgen@example.net', false],
    ['bob\r@example.net', false],
    ['bob\0@example.net', false],
  ];
  for (const [address, isPlain] of table) {
    const lines = new ChunkLines(packMembers([{ member: 1, address }]), 0);
    assert.equal(new Copy(copies, lines, 0).envelope !== undefined, isPlain, address);
  }
});
