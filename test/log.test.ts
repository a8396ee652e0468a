import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { events } from '../src/log.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const table = join(root, 'src', 'log.ts');

const texts = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => path.endsWith('.ts') && path !== table)
  .map((path) => readFileSync(path, 'utf8'));

/** The events named in calls of a log: `log('a.b', …`, `this.#parts.log(isX ? 'a.b' : 'c.d', …`. */
function logged(): Set<string> {
  const calls = texts.flatMap((text) =>
    [...text.matchAll(/\blog(?:\?\.)?\(([^{;]{0,200})/g)].map((match) => match[1]!),
  );
  return new Set(calls.flatMap((call) => [...call.matchAll(/'([a-z]+\.[a-zA-Z]+)'/g)].map((match) => match[1]!)));
}

test('every event that is logged anywhere is a row of the table, and every row is logged somewhere', () => {
  assert.deepEqual([...logged()].toSorted(), Object.keys(events).toSorted());
});

test('every event is in the manual with its level and its meaning', () => {
  const page = readFileSync(join(root, 'man', 'ezlm-log.7'), 'utf8')
    .replaceAll('\\', '')
    .replaceAll(/\s+/g, ' ');
  const missing = Object.entries(events).filter(
    ([name, { level, meaning }]) => !page.includes(`.B ${name} (${level}) ${meaning.replaceAll('\\', '')}`),
  );
  assert.deepEqual(missing, []);
});

test('the name of an event is a thing and what happened to it, and its meaning one line without a full stop', () => {
  for (const [name, { meaning }] of Object.entries(events)) {
    assert.match(name, /^[a-z]+\.[a-z]+[A-Za-z]*$/);
    assert.match(meaning, /^[^\n]+[^.\n]$/, name);
  }
});
