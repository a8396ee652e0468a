import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { deliverToMaildir } from '../../src/domain/maildir.ts';
import { hasMailbox, mailboxDirectory } from '../../src/domain/mailbox.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const parts = { clock: systemClock, hostname: 'a/b:c' };

test('mail arrives in new, in its order, and nothing stays in tmp', async (t) => {
  const directory = join(await temporaryDirectory(t), 'box');
  for (let n = 0; n < 20; n++) await deliverToMaildir(directory, Buffer.from(`Subject: ${n}\r\n\r\nbody\r\n`), parts);
  const names = (await readdir(join(directory, 'new'))).toSorted((a, b) => (a < b ? -1 : 1));
  assert.equal(names.length, 20);
  assert.deepEqual(await readdir(join(directory, 'tmp')), []);
  assert.equal(await readFile(join(directory, 'new', names[7]!), 'utf8'), 'Subject: 7\n\nbody\n');
  assert.ok(names.every((name) => !name.includes(':') && !name.includes('/')));
});

test('a mailbox is a directory, whatever its address holds', async (t) => {
  const domains = await temporaryDirectory(t);
  const address = parseAddress('"../../etc"@x.example')!;
  assert.equal(hasMailbox(domains, address), false);
  const directory = mailboxDirectory(domains, address.domain, address.local);
  assert.ok(directory.startsWith(join(domains, 'x.example')));
  await deliverToMaildir(directory, Buffer.from('a'), parts);
  assert.equal(hasMailbox(domains, address), true);
});
