import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { understand } from '../../src/bounce/understand.ts';
import { expected } from '../fixtures/bounces/expected.ts';

const home = join(import.meta.dirname, '../fixtures/bounces');
const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.eml'))
  .toSorted();

for (const file of files) {
  test(`understands the fixture ${file}`, () => {
    const { kind, recipients } = understand(readFileSync(join(home, file)));
    const told = recipients.map((one) => [one.address, one.permanent, one.reason, one.status, one.counts]);
    assert.deepEqual({ kind, recipients: told }, expected[file]);
  });
}

test('every family has three fixtures, and every row a file', () => {
  const families = Map.groupBy(files, (file) => dirname(file));
  assert.deepEqual(
    [...families].filter(([, some]) => some.length < 3).map(([family]) => family),
    [],
  );
  assert.deepEqual(Object.keys(expected).toSorted(), files);
});

test('what is no failure counts for nothing', () => {
  const uncounted = Object.values(expected).filter(({ kind }) => kind !== 'bounce');
  assert.ok(uncounted.length > 15);
  assert.ok(
    uncounted.every(({ recipients }) => recipients.every(([, permanent, , , counts]) => !permanent && !counts)),
  );
});
