import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isComplaint } from '../src/cli/door.ts';
import { parseCommandLine } from '../src/cli/parse.ts';
import { serverSettingRows } from '../src/config.ts';
import { temporaryDirectory } from './helpers/temporary.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const unit = readFileSync(join(root, 'ezlm.service'), 'utf8');

/** All values that the unit gives to a name. */
function values(name: string): string[] {
  return unit.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));
}

function value(name: string): string {
  const all = values(name);
  assert.equal(all.length, 1, name);
  return all[0]!;
}

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

test(
  'systemd takes the unit without a word',
  { skip: hasAnalyze ? false : 'systemd-analyze is not installed' },
  async (t) => {
    const path = join(await temporaryDirectory(t), 'ezlm.service');
    // The program must be there to be looked at; its place on a server is the reader's.
    writeFileSync(path, unit.replace('/opt/ezlm/bin/ezlm', join(root, 'bin/ezlm')));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    // It looks at every unit of the machine that ours wants, too.
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('ezlm'));
    assert.deepEqual(ours, []);
    assert.equal(status, 0, stderr);
  },
);

test('what the unit starts is a verb with options that it has, on the home that systemd makes', () => {
  const [program, ...words] = value('ExecStart').split(' ');
  assert.match(program!, /^\/.*\/bin\/ezlm$/);
  const parsed = parseCommandLine(words, '1.2.3');
  assert.ok(!isComplaint(parsed) && parsed.kind === 'run');
  assert.equal(parsed.verb.name, 'serve');
  assert.equal(parsed.given.get('home'), `/var/lib/${value('StateDirectory')}`);
  assert.equal(value('WorkingDirectory'), parsed.given.get('home'));
});

test('the daemon has the time to stop that its settings promise, and hears SIGHUP', () => {
  const stop = serverSettingRows.find(({ name }) => name === 'stopSeconds')!;
  assert.ok(Number(value('TimeoutStopSec')) >= Number(stop.initial) + 10);
  assert.match(value('ExecReload'), / -HUP \$MAINPID$/);
  assert.equal(value('KillMode'), 'mixed');
});

test('the unit gives no privilege but low ports, and denies nothing that V8 needs', () => {
  assert.equal(value('AmbientCapabilities'), 'CAP_NET_BIND_SERVICE');
  assert.equal(value('CapabilityBoundingSet'), 'CAP_NET_BIND_SERVICE');
  assert.notEqual(value('User'), 'root');
  for (const name of ['NoNewPrivileges', 'PrivateTmp', 'PrivateDevices', 'ProtectHome', 'RestrictNamespaces'])
    assert.equal(value(name), 'yes');
  assert.equal(value('ProtectSystem'), 'strict');
  assert.deepEqual(values('MemoryDenyWriteExecute'), []);
  assert.deepEqual(values('PrivateUsers'), []);
});
