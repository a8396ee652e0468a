import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux's USER_HZ: the unit of times in /proc, 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of user and system time, its own and of children it has waited for. */
  readonly cpu: number;
  /** Of children it has waited for alone. */
  readonly childrenCpu: number;
}

function timesOf(pid: number | 'self'): ProcessTimes | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold spaces: proc(5).
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const childrenCpu = (fields[13]! + fields[14]!) / ticksPerSecond;
    const cpu = (fields[11]! + fields[12]!) / ticksPerSecond + childrenCpu;
    return { pid: Number(text.split(' ', 1)[0]), parent: fields[1]!, cpu, childrenCpu };
  } catch {
    return undefined;
  }
}

function tree(root: number): ProcessTimes[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => timesOf(Number(name)) ?? []);
  const inTree = new Set([root]);
  // A child may have a lower number than its parent after the numbers wrapped: look until nothing is added.
  for (let size = 0; size !== inTree.size;) {
    size = inTree.size;
    for (const one of all) if (inTree.has(one.parent)) inTree.add(one.pid);
  }
  return all.filter((one) => inTree.has(one.pid));
}

/** CPU seconds, user and system, of a process and all its descendants up to now. */
export function cpuSeconds(root: number): number {
  return tree(root).reduce((sum, one) => sum + one.cpu, 0);
}

/** CPU seconds of children of this process that have ended. */
export function endedChildrenCpu(): number {
  return timesOf('self')?.childrenCpu ?? 0;
}

/** MiB resident now, of a process and its descendants; pages that they share are counted once (PSS). */
export function residentMiB(root: number): number {
  return tree(root).reduce((sum, one) => sum + proportionalKiB(one.pid), 0) / 1_024;
}

function proportionalKiB(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** MiB that one process has resident now, and the most it ever had; what it shares with others is counted too. Costs the process nothing. */
export function memoryMiB(pid: number): { readonly now: number; readonly most: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1_024;
  return { now: of('VmRSS'), most: of('VmHWM') };
}

/** How many descriptors a process has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Looks at a tree's memory every 200 ms until told to stop; gives the most it saw, in MiB. */
export function watchMemory(root: number): () => Promise<number> {
  const stop = new AbortController();
  let most = 0;
  const watching = (async () => {
    while (!stop.signal.aborted) {
      most = Math.max(most, residentMiB(root));
      await sleep(200, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    return most;
  };
}
