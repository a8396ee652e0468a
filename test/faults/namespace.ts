import { spawnSync } from 'node:child_process';
import { mountIsAbsent } from '../helpers/mounts.ts';

/**
 * Runs this program again in a user namespace of its own, where who is not root may mount a small disk. Gives its exit code; undefined when
 * that is not needed, or not allowed here.
 */
export function rerunWithMounts(): number | undefined {
  if (mountIsAbsent() === false || spawnSync('unshare', ['-rm', 'true']).status !== 0) return undefined;
  const words = ['-rm', process.execPath, ...process.execArgv, ...process.argv.slice(1), '--inside'];
  return spawnSync('unshare', words, { stdio: 'inherit' }).status ?? 1;
}
