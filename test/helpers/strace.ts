import { execFileSync } from 'node:child_process';

/** What strace does with some system calls of a process. */
export interface Injection {
  /** Names of system calls, separated by commas. */
  readonly calls: string;
  /** `error=EIO:when=3`, `delay_exit=10000` (microseconds), `signal=KILL:when=2`. Never `retval=`: that would invent corruption. */
  readonly effect: string;
  /** Only calls on these files; empty: on all. */
  readonly paths: readonly string[];
}

/**
 * Calls that a thread makes as it begins. strace 6.1 stops a new thread at each of its calls, whatever it was asked to trace, until the first
 * one that it was: a thread that never syncs a file made a tenth of its calls a second (measured).
 */
const threadBegins = 'rseq,set_robust_list';

let absence: string | false | undefined;

/** Why nothing can be traced here, or false: asked by trying. */
export function straceIsAbsent(): string | false {
  absence ??= tried();
  return absence;
}

/**
 * The words that start a program under strace: put them in front of its own. The program is the child of who starts it, and strace ends
 * with it. Calls are written to `log`.
 */
export function underStrace(log: string, { calls, effect, paths }: Injection): string[] {
  const words = straceWords(log, `${calls},${threadBegins}`, paths);
  return ['strace', '-D', '-f', '--seccomp-bpf', ...words, '-e', `inject=${calls}:${effect}`];
}

/** The words that put strace on a program that runs; it goes on unharmed when strace is told to end. */
export function besideStrace(pid: number, log: string, { calls, effect, paths }: Injection): string[] {
  const words = straceWords(log, calls, paths);
  return ['strace', '-f', '-p', String(pid), ...words, '-e', `inject=${calls}:${effect}`];
}

/** The words that start a program under strace to record calls whole: time, names of descriptors, all octets in hexadecimal. */
export function recordedByStrace(log: string, calls: string): string[] {
  return ['strace', '-D', '-f', '--seccomp-bpf', ...recording(log, calls)];
}

/** The words that put strace on a program that runs, to record its calls whole. */
export function besideRecording(pid: number, log: string, calls: string): string[] {
  return ['strace', '-f', '-p', String(pid), ...recording(log, calls)];
}

function recording(log: string, calls: string): string[] {
  return ['-ttt', '-yy', '-xx', '-s', '2000000', '-o', log, '-e', `trace=${calls}`];
}

function straceWords(log: string, calls: string, paths: readonly string[]): string[] {
  return ['-y', '-s', '0', '-o', log, '-e', `trace=${calls}`, ...paths.flatMap((path) => ['-P', path])];
}

function tried(): string | false {
  try {
    execFileSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', '-e', 'inject=sync:error=EIO', 'true'], {
      stdio: 'ignore',
    });
    return false;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? 'strace is not installed' : 'strace may not trace here (ptrace is forbidden)';
  }
}
