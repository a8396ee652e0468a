import assert from 'node:assert/strict';
import test from 'node:test';
import { isComplaint } from '../../src/cli/door.ts';
import { parseCommandLine } from '../../src/cli/parse.ts';
import { verbs } from '../../src/cli/table.ts';

function parse(...words: string[]) {
  return parseCommandLine(words, '1.2.3');
}

test('wrong words are complaints with exit code 64 that say what to do next', () => {
  const table: [line: string, what: RegExp][] = [
    ['', /a verb is missing/],
    ['lst', /no verb "lst"/],
    ['subscribe a@b', /no verb "subscribe"/],
    ['constructor', /no verb "constructor"/],
    ['list', /LIST is missing/],
    ['issub a@b', /ADDRESS is missing/],
    ['list a@b --foo', /"foo" is not known/],
    ['list a@b digest more', /"more" is not known/],
    ['list a@b digst', /ROLE must be one of digest, allow, deny, mod, not "digst"/],
    ['queue lst', /ACTION must be one of/],
    ['queue --state broken', /--state must be one of ready, claimed, held/],
    ['completion csh', /SHELL must be one of bash, zsh, fish/],
    ['list a@b --dry-run', /"dry-run" is not known/],
    ['--foo', /"foo" is not known/],
    ['log a@b -- more', /nothing may follow/],
  ];
  for (const [line, what] of table) {
    const parsed = parse(...line.split(' ').filter((word) => word !== ''));
    assert.ok(isComplaint(parsed), line);
    assert.equal(parsed.code, 64, line);
    assert.match(parsed.what, what, line);
    assert.match(parsed.next, /ezlm/, line);
  }
});

test('arguments stay the texts that were typed', () => {
  const parsed = parse('sub', '0123', '0x10', '1e3', '--dry-run', '--', '-x@example.net');
  assert.ok(!isComplaint(parsed) && parsed.kind === 'run');
  assert.deepEqual(parsed.given.get('addresses'), ['0x10', '1e3', '-x@example.net']);
  assert.equal(parsed.given.get('list'), '0123');
  assert.equal(parsed.given.get('dry-run'), true);
});

test("ezmlm-make's letters are gathered wherever they stand", () => {
  const parsed = parse('make', '-+', 'news@lists.example.org', '-aBf', 'title=x');
  assert.ok(!isComplaint(parsed) && parsed.kind === 'run');
  assert.equal(parsed.given.get('letters'), '+aBf');
  assert.deepEqual(parsed.given.get('settings'), ['title=x']);
});

test('--home may stand before the verb', () => {
  const parsed = parse('--home', '/var/lib/ezlm', 'list', 'a@b', '-n');
  assert.ok(!isComplaint(parsed) && parsed.kind === 'run');
  assert.equal(parsed.verb.name, 'list');
  assert.equal(parsed.given.get('home'), '/var/lib/ezlm');
  assert.equal(parsed.given.get('number'), true);
});

test('the help of every verb shows its usage and an example', () => {
  for (const verb of verbs) {
    const parsed = parse(verb.name, '--help');
    assert.ok(!isComplaint(parsed) && parsed.kind === 'help', verb.name);
    assert.match(parsed.text, /Examples:/, verb.name);
    assert.ok(parsed.text.startsWith(`ezlm ${verb.name}`), verb.name);
    assert.equal(parsed.text.includes('--dry-run'), verb.changes, verb.name);
  }
});

test('--help names every verb, --version the version', () => {
  const help = parse('--help');
  assert.ok(!isComplaint(help) && help.kind === 'help');
  for (const verb of verbs) assert.ok(help.text.includes(`ezlm ${verb.name}`), verb.name);
  assert.deepEqual(parse('--version'), { kind: 'help', text: '1.2.3\n' });
});

test('the examples are command lines that are understood', () => {
  for (const verb of verbs) {
    for (const { line } of verb.examples) {
      const words = line.split(/ (?:<|\||&&) /)[0]!.split(' ');
      if (words[0] !== 'ezlm') continue;
      const parsed = parse(...words.slice(1).map((word) => word.replaceAll(/['"]/g, '')));
      assert.ok(!isComplaint(parsed), line);
    }
  }
});
