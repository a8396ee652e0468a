import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { serverVerbs } from '../src/cli/server-verbs.ts';
import { type ServerSettings, serverSettingRows } from '../src/config.ts';
import { initialSettings } from '../src/home.ts';
import type { SettingRow } from '../src/lib/settings.ts';
import { LiveSettings } from '../src/reload.ts';

const first = initialSettings({ domains: ['a.example'], smtp: ['127.0.0.1:25'] });

test('live settings are taken over in the object that everybody has; the others wait for a restart', () => {
  const live = new LiveSettings(first);
  const held = live.values;
  const next: ServerSettings = {
    ...first,
    domains: ['a.example', 'b.example'],
    smtp: ['127.0.0.1:26'],
    outcomeDays: 30,
  };
  assert.deepEqual(live.replace(next), { live: ['domains', 'outcomeDays'], later: ['smtp'] });
  assert.deepEqual(held.domains, ['a.example', 'b.example']);
  assert.equal(held.outcomeDays, 30);
  assert.deepEqual(held.smtp, ['127.0.0.1:25']);
  // What waits is named each time.
  assert.deepEqual(live.replace(next), { live: [], later: ['smtp'] });
  assert.deepEqual(live.replace(first), { live: ['domains', 'outcomeDays'], later: [] });
});

test('the settings that were given are not changed', () => {
  new LiveSettings(first).replace({ ...first, domains: ['c.example'] });
  assert.deepEqual(first.domains, ['a.example']);
});

test('what opens a port or makes a home is never taken over under way', () => {
  const live = new Set(
    (serverSettingRows as readonly SettingRow[]).filter((row) => row.isLive).map(({ name }) => name),
  );
  for (const name of ['smtp', 'lmtp', 'metrics', 'sandbox', 'hostname']) assert.equal(live.has(name), false, name);
});

test('help and README name just those settings that need a restart', async () => {
  const later = (serverSettingRows as readonly SettingRow[]).filter((row) => !row.isLive).map(({ name }) => name);
  const { more } = serverVerbs.find(({ name }) => name === 'serve')!;
  const inHelp = /a change of (.*) needs a restart/.exec(more.join(' '))?.[1];
  assert.deepEqual(new Set(inHelp?.split(/, | or /)), new Set(later));
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const inReadme = /the settings \(but ([^)]*), which need a restart\)/.exec(readme)?.[1]?.match(/(?<=`)\w+(?=`)/g);
  // Nobody turns a sandbox into a server.
  assert.deepEqual(new Set([...(inReadme ?? []), 'sandbox']), new Set(later));
});
