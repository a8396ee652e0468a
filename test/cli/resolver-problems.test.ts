import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolverProblems } from '../../src/cli/resolver-problems.ts';
import { startNameServer } from '../helpers/name-server.ts';
import { ezlm, homeWithList } from './test-door.ts';

async function textsOf(place: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of resolverProblems('ezlm.json', place)) texts.push(text);
  return texts;
}

test('a name server that checks what it answers has no problem, nor has none', async (t) => {
  const { place } = await startNameServer(t, { 'org MX': { isSigned: true } });
  assert.deepEqual(await textsOf(place), []);
  assert.deepEqual(await textsOf(''), []);
});

test('one that checks nothing, or answers with trouble, is told with what to do', async (t) => {
  const careless = await startNameServer(t, { 'org MX': {} });
  assert.match(
    (await textsOf(careless.place)).join(),
    /does not check DNSSEC .* no proof for org.* switch that on there/,
  );
  const ill = await startNameServer(t, { 'org MX': { rcode: 2 } });
  assert.match(
    (await textsOf(ill.place)).join(),
    /does not answer \(the name server answered 2\).* start the name server/,
  );
});

test('"ezlm check" looks at it', async (t) => {
  const home = await homeWithList(t);
  const { place } = await startNameServer(t, { 'org MX': {} });
  const file = join(home, 'ezlm.json');
  await writeFile(file, JSON.stringify({ domains: ['lists.example.org'], dnssecResolver: place }));
  const { code, output } = await ezlm(home, ['check']);
  assert.equal(code, 78);
  assert.match(output, new RegExp(`^${file}: dnssecResolver: ${place} does not check DNSSEC`, 'm'));
});
