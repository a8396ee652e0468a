import assert from 'node:assert/strict';
import test from 'node:test';
import { checkSetting } from '../../src/lib/settings.ts';
import { letterRows, readLetters } from '../../src/list/letters.ts';
import { listSettingRows } from '../../src/list/settings.ts';

test('letters become settings, or are kept', () => {
  const table: [text: string, kept: string, settings: Record<string, unknown>][] = [
    ['', '', { letters: '' }],
    ['a', '', { archived: true, letters: '' }],
    ['A', '', { archived: false, letters: '' }],
    ['f', '', { prefix: '[news]', letters: '' }],
    ['F', '', { prefix: '', letters: '' }],
    ['h', '', { subscribeConfirm: false, letters: '' }],
    ['J', '', { unsubscribeConfirm: true, letters: '' }],
    ['p', '', { public: true, letters: '' }],
    ['P', '', { public: false, letters: '' }],
    ['t', '', { trailer: true, letters: '' }],
    ['u', '', { posting: 'subscribers', letters: '' }],
    ['U', '', { posting: 'everybody', letters: '' }],
    ['uU', '', { posting: 'everybody', letters: '' }],
    ['k', '', { letters: '' }],
    ['dm', '', { letters: 'dm' }],
    ['md', 's', { letters: 'dms' }],
    ['D', 'dm', { letters: 'm' }],
    ['dD', '', { letters: '' }],
    ['', 'dm', { letters: 'dm' }],
    ['aUfd', '', { archived: true, posting: 'everybody', prefix: '[news]', letters: 'd' }],
  ];
  for (const [text, kept, settings] of table) {
    const read = readLetters(text, 'news', kept);
    assert.ok('settings' in read, text);
    assert.deepEqual(read.settings, settings, `${text} after ${kept}`);
    assert.equal(read.notActive.map((row) => row.letter).join(''), settings['letters']);
  }
});

test('what is no letter of ezmlm-make is given back', () => {
  for (const text of ['1', 'aü', 'a ', 'C', '-']) {
    assert.deepEqual(readLetters(text, 'news', ''), { unknown: text.at(-1) }, text);
  }
});

test('every letter stands in the table once, and sets only what a list can have', () => {
  assert.equal(new Set(letterRows.map((row) => row.letter)).size, letterRows.length);
  for (const row of letterRows) {
    assert.equal(row.on === undefined, row.off === undefined, row.letter);
    for (const [name, value] of Object.entries({ ...row.on, ...row.off })) {
      const setting = listSettingRows.find((one) => one.name === name);
      assert.ok(setting && checkSetting(setting, value) === undefined, `${row.letter}: ${name}`);
    }
  }
});
