import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { manPages } from '../../src/cli/man.ts';

const folder = new URL('../../man/', import.meta.url);

test('the manual pages in man/ are those that "npm run man" makes', () => {
  const pages = manPages();
  assert.deepEqual(readdirSync(folder).toSorted(), Object.keys(pages).toSorted());
  for (const [name, text] of Object.entries(pages)) {
    assert.equal(readFileSync(new URL(name, folder), 'utf8'), text, `${name}: run "npm run man"`);
  }
});

test('groff reads the manual pages without a warning', (t) => {
  for (const [name, text] of Object.entries(manPages())) {
    const { error, status, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: text, encoding: 'utf8' });
    if (error) return t.skip('groff is not installed');
    assert.equal(`${status} ${stderr}`, '0 ', name);
  }
});
