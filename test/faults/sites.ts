import { relative } from 'node:path';
import type { Injection } from '../helpers/strace.ts';
import { type Call } from './trace.ts';

/** `starting`: from its start to the end of its first messages; `running`: when it has worked before; `stopping`: while it ends. */
export type When = 'starting' | 'running' | 'stopping';

/** A place where a call of the daemon on its home can fail, and how it is made to. */
export interface Site extends Injection {
  readonly when: When;
  /** What it is, for the reader. */
  readonly text: string;
}

/** How each call can fail. A signal kills the daemon at that call. */
const errors: Readonly<Record<string, readonly string[]>> = {
  openat: ['error=EMFILE', 'error=EIO', 'error=ENOSPC'],
  pread64: ['error=EIO'],
  pwrite64: ['error=ENOSPC', 'error=EIO', 'signal=KILL'],
  pwritev: ['error=ENOSPC', 'error=EIO', 'signal=KILL'],
  fsync: ['error=EIO', 'error=ENOSPC', 'signal=KILL'],
  fdatasync: ['error=EIO', 'error=ENOSPC', 'signal=KILL'],
  ftruncate: ['error=EIO', 'error=ENOSPC'],
  rename: ['error=EIO', 'error=ENOSPC', 'signal=KILL'],
  unlink: ['error=EIO', 'signal=KILL'],
  mkdir: ['error=ENOSPC', 'error=EIO'],
};

/** The calls that sites are made of. */
export const siteCalls = Object.keys(errors).join(',');

interface Group {
  readonly call: string;
  /** Relative to the home; a name that is another each time is `queue/body/*`. */
  readonly file: string;
  /** How often a thread makes the call; strace counts for each thread. */
  readonly count: number;
}

/** Every call site that a recorded daemon used in its home, each with its ways to fail, at its first, middle and last time, and for good. */
export function sitesOf(calls: readonly Call[], home: string, when: When): Site[] {
  return groups(calls, home, when)
    .filter(({ file }) => when !== 'starting' || !isOfOneTime(file))
    .flatMap((group) =>
      errors[group.call]!.flatMap((effect) =>
        times(group.count, effect).map((time) => siteOf(group, effect, time, home, when)),
      ),
    );
}

// Before its own files are loaded a daemon reads and writes all kinds of files: there a call can only be told by its name.
function isOfOneTime(file: string): boolean {
  return file.endsWith('*');
}

function siteOf({ call, file }: Group, effect: string, time: string, home: string, when: When): Site {
  return {
    when,
    calls: call,
    effect: `${effect}:when=${time}`,
    // Names that are another each time cannot be given to strace: the call is watched wherever it happens.
    paths: isOfOneTime(file) ? [] : [`${home}/${file}`],
    text: `${when}: ${call} of ${file}: ${effect} at ${time}`,
  };
}

function times(count: number, effect: string): string[] {
  const single = [...new Set([1, Math.ceil(count / 2), count])].map(String);
  return effect.startsWith('signal') ? single : [...single, '1+'];
}

function groups(calls: readonly Call[], home: string, when: When): Group[] {
  const counts = new Map<string, Map<number, number>>();
  for (const call of calls) {
    const file = fileOf(call, home, when);
    if (file === undefined || !(call.name in errors)) continue;
    const key = `${call.name} ${file}`;
    const byThread = counts.get(key) ?? new Map<number, number>();
    byThread.set(call.pid, (byThread.get(call.pid) ?? 0) + 1);
    counts.set(key, byThread);
  }
  return [...counts].map(([key, byThread]) => {
    const [call, file] = key.split(' ') as [string, string];
    return { call, file, count: Math.max(...byThread.values()) };
  });
}

/** The file of the home that a call is about, names of one time replaced; undefined when it is about none. */
function fileOf(call: Call, home: string, when: When): string | undefined {
  const path = call.on.startsWith('/') && !/^(?:openat|unlinkat|mkdirat)/.test(call.name) ? call.on : lastPath(call);
  if (!path.startsWith(`${home}/`)) return undefined;
  const file = relative(home, path).replace(/^(queue\/body|.*\/archive\/\d+)\/.+$/, '$1/*');
  // A home that lives through many runs comes to the next hundred.
  return when === 'starting' ? file : file.replace(/\/archive\/\d+(?:\/\*)?$/, '/archive/*');
}

function lastPath(call: Call): string {
  return call.strings.at(-1)?.toString() ?? '';
}
