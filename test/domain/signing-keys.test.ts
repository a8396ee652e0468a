import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ensureKeys, keysOf, readKeys, rotateKeys } from '../../src/domain/signing-keys.ts';
import { HandClock } from '../helpers/hand-clock.ts';

const domain = 'lists.example.org';
const at = Date.UTC(2026, 0, 15);

async function keysDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-keys-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('keys are made once, named after the day, and a rotation never uses a name again', async (t) => {
  const directory = await keysDirectory(t);
  const names = async (): Promise<string> => {
    const { current, spare, problems } = await readKeys(directory, domain);
    assert.deepEqual(problems, []);
    return [...current, ...spare].map(({ selector }) => selector).join(' ');
  };
  assert.equal(await names(), '');
  for (let time = 0; time < 2; time++) await ensureKeys(directory, domain, 'ed25519', at);
  assert.equal(await names(), 'ezlm20260115a ezlm20260115b');
  await rotateKeys(directory, domain, 'ed25519', at);
  assert.equal(await names(), 'ezlm20260115b ezlm20260115c');
  await rotateKeys(directory, domain, 'ed25519', at + 86_400_000);
  assert.equal(await names(), 'ezlm20260115c ezlm20260116a');
});

test('with keys of both kinds each is made, kept and rotated on its own', async (t) => {
  const directory = await keysDirectory(t);
  const kinds = async (): Promise<string> => {
    const { current, spare } = await readKeys(directory, domain);
    return [current, spare]
      .map((keys) =>
        keys
          .map(({ algorithm }) => algorithm.slice(0, 3))
          .toSorted()
          .join('+'),
      )
      .join(' ');
  };
  await ensureKeys(directory, domain, 'rsa', at);
  assert.equal(await kinds(), 'rsa rsa');
  await ensureKeys(directory, domain, 'ed25519', at);
  assert.equal(await kinds(), 'ed2+rsa ed2+rsa');
  await ensureKeys(directory, domain, 'rsa', at);
  const { current, spare } = await rotateKeys(directory, domain, undefined, at);
  assert.equal(await kinds(), 'ed2+rsa ed2+rsa');
  assert.equal(new Set([...current, ...spare].map(({ selector }) => selector)).size, 4);
  await rotateKeys(directory, domain, 'ed25519', at);
  await rotateKeys(directory, domain, undefined, at);
  assert.equal(await kinds(), 'ed2 ed2');
});

test('without a spare key nothing is rotated', async (t) => {
  const directory = await keysDirectory(t);
  assert.deepEqual(await rotateKeys(directory, domain, 'rsa', at), { current: [], spare: [], problems: [] });
  await ensureKeys(directory, domain, 'ed25519', at);
  await rm(join(directory, domain, 'spare'), { recursive: true });
  const { current, spare } = await rotateKeys(directory, domain, undefined, at);
  assert.deepEqual([current.length, spare.length], [1, 0]);
});

test('a file that is no key is named, the others sign; what changes on disk holds some seconds later', async (t) => {
  const directory = await keysDirectory(t);
  const clock = new HandClock();
  const problems: string[] = [];
  const keys = keysOf(directory, clock, (problem) => problems.push(problem));
  assert.deepEqual(await keys(domain), []);
  await ensureKeys(directory, domain, 'ed25519', at);
  await writeFile(join(directory, domain, 'broken.pem'), 'nothing');
  assert.deepEqual(await keys(domain), []);
  clock.move(10_000);
  assert.deepEqual(
    (await keys(domain)).map(({ selector }) => selector),
    ['ezlm20260115a'],
  );
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /broken\.pem: /);
});
