import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { completionScript, type Shell } from '../../src/cli/completion.ts';
import { optionsOf, verbs } from '../../src/cli/table.ts';

const shells: readonly [shell: Shell, check: readonly string[]][] = [
  ['bash', ['-n']],
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
];

for (const [shell, check] of shells) {
  test(`the ${shell} script is one that ${shell} reads`, (t) => {
    const { error, status, stderr } = spawnSync(shell, check, { input: completionScript(shell), encoding: 'utf8' });
    if (error) return t.skip(`${shell} is not installed`);
    assert.equal(status, 0, stderr);
  });

  test(`the ${shell} script knows every verb and option`, () => {
    const script = completionScript(shell);
    for (const verb of verbs) {
      assert.ok(script.includes(verb.name), verb.name);
      for (const { name } of optionsOf(verb)) assert.ok(script.includes(name), `${verb.name} --${name}`);
    }
  });
}

test('bash completes verbs, options and words', (t) => {
  const completed = (line: string): string[] => {
    const words = line.split(' ');
    const ask = `${completionScript('bash')}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _ezlm; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { error, stdout } = spawnSync('bash', ['--norc'], { input: ask, encoding: 'utf8' });
    if (error) t.skip('bash is not installed');
    return stdout.trim().split('\n');
  };
  assert.deepEqual(completed('ezlm uns'), ['unsub']);
  assert.deepEqual(completed('ezlm --home /x queue re'), ['release', 'retry']);
  assert.deepEqual(completed('ezlm sub --sk'), ['--skip-bad']);
});
