import assert from 'node:assert/strict';
import test from 'node:test';
import { linesOf, parseMember } from '../../src/cli/input.ts';
import { readSettingWords } from '../../src/cli/setting-words.ts';
import { listSettingRows } from '../../src/list/settings.ts';

test('lines are numbered as in the file, empty ones and line ends left out', () => {
  assert.deepEqual(
    [...linesOf(Buffer.from('a\r\n\n  b  \n\nc'))],
    [
      { number: 1, text: 'a' },
      { number: 3, text: 'b' },
      { number: 5, text: 'c' },
    ],
  );
  assert.deepEqual([...linesOf(Buffer.from(''))], []);
  assert.deepEqual([...linesOf(Buffer.from('\n\n'))], []);
});

test('only allow and deny take a whole domain', () => {
  assert.equal(parseMember('deny', '@Spam.Example')?.canonical, '@spam.example');
  assert.equal(parseMember('allow', '@münchen.example')?.domain, 'xn--mnchen-3ya.example');
  assert.equal(parseMember('subscriber', '@spam.example'), undefined);
  assert.equal(parseMember('mod', '@spam.example'), undefined);
  assert.equal(parseMember('deny', '@'), undefined);
  assert.equal(parseMember('deny', '@a b'), undefined);
});

test('setting words are read by the type of their setting', () => {
  assert.deepEqual(
    {
      ...readSettingWords(listSettingRows, [
        'title=a=b',
        'trailer=yes',
        'bytesMost=5000',
        'headersRemoved=x-a, x-b',
        'prefix=',
      ]),
    },
    { title: 'a=b', trailer: true, bytesMost: 5000, headersRemoved: ['x-a', 'x-b'], prefix: '' },
  );
});
