import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const quiet = { stdio: 'ignore' } as const;

/** Why no file system can be mounted here, or false: asked by trying. */
export function mountIsAbsent(): string | false {
  if (process.getuid?.() !== 0) return 'not root: no file system can be mounted';
  const directory = mkdtempSync(join(tmpdir(), 'ezlm-mount-'));
  try {
    mountSmallDisk(directory);
    unmount(directory);
    return false;
  } catch {
    return 'mounting a file system is not allowed here';
  } finally {
    rmdirSync(directory);
  }
}

/** Mounts a disk of 4 MiB on a directory. */
export function mountSmallDisk(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory], quiet);
}

/** Ends a mount; one that is still in use goes when it is no longer. */
export function unmount(directory: string): void {
  execFileSync('umount', ['--lazy', directory], quiet);
}

/** Runs something while a directory cannot be written, not even by root. */
export async function withReadOnly(directory: string, run: () => Promise<void>): Promise<void> {
  execFileSync('mount', ['--bind', directory, directory], quiet);
  try {
    execFileSync('mount', ['-o', 'remount,bind,ro', directory], quiet);
    await run();
  } finally {
    unmount(directory);
  }
}
