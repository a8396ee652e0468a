import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 10_000;

/** Puts strace on a program that runs, as `besideStrace` or `besideRecording` say; resolves when its calls are watched, with what ends that. */
export async function attach([first, ...words]: readonly string[]): Promise<() => Promise<void>> {
  const child = spawn(first!, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  // strace says "Process … attached" once all threads are stopped and let go again.
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const late = Date.now() + patienceMs;
  while (!/attached/.test(said)) {
    if (child.exitCode !== null || Date.now() > late) throw new Error(`strace did not attach: ${said}`);
    await sleep(2);
  }
  return async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
}

/** Whether a call was made to fail, or the signal was sent. */
export function isHit(log: string): boolean {
  return existsSync(log) && /\(INJECTED|\+\+\+ killed by SIGKILL/.test(readFileSync(log, 'latin1'));
}

/** Calls that were made to fail though they have nothing to do with what lies below a directory. */
export function strayHits(log: string, directory: string): string[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'latin1').split('\n');
  return lines.filter((line) => line.includes('(INJECTED') && !line.includes('resumed>') && !line.includes(directory));
}

/** Waits until strace has written the end of the program: its log is whole then. */
export async function wholeLog(log: string, pid: number): Promise<void> {
  const end = new RegExp(`^${pid} .*\\+\\+\\+ (?:exited|killed)`, 'm');
  for (const late = Date.now() + patienceMs; Date.now() < late; await sleep(5)) {
    if (end.test(await tail(log))) return;
  }
  throw new Error('strace has not written the end of the daemon');
}

async function tail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4_096), 0, 4_096, Math.max(0, size - 4_096));
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
